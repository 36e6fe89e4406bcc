import {answerPrompt} from '../answers/answer.ts';
import {createRandom, hashText, type Random, uuid} from '../answers/random.ts';
import type {Lifecycle} from '../catalog/lifecycle.ts';
import {resolveModel} from '../catalog/resolve-model.ts';
import {answerTokens} from '../families/family.ts';
import {isJson, type Json, parseBody, promptTokens} from '../families/prompt.ts';
import {operations} from '../runtime/operation.ts';
import {ServiceError} from '../wire/service-error.ts';

/** How the service answers one record of a batch job. */

export type RecordAnswer = {
	/** The line of the output, without its end. */
	readonly line: string;
	readonly hasFailed: boolean;
	readonly inputTokens: number;
	readonly outputTokens: number;
};

export type RecordOptions = {
	readonly modelId: string;
	readonly lifecycle: Lifecycle;
	readonly isConverse: boolean;
	readonly seed: number;
	/** Part of the records that fail, 0 to 1. */
	readonly errorShare: number;
	/** Tells jobs apart: what fails in one of them may go well in the next. */
	readonly jobName: string;
	/** Seconds since 1970. */
	readonly createdAt: number;
};

const answerOf = (modelInput: unknown, options: RecordOptions, random: Random) => {
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

const failure = (record: Json, errorCode: number, errorMessage: string): RecordAnswer => ({
	line: JSON.stringify({...record, error: {errorCode, errorMessage}}),
	hasFailed: true,
	inputTokens: 0,
	outputTokens: 0,
});

/** Answers a line of the input; the same line always gets the same answer, unless it fails. */
export const answerRecord = (line: string, options: RecordOptions): RecordAnswer => {
	const random = createRandom((hashText(line) ^ Math.imul(options.seed + 1, 0x9e3779b1)) >>> 0);
	let record: Json;
	try {
		record = parseBody(Buffer.from(line));
	} catch {
		return failure({recordId: uuid(random)}, 400, 'Malformed input record.');
	}
	const named = {recordId: record.recordId ?? uuid(random), modelInput: record.modelInput};
	const luck = createRandom((hashText(line) ^ hashText(options.jobName) ^ options.seed) >>> 0);
	if (luck() < options.errorShare) {
		return failure(named, 500, 'Internal error while processing the record.');
	}
	try {
		const {body, usage} = answerOf(record.modelInput, options, random);
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
		return failure(named, error.status, error.message);
	}
};
