import type {GetModelInvocationJobResponse, ModelInvocationJobSummary} from '@aws-sdk/client-bedrock';
import type {FailureClass} from '../../domain/backend.ts';
import {UserError} from '../../domain/user-error.ts';
import {withoutSecrets} from '../../text/secrets.ts';
import type {Clients} from '../clients/clients.ts';
import {accountAdvice} from '../failures/advice.ts';
import {type ErrorFacts, factsOf} from '../failures/error-facts.ts';
import {failureOf} from '../failures/failure-of.ts';
import {headersFor, isSimulated} from '../methods/response-headers.ts';

/** Options of an SDK call that a signal ends. */
export function abortedBy(signal: AbortSignal | undefined): {readonly abortSignal?: AbortSignal} {
	return signal === undefined ? {} : {abortSignal: signal};
}

/**
 * Errors of calls to S3 and to the API of batch jobs, with their ways out. Those of inference are about rates, max
 * tokens and methods.
 */

/** A batch continues where it stopped; a list or a stop does not. */
const repeatWords = (action: string): string =>
	/:(?:List|Stop)ModelInvocationJobs?$/.test(action)
		? 'repeat the command later.'
		: 'repeat the command later; it continues where it stopped.';

/** By the names that S3 gives its errors. */
const storeHints: Readonly<Record<string, string>> = {
	NoSuchBucket: 'Create the bucket in the Region of the job, or name another one with --s3.',
	NoSuchKey: 'It is not there any more: check for a rule of the bucket that removes objects after a time.',
	RequestTimeTooSkewed: 'Set the clock of this machine: AWS refuses requests that are minutes off.',
};

const elsewhere = new Set([
	'PermanentRedirect',
	'AuthorizationHeaderMalformed',
	'IllegalLocationConstraintException',
]);

/** Whether the account has as many active jobs as it may: this one waits. */
export function isJobLimit(error: unknown): boolean {
	return nameOf(error) === 'ServiceQuotaExceededException';
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** An error of S3 or of a job's call, for the user. */
export function callError(
	error: unknown,
	clients: Pick<Clients, 'secrets' | 'endpoint'>,
	{what, action}: {readonly what: string; readonly action: string},
): UserError {
	if (error instanceof UserError) {
		return error;
	}
	const {endpoint} = clients;
	const failure = failureOf(error, {action, endpoint}, {secrets: clients.secrets()});
	const hint = callAdvice(failure.class, factsOf(error), action, failure.advice);
	return new UserError(`${what}: ${failure.message}`, {
		exitCode: 1,
		...(hint === undefined ? {} : {hint: withoutSecrets(hint, clients.secrets())}),
		cause: error,
	});
}

/**
 * One sentence with the way out.
 * @param action IAM action that the call needs; those of S3 begin with `s3:`.
 * @param general Advice of inference on the same failure, for network, signing in and the model.
 * @returns undefined where the service's own message is enough.
 */
function callAdvice(
	failureClass: FailureClass,
	facts: ErrorFacts,
	action: string,
	general: string,
): string | undefined {
	const isStore = action.startsWith('s3:');
	const own = isStore ? storeAdvice(facts) : jobAdvice(facts, action);
	if (own !== undefined) {
		return own;
	}
	switch (facts.name === 'SlowDown' ? 'throttled-requests' : failureClass) {
		case 'throttled-requests':
		case 'throttled-tokens':
		case 'throttled-day':
			return `${isStore ? 'S3 asks to slow down' : 'The API of the jobs is asked too often'}: ${repeatWords(action)}`;
		case 'overloaded':
		case 'model-error':
		case 'timeout':
		case 'stream-cut':
			return `${isStore ? 'S3' : 'The API of the jobs'} does not answer as it should just now: ${repeatWords(action)}`;
		case 'access-denied':
			return accountAdvice(facts.message) ?? callPermissionAdvice(facts, action, isStore);
		case 'validation':
			return facts.name === 'ServiceQuotaExceededException' ? general : undefined;
		case 'not-found':
		case 'needs-profile':
		case 'credentials':
		case 'network':
			return isStore && failureClass === 'not-found' ? storeHints.NoSuchKey : general;
	}
}

const storeAdvice = (facts: ErrorFacts): string | undefined =>
	elsewhere.has(facts.name) || facts.status === 301 ? regionAdvice(facts) : storeHints[facts.name];

/** For a bucket in another Region: S3 mostly names it. */
const regionAdvice = ({headers, message}: ErrorFacts): string => {
	const region = headers['x-amz-bucket-region'] ?? /expecting '([\w-]+)'/.exec(message)?.[1];
	return `The bucket is in another Region: use --region${region === undefined ? ' with that one' : ` ${region}`}, or name a bucket in the Region of the job.`;
};

const jobAdvice = ({name, message}: ErrorFacts, action: string): string | undefined => {
	const isSubmitting = action === 'bedrock:CreateModelInvocationJob';
	if (isSubmitting && isAboutRole(message)) {
		return 'Check the trust policy of --role-arn: it has to let bedrock.amazonaws.com assume the role.';
	}
	if (name === 'ConflictException') {
		return isSubmitting
			? 'The name of the job is in use: "bedrock-top batch --list" shows the jobs of the account.'
			: 'Look at its state with "bedrock-top batch --list".';
	}
	const isUnknown = name === 'ResourceNotFoundException' || /\bjob ?(?:identifier|arn)\b/i.test(message);
	return isUnknown && !isSubmitting
		? 'Check the ARN of the job, and --region and --profile: only the account and the Region that it was submitted in know it.'
		: undefined;
};

/** "assumed-role" is part of the name of most callers. */
const isAboutRole = (message: string): boolean => /\bassumed?\b(?!-)|sts:AssumeRole/i.test(message);

const callPermissionAdvice = ({message}: ErrorFacts, action: string, isStore: boolean): string => {
	const needed = /not authorized to perform:? ([\w-]+:\w+)/i.exec(message)?.[1] ?? action;
	const resource = /on resource:? (\S+)/i.exec(message)?.[1] ?? (isStore ? 'the bucket' : undefined);
	const what = `${needed}${resource === undefined ? '' : ` on ${resource}`}`;
	return /explicit deny/i.test(message)
		? `A policy denies ${what} explicitly: ask who looks after the policies of the account.`
		: `Allow ${what} to the caller.`;
};

/** Whether an error is transient: throttles, faults of the service, a network that is away for a while. */
export function isPassing(error: unknown): boolean {
	const cause = error instanceof UserError ? error.cause : error;
	return cause !== undefined && failureOf(cause, {action: '', endpoint: null}, {secrets: []}).isRetryable;
}

/** What a job is made from. */
type JobOrder = {
	readonly name: string;
	/** The same token never makes a second job. */
	readonly token: string;
	readonly model: string;
	readonly roleArn: string;
	readonly inputUri: string;
	readonly outputUri: string;
	readonly form: 'Converse' | 'InvokeModel';
};

/** State of a job; times in milliseconds since 1970. Counts are 0 until the service reports them. */
type JobView = {
	readonly arn: string;
	readonly name: string;
	readonly model: string;
	/** Submitted, Validating, Scheduled, InProgress, Completed, PartiallyCompleted, Failed, Stopping, Stopped, Expired. */
	readonly status: string;
	readonly message: string | undefined;
	readonly outputUri: string | undefined;
	readonly submittedAtMs: number | undefined;
	readonly endedAtMs: number | undefined;
	readonly total: number;
	readonly processed: number;
	readonly succeeded: number;
	readonly failed: number;
	readonly isSimulated: boolean;
};

/** The calls of a batch inference job. Every method rejects with a UserError (exit 1). */
export type JobService = {
	/**
	 * @returns the ARN. Rejects with the SDK's own error, so that the limit of jobs can be distinguished from faults.
	 */
	readonly create: (order: JobOrder) => Promise<string>;
	readonly get: (arn: string, signal?: AbortSignal) => Promise<JobView>;
	/** The newest first, at most `most`. */
	readonly list: (most: number) => Promise<readonly JobView[]>;
	readonly stop: (arn: string) => Promise<void>;
};

const ends = new Set(['Completed', 'PartiallyCompleted', 'Failed', 'Stopped', 'Expired']);

/** Whether a job is over. */
export function hasEnded(status: string): boolean {
	return ends.has(status);
}

export function createJobService(clients: Clients): JobService {
	return {
		async create(order) {
			const {CreateModelInvocationJobCommand} = await import('@aws-sdk/client-bedrock');
			const client = await clients.control();
			const {jobArn} = await client.send(
				new CreateModelInvocationJobCommand({
					jobName: order.name,
					clientRequestToken: order.token,
					modelId: order.model,
					roleArn: order.roleArn,
					modelInvocationType: order.form,
					inputDataConfig: {s3InputDataConfig: {s3Uri: order.inputUri, s3InputFormat: 'JSONL'}},
					outputDataConfig: {s3OutputDataConfig: {s3Uri: order.outputUri}},
				}),
			);
			return jobArn ?? '';
		},
		async get(arn, signal) {
			const {GetModelInvocationJobCommand} = await import('@aws-sdk/client-bedrock');
			const command = new GetModelInvocationJobCommand({jobIdentifier: arn});
			try {
				const answer = await (await clients.control()).send(command, abortedBy(signal));
				return viewOf(answer, isSimulated(headersFor(answer)));
			} catch (error) {
				throw callError(error, clients, {
					what: `The job ${arn} could not be read`,
					action: 'bedrock:GetModelInvocationJob',
				});
			}
		},
		async list(most) {
			const {paginateListModelInvocationJobs} = await import('@aws-sdk/client-bedrock');
			const jobs: JobView[] = [];
			try {
				const pages = paginateListModelInvocationJobs({client: await clients.control()}, {});
				for await (const {invocationJobSummaries = []} of pages) {
					jobs.push(...invocationJobSummaries.map((job) => viewOf(job, false)));
					if (jobs.length >= most) {
						break;
					}
				}
			} catch (error) {
				throw callError(error, clients, {
					what: 'The jobs could not be listed',
					action: 'bedrock:ListModelInvocationJobs',
				});
			}
			return jobs.slice(0, most);
		},
		async stop(arn) {
			const {StopModelInvocationJobCommand} = await import('@aws-sdk/client-bedrock');
			try {
				await (await clients.control()).send(new StopModelInvocationJobCommand({jobIdentifier: arn}));
			} catch (error) {
				throw callError(error, clients, {
					what: `The job ${arn} could not be stopped`,
					action: 'bedrock:StopModelInvocationJob',
				});
			}
		},
	};
}

const viewOf = (
	answer: GetModelInvocationJobResponse | ModelInvocationJobSummary,
	simulated: boolean,
): JobView => ({
	arn: answer.jobArn ?? '',
	name: answer.jobName ?? '',
	model: answer.modelId ?? '',
	status: answer.status ?? 'Submitted',
	message: answer.message,
	outputUri: answer.outputDataConfig?.s3OutputDataConfig?.s3Uri,
	submittedAtMs: answer.submitTime?.getTime(),
	endedAtMs: answer.endTime?.getTime(),
	total: answer.totalRecordCount ?? 0,
	processed: answer.processedRecordCount ?? 0,
	succeeded: answer.successRecordCount ?? 0,
	failed: answer.errorRecordCount ?? 0,
	isSimulated: simulated,
});
