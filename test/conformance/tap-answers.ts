import type {Asked, Scripted} from '../tap/scripted-server.ts';
import {chunk, converseStreamOf, event, exception} from './frames.ts';

/** Requests of every operation that goes through a tap, and all that the service may say to them. */

export const fidelityModel = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';

export const operations = [
	'converse',
	'converse-stream',
	'invoke',
	'invoke-stream',
	'count-tokens',
	'inference-profiles',
] as const;

export type Operation = (typeof operations)[number];

export const outcomes = ['200', '400', '403', '429', '503', 'exception', 'cut'] as const;

export type Outcome = (typeof outcomes)[number];

export const isStream = (operation: Operation): boolean => operation.endsWith('-stream');

/** Every pair that there is: only a stream has room for an exception. */
export const exchanges: ReadonlyArray<readonly [Operation, Outcome]> = operations.flatMap((operation) =>
	outcomes
		.filter((outcome) => outcome !== 'exception' || isStream(operation))
		.map((outcome) => [operation, outcome] as const),
);

const question = 'Say this is a test: Grüße, 日本 😀';

export const converseInput = {
	messages: [{role: 'user' as const, content: [{text: question}]}],
	inferenceConfig: {maxTokens: 40},
};

export const anthropicInput = {max_tokens: 40, messages: [{role: 'user' as const, content: question}]};

const anthropicBody = {anthropic_version: 'bedrock-2023-05-31', ...anthropicInput};

/** What a program without an SDK sends. */
export const plainRequestOf = (
	operation: Operation,
): {method: string; path: string; body: string | undefined} => {
	const to = (name: string): string => `/model/${encodeURIComponent(fidelityModel)}/${name}`;
	const post = (name: string, body: object) => ({method: 'POST', path: to(name), body: JSON.stringify(body)});
	switch (operation) {
		case 'converse':
		case 'converse-stream':
			return post(operation, converseInput);
		case 'invoke':
			return post('invoke', anthropicBody);
		case 'invoke-stream':
			return post('invoke-with-response-stream', anthropicBody);
		case 'count-tokens':
			return post('count-tokens', {input: {converse: {messages: converseInput.messages}}});
		case 'inference-profiles':
			return {method: 'GET', path: '/inference-profiles?type=SYSTEM_DEFINED', body: undefined};
	}
};

const requestId = '0b9ef4a0-5c1e-4f5c-9c2e-5ad6f6a1f2b3';
const always = {date: 'Mon, 30 Nov 2026 08:00:00 GMT', 'x-amzn-requestid': requestId};
const counted = {
	'x-amzn-bedrock-input-token-count': '9',
	'x-amzn-bedrock-output-token-count': '5',
	'x-amzn-bedrock-invocation-latency': '412',
};

const errors: Readonly<Record<'400' | '403' | '429' | '503', readonly [string, string]>> = {
	'400': [
		'ValidationException',
		'Malformed input request: #/messages: expected minimum item count: 1, found: 0',
	],
	'403': ['AccessDeniedException', "You don't have access to the model with the specified model ID."],
	'429': ['ThrottlingException', 'Too many tokens, please wait before trying again.'],
	'503': ['ServiceUnavailableException', 'Bedrock is unable to process your request.'],
};

const wholeBodies: Readonly<Record<Exclude<Operation, 'converse-stream' | 'invoke-stream'>, object>> = {
	converse: {
		metrics: {latencyMs: 412},
		output: {message: {role: 'assistant', content: [{text: 'This is a test. Ünïcode 😀'}]}},
		stopReason: 'end_turn',
		usage: {inputTokens: 9, outputTokens: 5, totalTokens: 14},
	},
	invoke: {
		id: 'msg_01',
		type: 'message',
		role: 'assistant',
		model: 'claude-sonnet-4-5-20250929',
		content: [{type: 'text', text: 'This is a test. Ünïcode 😀'}],
		stop_reason: 'end_turn',
		stop_sequence: null,
		usage: {input_tokens: 9, output_tokens: 5},
	},
	'count-tokens': {inputTokens: 9},
	'inference-profiles': {inferenceProfileSummaries: []},
};

const invokeEvents = [
	{
		type: 'message_start',
		message: {
			id: 'msg_01',
			type: 'message',
			role: 'assistant',
			model: 'claude-sonnet-4-5-20250929',
			content: [],
			stop_reason: null,
			usage: {input_tokens: 9, output_tokens: 1},
		},
	},
	{type: 'content_block_start', index: 0, content_block: {type: 'text', text: ''}},
	{type: 'content_block_delta', index: 0, delta: {type: 'text_delta', text: 'This is a test 😀'}},
	{type: 'content_block_stop', index: 0},
	{type: 'message_delta', delta: {stop_reason: 'end_turn', stop_sequence: null}, usage: {output_tokens: 5}},
	{
		type: 'message_stop',
		'amazon-bedrock-invocationMetrics': {inputTokenCount: 9, outputTokenCount: 5, invocationLatency: 412},
	},
].map(chunk);

/** The pieces of a stream, as one frame or a part of one each. */
const streamPieces = (operation: Operation): readonly Buffer[] => {
	if (operation === 'invoke-stream') {
		return invokeEvents;
	}
	const all = converseStreamOf('This is a test. Ünïcode 😀', {
		inputTokens: 9,
		outputTokens: 5,
		totalTokens: 14,
	});
	return [all.subarray(0, 100), all.subarray(100, 107), all.subarray(107)];
};

/** Half of what would be an answer. */
const begun = (operation: Operation): readonly Buffer[] =>
	operation === 'invoke-stream'
		? invokeEvents.slice(0, 3)
		: [
				event('messageStart', {role: 'assistant', p: 'abc'}),
				event('contentBlockDelta', {contentBlockIndex: 0, delta: {text: 'Half'}, p: 'ab'}),
			];

export const answerOf = (operation: Operation, outcome: Outcome): Scripted => {
	const streamHeaders = {...always, 'content-type': 'application/vnd.amazon.eventstream'};
	switch (outcome) {
		case '400':
		case '403':
		case '429':
		case '503': {
			const [name, message] = errors[outcome];
			const body = Buffer.from(JSON.stringify({message}));
			return {
				status: Number(outcome),
				headers: {
					...always,
					'content-type': 'application/json',
					'x-amzn-errortype': `${name}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
					'content-length': String(body.length),
				},
				pieces: [body],
				end: 'whole',
			};
		}
		case 'exception':
			return {
				status: 200,
				headers: streamHeaders,
				pieces: [...begun(operation), exception('throttlingException', {message: 'Too many requests'})],
				end: 'whole',
			};
		case '200':
		case 'cut': {
			const isCut = outcome === 'cut';
			const end = isCut ? 'cut' : 'whole';
			const late = isCut ? {endAfterMs: 20} : {};
			if (operation === 'converse-stream' || operation === 'invoke-stream') {
				return {
					status: 200,
					headers: streamHeaders,
					pieces: isCut ? begun(operation) : streamPieces(operation),
					end,
					...late,
				};
			}
			const body = Buffer.from(JSON.stringify(wholeBodies[operation]));
			const headers = {
				...always,
				...(operation === 'invoke' ? counted : {}),
				'content-type': 'application/json',
				'content-length': String(body.length),
			};
			return {status: 200, headers, pieces: [isCut ? body.subarray(0, 10) : body], end, ...late};
		}
	}
};

/** Header by which a request says what it is to be answered: it passes the tap like any other. */
export const scriptHeader = 'x-test-answer';

export const scripted = ({headers}: Pick<Asked, 'headers'>): Scripted | 'cut' => {
	const [operation, outcome] = (headers[scriptHeader] ?? '').split(' ');
	const known = exchanges.find(([name, end]) => name === operation && end === outcome);
	return known === undefined ? 'cut' : answerOf(...known);
};
