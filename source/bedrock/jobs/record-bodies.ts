import type {Answer, InferenceRequest} from '../../domain/backend.ts';
import {readMessage} from '../families/converse-shape.ts';
import {familyOf, readBody} from '../families/registry.ts';
import {at, isObject, type JsonObject, parseJson, stringOf} from '../json.ts';
import {answerOf} from '../methods/answer.ts';
import {converseRequest, finished, isIntervention} from '../methods/request.ts';
import {countsIn} from '../usage.ts';

/** Form of the records of a batch. */
export type BatchForm = 'Converse' | 'InvokeModel';

/**
 * Body of a record. Batch inference takes neither caching nor a tier, and the job names the model.
 * @returns Plain data, to be written as `modelInput`.
 */
export function modelInput(request: InferenceRequest, form: BatchForm): JsonObject {
	const plain = {...request, cache: false, tier: undefined};
	if (form === 'InvokeModel') {
		return familyOf(request.baseModel).build(plain, false);
	}
	const {modelId, performanceConfig, ...body} = converseRequest(plain);
	return body;
}

/** The content of one line of an output. */
export type RecordOutcome =
	| {readonly kind: 'answered'; readonly recordId: string; readonly answer: Answer}
	| {readonly kind: 'failed'; readonly recordId: string; readonly message: string};

/** Reads one line of an output; undefined where it is not a record. */
export function readOutputLine(line: string, baseModel: string, form: BatchForm): RecordOutcome | undefined {
	const record = parseJson(line);
	const recordId = stringOf(at(record, 'recordId'));
	if (recordId === undefined) {
		return undefined;
	}
	const output = at(record, 'modelOutput');
	const answer = isObject(output) ? readAnswer(output, baseModel, form) : undefined;
	if (answer !== undefined) {
		return {kind: 'answered', recordId, answer};
	}
	const message = isObject(output) ? 'The output cannot be read.' : errorText(at(record, 'error'));
	return {kind: 'failed', recordId, message};
}

const readAnswer = (body: JsonObject, baseModel: string, form: BatchForm): Answer | undefined => {
	const family = familyOf(baseModel);
	const own = form === 'Converse' ? readMessage(body) : readBody(family, body);
	if (own === undefined) {
		return undefined;
	}
	const reading = form === 'Converse' ? own : finished(family, own, isIntervention(body));
	const {usageSource, ...answer} = answerOf(reading, {
		headers: {},
		requestId: undefined,
		serverLatencyMs: undefined,
		latencyMode: undefined,
		tier: undefined,
		usage: [
			{source: form === 'Converse' ? 'converse' : 'body', counts: reading.counts ?? {}},
			{source: 'metrics', counts: countsIn(at(body, 'amazon-bedrock-invocationMetrics'))},
		],
	});
	return answer;
};

const errorText = (error: unknown): string =>
	[at(error, 'errorCode'), at(error, 'errorMessage')]
		.filter((part) => typeof part === 'string' || typeof part === 'number')
		.join(' ') || 'The record failed without a message.';
