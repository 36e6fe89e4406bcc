import {describe, expect, it} from 'vitest';
import {failureOf} from '../../../source/bedrock/failures/failure-of.ts';
import {StreamFault} from '../../../source/bedrock/methods/stream-reader.ts';
import type {FailureClass} from '../../../source/domain/backend.ts';
import {answerWithoutSecrets, secretsOf} from '../../../source/text/secrets.ts';

/** An error as the SDK throws it for an answer. */
const serviceError = (
	name: string,
	message: string,
	status: number,
	headers: Readonly<Record<string, string>> = {},
): Error =>
	Object.defineProperty(
		Object.assign(new Error(message), {name, $metadata: {httpStatusCode: status}}),
		'$response',
		{
			value: {statusCode: status, headers},
			enumerable: false,
		},
	);

const context = {
	model: 'us.anthropic.claude-sonnet-4-6',
	baseModel: 'anthropic.claude-sonnet-4-6',
	action: 'bedrock:InvokeModelWithResponseStream',
	region: 'eu-central-1',
	endpoint: null,
};

type Case = readonly [string, number, string, FailureClass, boolean, RegExp];

/** Exceptions and messages of the service, what they mean, whether trying again helps, and the way out. */
const cases: readonly Case[] = [
	[
		'ThrottlingException',
		429,
		'Too many requests, please wait before trying again.',
		'throttled-requests',
		true,
		/requests per minute/,
	],
	[
		'ThrottlingException',
		429,
		'Your request rate is too high. Reduce the frequency of requests.',
		'throttled-requests',
		true,
		/requests per minute/,
	],
	['ThrottlingException', 429, 'The TPM quota has been exceeded.', 'throttled-tokens', true, /max-tokens/],
	[
		'ThrottlingException',
		429,
		'The RPM quota has been exceeded.',
		'throttled-requests',
		true,
		/requests per minute/,
	],
	['ThrottlingException', 429, 'The TPD quota has been exceeded.', 'throttled-day', false, /next day/],
	['ThrottlingException', 429, 'You reached your monthly token limit.', 'throttled-day', false, /next day/],
	[
		'ThrottlingException',
		429,
		'Too many connections, please wait before trying again.',
		'overloaded',
		true,
		/not your quota/,
	],
	[
		'ThrottlingException',
		429,
		'Bedrock is experiencing high traffic, try again later.',
		'overloaded',
		true,
		/not your quota/,
	],
	['ThrottlingException', 429, 'Rate exceeded', 'throttled-requests', true, /did not say which limit/],
	[
		'ThrottlingException',
		429,
		'Too many tokens, please wait before trying again.',
		'throttled-tokens',
		true,
		/--max-tokens/,
	],
	[
		'ThrottlingException',
		429,
		'Too many tokens per day, please wait before trying again.',
		'throttled-day',
		false,
		/AWS Support/,
	],
	[
		'ThrottlingException',
		429,
		'Model x is currently overloaded. Please try again later.',
		'overloaded',
		true,
		/not your quota/,
	],
	['ModelNotReadyException', 429, 'Model is not ready for inference.', 'overloaded', true, /being loaded/],
	[
		'ServiceUnavailableException',
		503,
		'Too many connections, please wait before trying again.',
		'overloaded',
		true,
		/not your quota/,
	],
	['UnknownError', 529, 'Overloaded', 'overloaded', true, /not your quota/],
	[
		'ModelTimeoutException',
		408,
		'Model has timed out in processing the request.',
		'timeout',
		true,
		/--max-tokens/,
	],
	['ModelErrorException', 424, 'The model failed.', 'model-error', true, /another model/],
	['InternalServerException', 500, 'Internal failure.', 'model-error', true, /another model/],
	[
		'ValidationException',
		400,
		'The provided model identifier is invalid.',
		'validation',
		false,
		/bedrock-top models/,
	],
	[
		'ValidationException',
		400,
		'`temperature` is deprecated for this model.',
		'validation',
		false,
		/parameters/,
	],
	[
		'ValidationException',
		400,
		"This model doesn't support system messages.",
		'validation',
		false,
		/system prompt/,
	],
	['ValidationException', 400, 'Input is too long for requested model.', 'validation', false, /Shorten/],
	[
		'ValidationException',
		400,
		'The maximum tokens you requested exceeds the model limit of 4096.',
		'validation',
		false,
		/--max-tokens/,
	],
	[
		'ServiceQuotaExceededException',
		400,
		'Your request exceeds the service quota.',
		'validation',
		false,
		/quotas/,
	],
	[
		'ValidationException',
		400,
		'Invocation of model ID anthropic.claude-sonnet-4-6 with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.',
		'needs-profile',
		false,
		/eu\.anthropic\.claude-sonnet-4-6 or global\.anthropic\.claude-sonnet-4-6/,
	],
	[
		'ValidationException',
		400,
		"Invocation of model ID x with on-demand throughput isn't supported.",
		'needs-profile',
		false,
		/inference profile/,
	],
	[
		'ValidationException',
		400,
		"The provided model doesn't support on-demand throughput.",
		'needs-profile',
		false,
		/inference profile/,
	],
	[
		'ValidationException',
		400,
		"1 validation error detected: Value 'a b' at 'modelId' failed to satisfy constraint: Member must satisfy regular expression pattern: x",
		'validation',
		false,
		/spelling of us\.anthropic\.claude-sonnet-4-6/,
	],
	[
		'ValidationException',
		400,
		"This model doesn't support the temperature field. Remove temperature and try again.",
		'validation',
		false,
		/"temperature" out of "parameters"/,
	],
	[
		'ValidationException',
		400,
		"This model doesn't support the stopSequences field. Remove stopSequences and try again.",
		'validation',
		false,
		/"stop" out of the variant/,
	],
	[
		'ValidationException',
		400,
		'Malformed input request: #: required key [max_tokens] not found, please reformat your input and try again.',
		'validation',
		false,
		/--method converse/,
	],
	[
		'ValidationException',
		400,
		'Malformed input request: #/max_gen_len: 4096 is not less or equal to 2048, please reformat your input and try again.',
		'validation',
		false,
		/Lower --max-tokens/,
	],
	[
		'ValidationException',
		400,
		"This action doesn't support the model that you provided. Try again with a supported text or chat model.",
		'validation',
		false,
		/another --method/,
	],
	[
		'ValidationException',
		400,
		'Access to Anthropic models is not allowed from unsupported countries, regions, or territories.',
		'validation',
		false,
		/another provider/,
	],
	[
		'ValidationException',
		400,
		'This request has been blocked by our content filters.',
		'validation',
		false,
		/Change the prompt/,
	],
	[
		'AccessDeniedException',
		403,
		'You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information.',
		'validation',
		false,
		/cache: false/,
	],
	[
		'AccessDeniedException',
		403,
		'Model access is denied due to INVALID_PAYMENT_INSTRUMENT:A valid payment instrument must be provided. Your AWS Marketplace subscription for this model cannot be completed at this time.',
		'access-denied',
		false,
		/payment method/,
	],
	[
		'AccessDeniedException',
		403,
		'Your account is not authorized to invoke this API operation.',
		'access-denied',
		false,
		/AWS Support/,
	],
	['ValidationException', 400, 'Reservation not found.', 'validation', false, /--tier/],
	[
		'ValidationException',
		400,
		'messages: text content blocks must be non-empty',
		'validation',
		false,
		/a text of the request is empty/,
	],
	[
		'ValidationException',
		403,
		"You don't have access to the model with the specified model ID.",
		'access-denied',
		false,
		/Bedrock console/,
	],
	['ThrottlingException', 429, 'Too many concurrent requests', 'throttled-requests', true, /--concurrency/],
	['InternalFailure', 501, 'Not emulated.', 'validation', false, /does not offer this call/],
	['', 413, '', 'validation', false, /Shorten the prompt/],
	['', 302, '', 'network', false, /Something else answered/],
	[
		'AccessDeniedException',
		403,
		'User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:eu-central-1::foundation-model/x because no identity-based policy allows it',
		'access-denied',
		false,
		/Allow bedrock:InvokeModel on arn:aws:bedrock:eu-central-1::foundation-model\/x/,
	],
	[
		'AccessDeniedException',
		403,
		'Access denied.',
		'access-denied',
		false,
		/bedrock:InvokeModelWithResponseStream/,
	],
	[
		'AccessDeniedException',
		403,
		'not authorized to perform: bedrock:InvokeModel with an explicit deny in a service control policy',
		'access-denied',
		false,
		/A policy denies bedrock:InvokeModel/,
	],
	[
		'AccessDeniedException',
		403,
		"You don't have access to the model with the specified model ID.",
		'access-denied',
		false,
		/us\.anthropic\.claude-sonnet-4-6 in the Bedrock console/,
	],
	[
		'AccessDeniedException',
		403,
		'Model access is denied due to IAM user or service role is not authorized to perform the required AWS Marketplace actions',
		'access-denied',
		false,
		/aws-marketplace:Subscribe/,
	],
	[
		'AccessDeniedException',
		403,
		'Authentication failed: Please make sure your API Key is valid.',
		'credentials',
		false,
		/AWS_BEARER_TOKEN_BEDROCK/,
	],
	[
		'ResourceNotFoundException',
		404,
		'Model use case details have not been submitted for this account. Fill out the Anthropic use case details form before using the model.',
		'access-denied',
		false,
		/use case form/,
	],
	[
		'ResourceNotFoundException',
		404,
		'Could not resolve the foundation model from the provided model identifier.',
		'not-found',
		false,
		/bedrock-top models/,
	],
	[
		'ResourceNotFoundException',
		404,
		'Access denied. This Model is marked by provider as Legacy and you have not been actively using the model in the last 30 days.',
		'not-found',
		false,
		/newer model/,
	],
	[
		'AccessDeniedException',
		403,
		'This Model is marked by provider as Legacy.',
		'not-found',
		false,
		/newer model/,
	],
	[
		'ExpiredTokenException',
		403,
		'The security token included in the request is expired',
		'credentials',
		false,
		/aws sso login/,
	],
	[
		'InvalidSignatureException',
		403,
		'Signature expired: 20250130T064508Z is now earlier than 20250210T013411Z',
		'credentials',
		false,
		/clock/,
	],
	[
		'UnrecognizedClientException',
		403,
		'The security token included in the request is invalid.',
		'credentials',
		false,
		/--profile/,
	],
	['', 502, '', 'network', true, /network/],
	['', 504, '', 'timeout', true, /--max-tokens/],
	['', 407, '', 'network', false, /HTTPS_PROXY/],
	['SomethingNewException', 418, 'New.', 'validation', false, /message/],
	['SomethingNewException', 555, 'New.', 'model-error', true, /another model/],
];

describe('answers of the service', () => {
	it('promises nothing of a call that was only passed on: neither another try nor another rate', () => {
		for (const [name, status, message, failureClass] of cases) {
			const error = serviceError(name, message, status);
			const {advice, class: found} = failureOf(error, {...context, isPassedOn: true});
			expect(found).toBe(failureClass);
			expect(advice).not.toBe('');
			expect(advice).not.toMatch(/tried again|the rate is|--max-tokens|--share|--concurrency/);
		}
		const cut = failureOf(new StreamFault(undefined), {...context, isPassedOn: true});
		expect(cut.advice).not.toContain('tried again');
	});

	it.each(cases)('%s %i %s', (name, status, message, failureClass, isRetryable, advice) => {
		const failure = failureOf(serviceError(name, message, status), context);
		expect(failure).toMatchObject({class: failureClass, isRetryable});
		expect(failure.advice).toMatch(advice);
		expect(failure.message).not.toBe('');
		expect(failure.charge).toBe(
			['overloaded', 'timeout', 'model-error', 'network'].includes(failureClass) ? 'unknown' : 'none',
		);
	});

	it('the profile to use, where the Region’s profiles are known', () => {
		const message = "Invocation of model ID x with on-demand throughput isn't supported.";
		const refused = (profiles: readonly string[]): string =>
			failureOf(serviceError('ValidationException', message, 400), {...context, profiles}).advice;
		expect(refused(['eu.anthropic.x', 'global.anthropic.x'])).toContain(
			'--model eu.anthropic.x or global.anthropic.x.',
		);
		expect(refused([])).toContain('No inference profile of this model is offered in eu-central-1');
	});

	it('a profile of another geography: what the model is called here', () => {
		const error = serviceError('ValidationException', 'The provided model identifier is invalid.', 400);
		const profiles = ['eu.anthropic.claude-sonnet-4-6'];
		expect(failureOf(error, {...context, profiles}).advice).toBe(
			'In eu-central-1 this model is called eu.anthropic.claude-sonnet-4-6.',
		);
		expect(failureOf(error, {...context, profiles: [context.model]}).advice).toMatch(/spelling/);
	});

	it('an endpoint of one’s own that refuses is asked after, not IAM', () => {
		const endpoint = 'http://127.0.0.1:9';
		const forbidden = serviceError('ForbiddenException', 'Forbidden', 403);
		expect(failureOf(forbidden, {...context, endpoint}).advice).toContain(`${endpoint} refuses`);
		expect(failureOf(serviceError('', '', 404), {...context, endpoint}).advice).toContain(endpoint);
	});

	it('the same exceptions within a stream may have been counted', () => {
		const error = Object.assign(new Error('Too many tokens, please wait.'), {name: 'ThrottlingException'});
		for (const thrown of [
			new StreamFault(error),
			new StreamFault(serviceError('ThrottlingException', error.message, 200)),
		]) {
			expect(failureOf(thrown, context)).toMatchObject({class: 'throttled-tokens', charge: 'unknown'});
		}
	});
});

describe('the connection', () => {
	it.each([
		['ECONNREFUSED', 'network', true, 'none', /Nothing listens/],
		['ENOTFOUND', 'network', false, 'none', /Region/],
		['EAI_AGAIN', 'network', true, 'none', /Region/],
		['ECONNRESET', 'network', true, 'unknown', /network/],
		['EPIPE', 'network', true, 'unknown', /network/],
		['HPE_INVALID_CONSTANT', 'network', true, 'unknown', /network/],
		['ETIMEDOUT', 'timeout', true, 'unknown', /concurrency/],
		['SELF_SIGNED_CERT_IN_CHAIN', 'network', false, 'none', /AWS_CA_BUNDLE/],
		['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'network', false, 'none', /AWS_CA_BUNDLE/],
		['ERR_TLS_CERT_ALTNAME_INVALID', 'network', false, 'none', /another name/],
		['CERT_HAS_EXPIRED', 'network', false, 'none', /clock/],
		['EPROTO', 'network', false, 'none', /http:\/\/ or https:/],
	] as const)('%s', (code, failureClass, isRetryable, charge, advice) => {
		const failure = failureOf(Object.assign(new Error(`connect ${code}`), {code}), context);
		expect(failure).toMatchObject({class: failureClass, isRetryable, charge});
		expect(failure.advice).toMatch(advice);
	});

	it('what the SDK calls a timeout', () => {
		const reset = Object.assign(new Error('socket hang up'), {code: 'ECONNRESET', name: 'TimeoutError'});
		expect(failureOf(reset, context)).toMatchObject({class: 'network', isRetryable: true, charge: 'unknown'});
		const unconnected = Object.assign(
			new Error(
				'the request socket did not establish a connection with the server within the configured timeout of 1 ms.',
			),
			{name: 'TimeoutError'},
		);
		expect(failureOf(unconnected, context)).toMatchObject({
			class: 'network',
			isRetryable: true,
			charge: 'none',
			advice: expect.stringContaining('check the network'),
		});
	});

	it.each([
		['Failed to establish tunnel to x:443 via http://p/: HTTP/1.1 403 Forbidden', false, /NO_PROXY/],
		['Failed to establish tunnel to x:443 via http://p/: HTTP/1.1 407 Needed', false, /user:password/],
		['Failed to establish tunnel to x:443 via http://p/: HTTP/1.1 503 Busy', true, /HTTPS_PROXY/],
		['Connection to establish proxy tunnel ended unexpectedly', true, /HTTPS_PROXY/],
	])('a proxy: %s', (message, isRetryable, advice) => {
		const failure = failureOf(Object.assign(new Error(message), {code: 'ERR_PROXY_TUNNEL'}), context);
		expect(failure).toMatchObject({class: 'network', isRetryable, charge: 'none'});
		expect(failure.advice).toMatch(advice);
	});

	it('several addresses that all refuse', () => {
		const each = Object.assign(new Error('connect ECONNREFUSED ::1:9'), {code: 'ECONNREFUSED'});
		expect(failureOf(new AggregateError([each, each]), context)).toMatchObject({
			class: 'network',
			message: 'ECONNREFUSED',
			charge: 'none',
		});
	});

	it('a stream of HTTP/2 whose connection never came about', () => {
		const cause = Object.assign(new Error('connect ECONNREFUSED ::1:9'), {code: 'ECONNREFUSED'});
		const error = new Error('The pending stream has been canceled (caused by: connect ECONNREFUSED ::1:9)', {
			cause,
		});
		expect(failureOf(Object.assign(error, {code: 'ERR_HTTP2_STREAM_CANCEL'}), context)).toMatchObject({
			class: 'network',
			charge: 'none',
		});
	});

	it('an endpoint of one’s own is named', () => {
		const error = Object.assign(new Error('connect'), {code: 'ECONNREFUSED'});
		const failure = failureOf(error, {...context, endpoint: 'http://127.0.0.1:9'});
		expect(failure.advice).toContain('http://127.0.0.1:9');
	});

	it('credentials that cannot be had', () => {
		const error = Object.assign(new Error('Could not load credentials from any providers'), {
			name: 'CredentialsProviderError',
		});
		expect(failureOf(error, context)).toMatchObject({class: 'credentials', charge: 'none'});
	});
});

describe('what is no error', () => {
	it.each([undefined, null, 7, 'text', {}, [], new Error(''), Object.create(null)])(
		'%o is a failure all the same',
		(thrown) => {
			const failure = failureOf(thrown, {});
			expect(failure.message).not.toBe('');
			expect(failure.advice).not.toBe('');
		},
	);
});

describe('when to come back', () => {
	const retryAfter = (headers: Readonly<Record<string, string>>): number | undefined =>
		failureOf(serviceError('ThrottlingException', 'Too many requests', 429, headers), context).retryAfterMs;

	it.each([
		[{'retry-after': '2'}, 2000],
		[{'Retry-After': '0.5'}, 500],
		[{'x-amz-retry-after': '350'}, 350],
		[{'x-amz-retry-after': '350', 'retry-after': '9'}, 350],
		[{'retry-after': 'Thu, 16 Jan 2025 05:58:25 GMT', date: 'Thu, 16 Jan 2025 05:58:20 GMT'}, 5000],
		[{'retry-after': 'Thu, 16 Jan 2025 05:58:10 GMT', date: 'Thu, 16 Jan 2025 05:58:20 GMT'}, 0],
		[{'retry-after': 'soon'}, undefined],
		[{'retry-after': '-3'}, undefined],
		[{'retry-after': ''}, undefined],
		[{}, undefined],
	])('%j', (headers, milliseconds) => {
		expect(retryAfter(headers)).toBe(milliseconds);
	});
});

describe('secrets', () => {
	const accessKey = 'AKIAIOSFODNN7EXAMPLE';
	const secretKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
	const sessionToken = `IQoJb3JpZ2luX2VjE${'aZ9+/'.repeat(40)}==`;
	const bearerToken = 'ABSKQmVkcm9ja0FQSUtleS1leGFtcGxl';
	const planted = [accessKey, secretKey, sessionToken, bearerToken];
	const shortToken = 'a-token-of-no-known-form';

	const messages = [
		...planted,
		`The Canonical String for this request should have been 'POST\n/\n\nhost:x\nx-amz-security-token:${sessionToken}\n'`,
		`Authorization=AWS4-HMAC-SHA256 Credential=${accessKey}/20250101/us-east-1/bedrock/aws4_request, Signature=0123456789abcdef`,
		`Invalid header: Bearer ${bearerToken}`,
		`Command failed: helper --aws_secret_access_key=${secretKey} --session_token "${sessionToken}"`,
		`AWS_SESSION_TOKEN=${sessionToken}; AWS_BEARER_TOKEN_BEDROCK=${bearerToken}`,
		`{"SecretAccessKey": "${secretKey}", "SessionToken": "${sessionToken}"}`,
		`connect to http://user:${secretKey}@proxy:8080`,
	];

	it.each(messages)('planted in message %#', (message) => {
		for (const error of [
			new Error(message),
			serviceError('AccessDeniedException', message, 403),
			new StreamFault(new Error(message)),
		]) {
			const {message: said, advice} = failureOf(error, context);
			for (const secret of planted) {
				expect(said).not.toContain(secret);
				expect(advice).not.toContain(secret);
			}
		}
	});

	it('advice with a place for a password keeps it, and "Bearer Token" is no token', () => {
		expect(failureOf(serviceError('', '', 407), context).advice).toContain('user:password@host');
		const expired = serviceError('AccessDeniedException', 'Bearer Token has expired', 403);
		expect(failureOf(expired, context).message).toBe('Bearer Token has expired');
	});

	it('stand-ins are words, not secrets', () => {
		expect(secretsOf({AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'dummy'})).toEqual([]);
		expect(secretsOf({AWS_BEARER_TOKEN_BEDROCK: 'sk-1234', AWS_ACCESS_KEY_ID: ''})).toEqual(['sk-1234']);
	});

	it('an answer that repeats them', () => {
		const answer = answerWithoutSecrets(
			{
				text: `It says ${sessionToken}, and test.`,
				reasoning: `Hm, ${shortToken}.`,
				stopReason: `end_turn ${shortToken}`,
				tier: accessKey,
				latencyMode: undefined,
				requestId: bearerToken,
			},
			[...planted, shortToken, 'test'],
		);
		expect(answer).toEqual({
			text: 'It says [hidden], and test.',
			reasoning: 'Hm, [hidden].',
			stopReason: 'end_turn [hidden]',
			tier: '[hidden]',
			latencyMode: undefined,
			requestId: '[hidden]',
		});
	});

	it('values that are known to be secret, whatever their form', () => {
		const error = serviceError(
			'ValidationException',
			`Bad token ${shortToken} on resource: ${shortToken}`,
			400,
		);
		const {message, advice} = failureOf(error, {...context, model: shortToken}, {secrets: [shortToken]});
		expect(`${message} ${advice}`).not.toContain(shortToken);
		expect(message).toContain('Bad token');
	});

	it('what is no secret stays: ARNs, model and request IDs', () => {
		const message =
			'Not for arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl or us.anthropic.claude-sonnet-4-5-20250929-v1:0 (a08a73eb-05c5-416f-b6f4-51f9cab3f35f)';
		expect(failureOf(new Error(message), context).message).toBe(message);
	});

	it('one line of bounded length', () => {
		const {message} = failureOf(new Error(`a\n\tb\u0007${' word'.repeat(500)}`), context);
		expect(message).toMatch(/^a b word/);
		expect(message.length).toBeLessThanOrEqual(400);
	});
});
