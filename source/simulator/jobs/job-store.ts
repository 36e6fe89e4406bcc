/** Batch inference jobs and their states. */

const activeStates = ['Submitted', 'Validating', 'Scheduled', 'InProgress', 'Stopping'] as const;

export type JobState =
	| (typeof activeStates)[number]
	| 'Completed'
	| 'PartiallyCompleted'
	| 'Failed'
	| 'Stopped'
	| 'Expired';

/** The request of CreateModelInvocationJob. */
export type JobRequest = {
	readonly jobName: string;
	readonly modelId: string;
	readonly roleArn: string;
	readonly clientRequestToken: string | undefined;
	readonly inputUri: string;
	readonly outputUri: string;
	readonly isConverse: boolean;
	readonly timeoutHours: number;
};

/** A job; only `runJob` and a stop change it. */
export type BatchJob = {
	readonly arn: string;
	/** The last part of the ARN, which names the folder of the outputs. */
	readonly id: string;
	readonly region: string;
	readonly request: JobRequest;
	/** ARN of the model behind `modelId`. */
	readonly modelArn: string;
	readonly baseModel: string;
	readonly submittedAtMs: number;
	state: JobState;
	message: string | undefined;
	modifiedAtMs: number;
	endedAtMs: number | undefined;
	total: number;
	succeeded: number;
	failed: number;
};

export function isActive({state}: BatchJob): boolean {
	return (activeStates as readonly string[]).includes(state);
}

export type JobStore = {
	readonly add: (job: BatchJob) => void;
	readonly byArn: (arnOrId: string) => BatchJob | undefined;
	readonly byToken: (region: string, token: string) => BatchJob | undefined;
	/** The newest first. */
	readonly all: (region: string) => readonly BatchJob[];
	readonly clear: () => void;
};

export function createJobStore(): JobStore {
	const jobs: BatchJob[] = [];
	return {
		add: (job) => {
			jobs.push(job);
		},
		byArn: (arnOrId) => jobs.find(({arn, id}) => arn === arnOrId || id === arnOrId),
		byToken: (region, token) =>
			jobs.find((job) => job.region === region && job.request.clientRequestToken === token),
		all: (region) => jobs.filter((job) => job.region === region).toReversed(),
		clear() {
			for (const job of jobs) {
				// A running job sees this and ends.
				job.state = 'Stopped';
			}
			jobs.length = 0;
		},
	};
}
