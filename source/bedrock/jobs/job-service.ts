import type {GetModelInvocationJobResponse, ModelInvocationJobSummary} from '@aws-sdk/client-bedrock';
import type {Clients} from '../clients/clients.ts';
import {headersFor, isSimulated} from '../methods/response-headers.ts';
import {abortedBy, callError} from './call-error.ts';

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
