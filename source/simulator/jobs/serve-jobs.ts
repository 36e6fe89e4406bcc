import {randomUUID} from 'node:crypto';
import {createRandom, hashText, identifier} from '../answers/random.ts';
import {resolveModel} from '../catalog/profiles.ts';
import {isJson, type Json, parseBody} from '../families/prompt.ts';
import {type BatchJob, isActive, type JobRequest, type Simulation} from '../simulation.ts';
import {assertAllowed} from '../wire/caller.ts';
import {type Exchange, regionOf, ServiceError, sendJson, validationError} from '../wire/exchange.ts';
import {parseUri, runJob} from './run-job.ts';

/** CreateModelInvocationJob, GetModelInvocationJob, ListModelInvocationJobs and StopModelInvocationJob. */

const account = '123456789012';
/** AWS's default for most models (General Reference). */
const defaultMaxJobs = 20;
const pageLength = 10;

const sendAnswer = ({reply}: Exchange, body: Json): void =>
	sendJson(reply, 200, body, {'x-amzn-requestid': randomUUID()});

const iso = (atMs: number): string => new Date(atMs).toISOString();

const viewOf = (job: BatchJob): Json => {
	const {request} = job;
	const started = job.state !== 'Submitted' && job.state !== 'Validating';
	return {
		jobArn: job.arn,
		jobName: request.jobName,
		modelId: job.modelArn,
		clientRequestToken: request.clientRequestToken,
		roleArn: request.roleArn,
		status: job.state,
		message: job.message,
		submitTime: iso(job.submittedAtMs),
		lastModifiedTime: iso(job.modifiedAtMs),
		endTime: job.endedAtMs === undefined ? undefined : iso(job.endedAtMs),
		inputDataConfig: {s3InputDataConfig: {s3Uri: request.inputUri, s3InputFormat: 'JSONL'}},
		outputDataConfig: {s3OutputDataConfig: {s3Uri: request.outputUri}},
		timeoutDurationInHours: request.timeoutHours,
		jobExpirationTime: iso(job.submittedAtMs + request.timeoutHours * 3_600_000),
		modelInvocationType: request.isConverse ? 'Converse' : 'InvokeModel',
		...(started
			? {
					totalRecordCount: job.total,
					processedRecordCount: job.succeeded + job.failed,
					successRecordCount: job.succeeded,
					errorRecordCount: job.failed,
				}
			: {}),
	};
};

const textAt = (body: unknown, ...path: readonly string[]): string => {
	const value = path.reduce<unknown>((inner, key) => (isJson(inner) ? inner[key] : undefined), body);
	if (typeof value !== 'string' || value === '') {
		throw validationError(
			`1 validation error detected: Value null at '${path.join('.')}' failed to satisfy constraint: Member must not be null`,
		);
	}
	return value;
};

const uriAt = (body: unknown, ...path: readonly string[]): string => {
	const uri = textAt(body, ...path);
	if (parseUri(uri) === undefined) {
		throw validationError(`Invalid S3 URI: ${uri}`);
	}
	return uri;
};

const invocationTypes = ['InvokeModel', 'Converse'] as const;

/** Creates a job; the same client token returns the same job. */
export async function serveCreateJob(exchange: Exchange, simulation: Simulation): Promise<void> {
	assertAllowed(simulation.scenario, 'bedrock:CreateModelInvocationJob');
	const request = readRequest(parseBody(await exchange.readBody()));
	const region = regionOf(exchange.headers);
	const token = request.clientRequestToken;
	const known = token === undefined ? undefined : simulation.jobs.byToken(region, token);
	if (known !== undefined && JSON.stringify(known.request) !== JSON.stringify(request)) {
		throw new ServiceError(
			'ConflictException',
			'The client request token was used with other parameters before.',
		);
	}
	const job = known ?? createJob(simulation, request, region);
	sendAnswer(exchange, {jobArn: job.arn});
}

const readRequest = (body: Json): JobRequest => {
	const jobName = textAt(body, 'jobName');
	if (!/^[a-zA-Z0-9]{1,63}(?:-*[a-zA-Z0-9+\-.]){0,62}$/.test(jobName) || jobName.length > 63) {
		throw validationError(
			`1 validation error detected: Value '${jobName}' at 'jobName' failed to satisfy constraint`,
		);
	}
	const roleArn = textAt(body, 'roleArn');
	if (!/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/.test(roleArn)) {
		throw validationError(`Invalid role ARN: ${roleArn}`);
	}
	const timeoutHours = Number(body.timeoutDurationInHours ?? 24);
	if (!(timeoutHours >= 24 && timeoutHours <= 168)) {
		throw validationError('timeoutDurationInHours must be from 24 to 168.');
	}
	return {
		jobName,
		roleArn,
		modelId: textAt(body, 'modelId'),
		clientRequestToken: typeof body.clientRequestToken === 'string' ? body.clientRequestToken : undefined,
		inputUri: uriAt(body, 'inputDataConfig', 's3InputDataConfig', 's3Uri'),
		outputUri: uriAt(body, 'outputDataConfig', 's3OutputDataConfig', 's3Uri'),
		isConverse: invocationTypeOf(body) === 'Converse',
		timeoutHours,
	};
};

/** The form of the records; without one that of InvokeModel. */
const invocationTypeOf = ({modelInvocationType: type}: Json): (typeof invocationTypes)[number] => {
	const known = invocationTypes.find((name) => name === (type ?? 'InvokeModel'));
	if (known === undefined) {
		throw validationError(
			`1 validation error detected: Value '${String(type)}' at 'modelInvocationType' failed to satisfy constraint: Member must satisfy enum value set: [${invocationTypes.join(', ')}]`,
		);
	}
	return known;
};

const createJob = (simulation: Simulation, request: JobRequest, region: string): BatchJob => {
	const {jobs, time, scenario} = simulation;
	const {model, scope} = resolveModel(request.modelId, simulation.lifecycle);
	const max = scenario.batch?.maxJobs ?? defaultMaxJobs;
	const active = jobs.all(region).filter((job) => isActive(job) && job.baseModel === model.id);
	if (active.length >= max) {
		throw new ServiceError(
			'ServiceQuotaExceededException',
			`Your account has reached its limit of ${max} in-progress and submitted batch inference jobs for this model.`,
		);
	}
	const id = identifier(createRandom(hashText(randomUUID())), 12).toLowerCase();
	const modelArn =
		scope === 'on-demand'
			? `arn:aws:bedrock:${region}::foundation-model/${model.id}`
			: `arn:aws:bedrock:${region}:${account}:inference-profile/${request.modelId.replace(/^arn:.*\//, '')}`;
	const job: BatchJob = {
		arn: `arn:aws:bedrock:${region}:${account}:model-invocation-job/${id}`,
		id,
		region,
		request,
		modelArn,
		baseModel: model.id,
		submittedAtMs: time.now(),
		state: 'Submitted',
		message: undefined,
		modifiedAtMs: time.now(),
		endedAtMs: undefined,
		total: 0,
		succeeded: 0,
		failed: 0,
	};
	jobs.add(job);
	void runJob(simulation, job);
	return job;
};

export async function serveGetJob(
	exchange: Exchange,
	simulation: Simulation,
	[identifierOfJob = '']: readonly string[],
): Promise<void> {
	assertAllowed(simulation.scenario, 'bedrock:GetModelInvocationJob');
	sendAnswer(exchange, viewOf(findJob(simulation, identifierOfJob)));
}

const findJob = ({jobs}: Simulation, identifierOfJob: string): BatchJob => {
	const job = jobs.byArn(identifierOfJob);
	if (job === undefined) {
		throw new ServiceError('ResourceNotFoundException', 'The provided batch inference job was not found.');
	}
	return job;
};

/** Lists jobs, the newest first, in pages. */
export async function serveListJobs(exchange: Exchange, simulation: Simulation): Promise<void> {
	assertAllowed(simulation.scenario, 'bedrock:ListModelInvocationJobs');
	const {query} = exchange;
	const status = query.get('statusEquals');
	const name = query.get('nameContains') ?? '';
	const all = simulation.jobs
		.all(regionOf(exchange.headers))
		.filter((job) => (status === null || job.state === status) && job.request.jobName.includes(name));
	const start = Number(query.get('nextToken') ?? 0);
	const end = start + Math.min(pageLength, Number(query.get('maxResults') ?? pageLength));
	sendAnswer(exchange, {
		invocationJobSummaries: all.slice(start, end).map(viewOf),
		...(end < all.length ? {nextToken: String(end)} : {}),
	});
}

export async function serveStopJob(
	exchange: Exchange,
	simulation: Simulation,
	[identifierOfJob = '']: readonly string[],
): Promise<void> {
	assertAllowed(simulation.scenario, 'bedrock:StopModelInvocationJob');
	await exchange.readBody();
	const job = findJob(simulation, identifierOfJob);
	if (!isActive(job)) {
		throw new ServiceError(
			'ConflictException',
			`The job is in the state ${job.state} and cannot be stopped.`,
		);
	}
	job.state = 'Stopping';
	job.modifiedAtMs = simulation.time.now();
	sendAnswer(exchange, {});
}
