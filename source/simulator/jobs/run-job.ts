import {createInterface} from 'node:readline';
import {Readable} from 'node:stream';
import {answerPrompt} from '../answers/answer.ts';
import {createRandom, hashText, type Random, uuid} from '../answers/random.ts';
import type {Lifecycle} from '../catalog/model.ts';
import {resolveModel} from '../catalog/profiles.ts';
import {answerTokens} from '../families/family.ts';
import {isJson, type Json, parseBody, promptTokens} from '../families/prompt.ts';
import {operations} from '../runtime/dialects.ts';
import type {StoredObject} from '../s3/object-store.ts';
import type {BatchJob, JobState, Simulation} from '../simulation.ts';
import {ServiceError} from '../wire/exchange.ts';

/**
 * The life of a batch job (Submitted, Validating, Scheduled, InProgress, and one of the ends) and its answers to
 * records.
 */

type RecordAnswer = {
	/** The line of the output, without its end. */
	readonly line: string;
	readonly hasFailed: boolean;
	readonly inputTokens: number;
	readonly outputTokens: number;
};

type RecordOptions = {
	readonly modelId: string;
	readonly lifecycle: Lifecycle;
	readonly isConverse: boolean;
	readonly seed: number;
	/** Share of the records that fail, 0 to 1. */
	readonly errorShare: number;
	/** Separates jobs: a record that fails in one may succeed in the next. */
	readonly jobName: string;
	/** Seconds since 1970. */
	readonly createdAt: number;
};

/** Answers a line of the input; the same line always gets the same answer, unless it fails. */
export function answerRecord(line: string, options: RecordOptions): RecordAnswer {
	const random = createRandom((hashText(line) ^ Math.imul(options.seed + 1, 0x9e3779b1)) >>> 0);
	let record: Json;
	try {
		record = parseBody(Buffer.from(line));
	} catch {
		return failedRecord({recordId: uuid(random)}, 400, 'Malformed input record.');
	}
	const named = {recordId: record.recordId ?? uuid(random), modelInput: record.modelInput};
	const luck = createRandom((hashText(line) ^ hashText(options.jobName) ^ options.seed) >>> 0);
	if (luck() < options.errorShare) {
		return failedRecord(named, 500, 'Internal error while processing the record.');
	}
	try {
		const {body, usage} = answerInput(record.modelInput, options, random);
		return {
			line: JSON.stringify({...named, modelOutput: body}),
			hasFailed: false,
			inputTokens: usage.inputTokens,
			outputTokens: usage.outputTokens,
		};
	} catch (error) {
		if (!(error instanceof ServiceError)) {
			throw error;
		}
		return failedRecord(named, error.status, error.message);
	}
}

const failedRecord = (record: Json, errorCode: number, errorMessage: string): RecordAnswer => ({
	line: JSON.stringify({...record, error: {errorCode, errorMessage}}),
	hasFailed: true,
	inputTokens: 0,
	outputTokens: 0,
});

const answerInput = (modelInput: unknown, options: RecordOptions, random: Random) => {
	const {model} = resolveModel(options.modelId, options.lifecycle);
	const operation = operations[options.isConverse ? 'converse' : 'invoke'];
	if (operation === undefined || !isJson(modelInput)) {
		throw new ServiceError('ValidationException', 'modelInput is not a JSON object.');
	}
	const dialect = operation.dialectOf(model);
	const prompt = dialect.parse(modelInput, model);
	const answer = answerPrompt(random, prompt, model);
	const usage = {
		inputTokens: promptTokens(prompt.segments),
		outputTokens: answerTokens(answer),
		cacheReadTokens: 0,
		cacheWriteTokens: 0,
	};
	const {createdAt} = options;
	const facts = {requestId: uuid(random), model, prompt, answer, usage, isCaching: false, createdAt, random};
	const {body} = dialect.whole(facts, {latencyMs: 0, firstByteMs: 0}, {headers: {}, body: modelInput});
	return {body, usage};
};

/** Defaults: short enough to watch a demo, long enough to see every state. */
const usualStepMs = 1000;
const usualRecordsPerSecond = 2000;
/** AWS's default quotas for most models (General Reference). */
const minRecords = 100;
const maxRecordsPerFile = 50_000;
/** Records between two pauses. */
const chunkLength = 50;

type S3Location = {readonly bucket: string; readonly key: string};

/** @returns undefined where it is not an S3 URI. */
export function parseUri(uri: string): S3Location | undefined {
	const [, bucket, key] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(uri) ?? [];
	return bucket === undefined ? undefined : {bucket, key: key ?? ''};
}

const linesOf = ({objects}: Simulation, object: StoredObject): AsyncIterable<string> =>
	createInterface({input: Readable.from(objects.read(object)), crlfDelay: Number.POSITIVE_INFINITY});

/** Input files: the object itself, or all below the prefix. */
const inputsOf = ({objects}: Simulation, {request}: BatchJob): readonly StoredObject[] => {
	const place = parseUri(request.inputUri);
	return place === undefined
		? []
		: objects.list(place.bucket, place.key).filter(({key}) => key.endsWith('.jsonl'));
};

/** Counts the records. @returns The fault of the input; undefined where it is valid. */
const validateInputs = async (simulation: Simulation, job: BatchJob): Promise<string | undefined> => {
	const inputs = inputsOf(simulation, job);
	if (inputs.length === 0) {
		return `No input files were found at ${job.request.inputUri}.`;
	}
	for (const input of inputs) {
		let count = 0;
		for await (const line of linesOf(simulation, input)) {
			count += line.trim() === '' ? 0 : 1;
		}
		if (count > maxRecordsPerFile) {
			return `${input.key} has ${count} records; an input file may have ${maxRecordsPerFile}.`;
		}
		job.total += count;
	}
	return job.total < minRecords
		? `The input has ${job.total} records; a job must have at least ${minRecords}.`
		: undefined;
};

type Progress = {inputTokens: number; outputTokens: number};

/** Takes a job through its states. A stop, seen between two states or two records, ends it as Stopped. */
export async function runJob(simulation: Simulation, job: BatchJob): Promise<void> {
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
			const fault = next === 'Validating' ? await validateInputs(simulation, job) : undefined;
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
		const bytes = answerLines(simulation, job, input, progress);
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

/** Answers the records of one file, at the job's pace, until the job ends. */
async function* answerLines(
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
