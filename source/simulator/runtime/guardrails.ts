import type {IncomingHttpHeaders} from 'node:http';
import type {Answer, GuardrailVerdict} from '../families/family.ts';
import {isJson, type Json, type Prompt, tokenize} from '../families/prompt.ts';
import {validationError} from '../wire/exchange.ts';

/** The one guardrail of the simulated account. It blocks prompts with a marker. */

/** Its ID; DRAFT and 1 are its versions. */
export const guardrailId = 'sim0guardrail';
const versions = ['DRAFT', '1'];

/** A prompt that contains this text is blocked. */
export const guardrailMarker = 'BLOCK-THIS';

const blockedMessage = 'Sorry, the model cannot answer this question.';

const identifierPattern =
	/^(?:[a-z0-9]+|arn:aws(?:-[^:]+)?:bedrock:[a-z0-9-]{1,20}:\d{12}:guardrail\/[a-z0-9]+)$/;

type RequestedGuardrail = {readonly identifier: string; readonly version: string; readonly hasTrace: boolean};

/**
 * The decision of a request's guardrail; undefined where it names none.
 * @throws ServiceError where the guardrail does not exist.
 */
export function judgePrompt(
	headers: IncomingHttpHeaders,
	body: Json,
	prompt: Prompt,
	isConverse: boolean,
): GuardrailVerdict | undefined {
	const requested = requestedGuardrail(headers, body, isConverse);
	if (requested === undefined) {
		return undefined;
	}
	if (!identifierPattern.test(requested.identifier)) {
		throw validationError('The provided guardrail identifier is invalid.');
	}
	if (requested.identifier.replace(/^.*\//, '') !== guardrailId || !versions.includes(requested.version)) {
		throw validationError('The guardrail identifier or version provided in the request does not exist.');
	}
	return {
		isBlocked: prompt.segments.some(({text}) => text.includes(guardrailMarker)),
		hasTrace: requested.hasTrace,
	};
}

/** The guardrail that a request names: Converse in its body, InvokeModel in headers. */
const requestedGuardrail = (
	headers: IncomingHttpHeaders,
	body: Json,
	isConverse: boolean,
): RequestedGuardrail | undefined => {
	const config = isJson(body.guardrailConfig) ? body.guardrailConfig : {};
	const [identifier, version, trace] = isConverse
		? [config.guardrailIdentifier, config.guardrailVersion, config.trace]
		: [
				headers['x-amzn-bedrock-guardrailidentifier'],
				headers['x-amzn-bedrock-guardrailversion'],
				headers['x-amzn-bedrock-trace'],
			];
	return identifier === undefined && version === undefined
		? undefined
		: {
				identifier: textOf(identifier),
				version: textOf(version),
				hasTrace: /^enabled/i.test(textOf(trace)),
			};
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The answer to a blocked prompt. */
export const blockedAnswer: Answer = {
	reasoning: [],
	tokens: tokenize(blockedMessage),
	stopReason: 'guardrail',
	stopSequence: undefined,
};

/** The assessment of a prompt, as the trace shows it. */
export function assessment({isBlocked}: GuardrailVerdict): Json {
	return {
		[guardrailId]: isBlocked
			? {wordPolicy: {customWords: [{match: guardrailMarker, action: 'BLOCKED', detected: true}]}}
			: {},
	};
}
