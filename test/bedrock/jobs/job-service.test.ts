import {describe, expect, it} from 'vitest';
import {callError} from '../../../source/bedrock/jobs/job-service.ts';

/** What S3 and the API of the jobs answer, as an error of the SDK. */
const errorOf = (name: string, status: number, message: string, headers = {}): Error =>
	Object.assign(new Error(message), {
		name,
		$metadata: {httpStatusCode: status},
		$response: {statusCode: status, headers},
	});

const clients = {secrets: () => ['wJalrXUtnFEMI'], endpoint: null};

const hintOf = (error: unknown, action: string): string | undefined =>
	callError(error, clients, {what: 'It failed', action}).hint;

const put = 's3:PutObject';
const create = 'bedrock:CreateModelInvocationJob';
const get = 'bedrock:GetModelInvocationJob';
const stop = 'bedrock:StopModelInvocationJob';
const list = 'bedrock:ListModelInvocationJobs';

describe('callError', () => {
	const cases: ReadonlyArray<readonly [string, Error, string, RegExp]> = [
		[
			'S3 that is written to too fast',
			errorOf('SlowDown', 503, 'Please reduce your request rate.'),
			put,
			/^S3 asks to slow down: repeat the command later; it continues where it stopped\.$/,
		],
		[
			'S3 that is away',
			errorOf('ServiceUnavailable', 503, 'Service is unable to handle request.'),
			put,
			/^S3 does not answer as it should just now: repeat the command later; it continues/,
		],
		[
			'a throttled look at a job',
			errorOf('ThrottlingException', 429, 'Rate exceeded'),
			get,
			/^The API of the jobs is asked too often: repeat the command later; it continues where it stopped\.$/,
		],
		[
			'a throttled list, which goes on nowhere',
			errorOf('ThrottlingException', 429, 'Rate exceeded'),
			list,
			/^The API of the jobs is asked too often: repeat the command later\.$/,
		],
		[
			'a role that cannot be assumed',
			errorOf('ValidationException', 400, 'Could not assume provided IAM role.'),
			create,
			/^Check the trust policy of --role-arn: .* bedrock\.amazonaws\.com /,
		],
		[
			'a caller that has a role, and lacks a permission',
			errorOf(
				'AccessDeniedException',
				403,
				'User: arn:aws:sts::1:assumed-role/dev/me is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/b',
			),
			create,
			/^Allow iam:PassRole on arn:aws:iam::1:role\/b to the caller\.$/,
		],
		[
			'a name in use',
			errorOf('ConflictException', 409, 'A job of this name exists.'),
			create,
			/^The name of the job is in use: "bedrock-top batch --list"/,
		],
		[
			'a job that is over',
			errorOf('ConflictException', 409, 'The job is in the state Completed.'),
			stop,
			/^Look at its state with "bedrock-top batch --list"\.$/,
		],
		[
			'a bucket elsewhere, which the signature shows',
			errorOf(
				'AuthorizationHeaderMalformed',
				400,
				"The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
			),
			put,
			/^The bucket is in another Region: use --region eu-west-1, or /,
		],
		[
			'a bucket elsewhere, by its header',
			errorOf('PermanentRedirect', 301, 'Use the specified endpoint.', {'x-amz-bucket-region': 'eu-north-1'}),
			put,
			/use --region eu-north-1, or /,
		],
		[
			'a bucket elsewhere, no one says where',
			errorOf('PermanentRedirect', 301, 'Use the specified endpoint.'),
			put,
			/use --region with that one, or /,
		],
		[
			'a job that is not known',
			errorOf('ResourceNotFoundException', 404, 'The job could not be found.'),
			get,
			/^Check the ARN of the job, and --region and --profile: /,
		],
		[
			'an ARN that is none',
			errorOf('ValidationException', 400, "Value 'x' at 'jobIdentifier' failed to satisfy constraint"),
			stop,
			/^Check the ARN of the job, and --region and --profile: /,
		],
		[
			'a bucket that is not the caller’s',
			errorOf('AccessDenied', 403, 'Access Denied'),
			put,
			/^Allow s3:PutObject on the bucket to the caller\.$/,
		],
		[
			'an output that was removed',
			errorOf('NoSuchKey', 404, 'The specified key does not exist.'),
			's3:GetObject',
			/^It is not there any more: /,
		],
		[
			'credentials that are over',
			errorOf('ExpiredTokenException', 403, 'The security token included in the request is expired'),
			get,
			/^Sign in again/,
		],
	];
	it.each(cases)('%s', (_name, error, action, hint) => {
		expect(hintOf(error, action)).toMatch(hint);
	});

	it.each([
		[put, 'InvalidArgument', 'Part number must be an integer between 1 and 10000.'],
		[create, 'ValidationException', 'Could not validate GetObject permissions to the bucket.'],
	])('%s: what is not valid is said by the service alone', (action, name, message) => {
		const error = callError(errorOf(name, 400, message), clients, {what: 'It failed', action});
		expect(error.message).toBe(`It failed: ${message}`);
		expect(error.hint).toBeUndefined();
	});

	it('never speaks of rates, tokens or methods of inference', () => {
		const hints = cases.map(([, error, action]) => hintOf(error, action)).join('\n');
		expect(hints).not.toMatch(/--max-tokens|--method|concurrency|cross-Region|inference profile|the rate/);
	});

	it('never repeats a secret', () => {
		const message = 'User: a is not authorized to perform: s3:GetObject on resource: wJalrXUtnFEMI';
		expect(hintOf(errorOf('AccessDenied', 403, message), put)).not.toContain('wJalrXUtnFEMI');
	});
});
