import {createInterface} from 'node:readline';
import {Readable} from 'node:stream';
import type {Simulation} from '../runtime/simulation.ts';
import type {StoredObject} from '../s3/object-store.ts';
import type {BatchJob, JobState} from './job-store.ts';
import {answerRecord} from './record-answer.ts';

/** The life of a batch job: Submitted, Validating, Scheduled, InProgress and one of the ends. */

/** Without a script: short enough to watch a demo, long enough to see every state. */
const usualStepMs = 1000;
const usualRecordsPerSecond = 2000;
/** AWS's default quotas for most models (General Reference). */
export const leastRecords = 100;
const mostRecordsPerFile = 50_000;
/** Records between two pauses. */
const chunkLength = 50;

type Place = {readonly bucket: string; readonly key: string};

/** @returns undefined where it is no S3 URI. */
export const parseUri = (uri: string): Place | undefined => {
	const [, bucket, key] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(uri) ?? [];
	return bucket === undefined ? undefined : {bucket, key: key ?? ''};
};

const linesOf = ({objects}: Simulation, object: StoredObject): AsyncIterable<string> =>
	createInterface({input: Readable.from(objects.read(object)), crlfDelay: Number.POSITIVE_INFINITY});

/** Input files: the object itself, or all below the prefix. */
const inputsOf = ({objects}: Simulation, {request}: BatchJob): readonly StoredObject[] => {
	const place = parseUri(request.inputUri);
	return place === undefined
		? []
		: objects.list(place.bucket, place.key).filter(({key}) => key.endsWith('.jsonl'));
};

/** Counts the records. @returns What is wrong with the input. */
const validate = async (simulation: Simulation, job: BatchJob): Promise<string | undefined> => {
	const inputs = inputsOf(simulation, job);
	if (inputs.length === 0) {
		return `No input files were found at ${job.request.inputUri}.`;
	}
	for (const input of inputs) {
		let count = 0;
		for await (const line of linesOf(simulation, input)) {
			count += line.trim() === '' ? 0 : 1;
		}
		if (count > mostRecordsPerFile) {
			return `${input.key} has ${count} records; an input file may have ${mostRecordsPerFile}.`;
		}
		job.total += count;
	}
	return job.total < leastRecords
		? `The input has ${job.total} records; a job must have at least ${leastRecords}.`
		: undefined;
};

type Progress = {inputTokens: number; outputTokens: number};

/** Answers the records of one file, at the job's pace, until it is told to end. */
async function* answers(
	simulation: Simulation,
	job: BatchJob,
	input: StoredObject,
	progress: Progress,
): AsyncGenerator<Buffer> {
	const {scenario, time, options} = simulation;
	const settings = scenario.batch ?? {};
	const last = settings.endsAs === undefined ? undefined : (settings.endsAfterRecords ?? job.total);
	const pauseMs = (chunkLength * 1000) / (settings.recordsPerSecond ?? usualRecordsPerSecond);
	const how = {
		modelId: job.request.modelId,
		lifecycle: simulation.lifecycle,
		isConverse: job.request.isConverse,
		seed: options.seed,
		errorShare: settings.errorShare ?? 0,
		jobName: job.request.jobName,
		createdAt: Math.floor(time.now() / 1000),
	};
	for await (const line of linesOf(simulation, input)) {
		if (job.state !== 'InProgress' || job.succeeded + job.failed === last) {
			return;
		}
		if (line.trim() === '') {
			continue;
		}
		const answer = answerRecord(line, how);
		job[answer.hasFailed ? 'failed' : 'succeeded'] += 1;
		progress.inputTokens += answer.inputTokens;
		progress.outputTokens += answer.outputTokens;
		yield Buffer.from(`${answer.line}\n`);
		if ((job.succeeded + job.failed) % chunkLength === 0) {
			await time.sleep(pauseMs);
		}
	}
}

const writeOutputs = async (simulation: Simulation, job: BatchJob): Promise<void> => {
	const place = parseUri(job.request.outputUri);
	if (place === undefined) {
		return;
	}
	const folder = `${place.key}${place.key === '' || place.key.endsWith('/') ? '' : '/'}${job.id}/`;
	const progress: Progress = {inputTokens: 0, outputTokens: 0};
	for (const input of inputsOf(simulation, job)) {
		const name = input.key.slice(input.key.lastIndexOf('/') + 1);
		const bytes = answers(simulation, job, input, progress);
		await simulation.objects.put(place.bucket, `${folder}${name}.out`, bytes);
	}
	if (job.state === 'Stopped') {
		return;
	}
	const manifest = {
		totalRecordCount: job.total,
		processedRecordCount: job.succeeded + job.failed,
		successRecordCount: job.succeeded,
		errorRecordCount: job.failed,
		inputTokenCount: progress.inputTokens,
		outputTokenCount: progress.outputTokens,
	};
	const bytes = (async function* () {
		yield Buffer.from(JSON.stringify(manifest));
	})();
	await simulation.objects.put(place.bucket, `${folder}manifest.json.out`, bytes);
};

/** Takes a job through its states. A stop, seen between two of them or between two records, ends it as Stopped. */
export const runJob = async (simulation: Simulation, job: BatchJob): Promise<void> => {
	const {time, scenario} = simulation;
	const settings = scenario.batch ?? {};
	const enter = (state: JobState): void => {
		job.state = state;
		job.modifiedAtMs = time.now();
	};
	const end = (state: JobState): void => {
		enter(state);
		job.endedAtMs = time.now();
	};
	const isToldToStop = (): boolean => job.state === 'Stopping' || job.state === 'Stopped';
	try {
		for (const next of ['Validating', 'Scheduled', 'InProgress'] as const) {
			await time.sleep(settings.stepMs ?? usualStepMs);
			if (isToldToStop()) {
				end('Stopped');
				return;
			}
			enter(next);
			const fault = next === 'Validating' ? await validate(simulation, job) : undefined;
			if (fault !== undefined) {
				job.message = fault;
				end('Failed');
				return;
			}
		}
		await writeOutputs(simulation, job);
		end(isToldToStop() ? 'Stopped' : (settings.endsAs ?? 'Completed'));
	} catch (error) {
		job.message = `Fault of the simulator: ${String(error)}`;
		end('Failed');
	}
};
