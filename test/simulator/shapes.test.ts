import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {contentOf, readFrames} from './frames.ts';
import {modelPath, post, startForTest} from './harness.ts';

/**
 * Tests source/simulator/families/: the simulator's answers have the keys and headers of recorded answers of the
 * real service.
 */

const folder = new URL('../../../shared/recordings/', import.meta.url);
const isAbsent = !existsSync(folder);

type Recording = {
	readonly operation: string;
	readonly modelId: string;
	readonly request: {readonly body: Readonly<Record<string, unknown>> | null};
	readonly response: {
		readonly status: number;
		readonly headers: Readonly<Record<string, string>>;
		readonly headersComplete: boolean;
		readonly bodyBase64: string;
	};
};

/**
 * Which recordings show the form of which model of the simulator, and a key of the request that all of them share: an
 * older form of the same vendor has others.
 */
const subjects: ReadonlyArray<{
	readonly family: string;
	readonly recorded: RegExp;
	readonly modelId: string;
	readonly body: object;
	readonly operations: readonly string[];
}> = [
	{
		family: 'Nova through InvokeModel',
		recorded: /amazon\.nova/,
		modelId: 'us.amazon.nova-micro-v1:0',
		body: {messages: [{role: 'user', content: [{text: 'Hello'}]}], inferenceConfig: {max_new_tokens: 30}},
		operations: ['InvokeModel', 'InvokeModelWithResponseStream'],
	},
	{
		family: 'Titan Text through InvokeModel',
		recorded: /amazon\.titan-t(ext|g1)/,
		modelId: 'amazon.titan-text-express-v1',
		body: {inputText: 'Hello', textGenerationConfig: {maxTokenCount: 30}},
		operations: ['InvokeModel', 'InvokeModelWithResponseStream'],
	},
	{
		family: 'Claude 3 through InvokeModel',
		recorded: /anthropic\.claude-(v2|3)/,
		modelId: 'anthropic.claude-3-5-sonnet-20240620-v1:0',
		body: {
			anthropic_version: 'bedrock-2023-05-31',
			max_tokens: 30,
			messages: [{role: 'user', content: 'Hello'}],
		},
		operations: ['InvokeModel', 'InvokeModelWithResponseStream'],
	},
	{
		family: 'Claude 4.5 through InvokeModel',
		recorded: /anthropic\.claude-haiku-4-5/,
		modelId: 'eu.anthropic.claude-haiku-4-5-20251001-v1:0',
		body: {
			anthropic_version: 'bedrock-2023-05-31',
			max_tokens: 30,
			messages: [{role: 'user', content: 'Hello'}],
		},
		operations: ['InvokeModel'],
	},
	{
		family: 'Llama through InvokeModel',
		recorded: /meta\.llama/,
		modelId: 'us.meta.llama3-3-70b-instruct-v1:0',
		body: {prompt: 'Hello', max_gen_len: 30},
		operations: ['InvokeModel', 'InvokeModelWithResponseStream'],
	},
	{
		family: 'Mistral through InvokeModel',
		recorded: /mistral\.mistral-(7b|small)/,
		modelId: 'mistral.mistral-small-2402-v1:0',
		body: {prompt: 'Hello', max_tokens: 30},
		operations: ['InvokeModel', 'InvokeModelWithResponseStream'],
	},
	{
		family: 'Cohere Command through InvokeModel',
		recorded: /cohere\.command-(light-)?text/,
		modelId: 'cohere.command-text-v14',
		body: {prompt: 'Hello', max_tokens: 30},
		operations: ['InvokeModel', 'InvokeModelWithResponseStream'],
	},
	...(
		[
			['Nova', /amazon\.nova/, 'us.amazon.nova-micro-v1:0'],
			['Titan Text', /amazon\.titan/, 'amazon.titan-text-lite-v1'],
			['Claude', /anthropic\.claude-(3-7|sonnet|haiku|opus)/, 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
			['Llama 4', /meta\.llama4/, 'us.meta.llama4-maverick-17b-instruct-v1:0'],
			['Llama 3', /meta\.llama3/, 'meta.llama3-8b-instruct-v1:0'],
			['Mistral Large', /mistral\.(devstral|pixtral)/, 'mistral.mistral-large-3-675b-instruct'],
			['Mistral 7B', /mistral\.mistral-7b/, 'mistral.mistral-7b-instruct-v0:2'],
			['Cohere', /cohere\.command/, 'cohere.command-r-v1:0'],
			['Jamba', /ai21\.jamba/, 'ai21.jamba-1-5-mini-v1:0'],
			['DeepSeek', /deepseek\.r1/, 'us.deepseek.r1-v1:0'],
			['gpt-oss', /openai\.gpt-oss/, 'openai.gpt-oss-120b-1:0'],
			['Qwen', /qwen\./, 'qwen.qwen3-32b-v1:0'],
			['Gemma', /google\.gemma/, 'google.gemma-3-27b-it'],
			['MiniMax', /minimax\./, 'minimax.minimax-m2'],
			['Kimi', /moonshot\./, 'moonshot.kimi-k2-thinking'],
			['GLM', /zai\./, 'zai.glm-4.7-flash'],
		] as const
	).map(([name, recorded, modelId]) => ({
		family: `${name} through Converse`,
		recorded,
		modelId,
		body: {messages: [{role: 'user', content: [{text: 'Hello'}]}], inferenceConfig: {maxTokens: 200}},
		operations: ['Converse', 'ConverseStream'],
	})),
];

const paths: Readonly<Record<string, string>> = {
	InvokeModel: 'invoke',
	InvokeModelWithResponseStream: 'invoke-with-response-stream',
	Converse: 'converse',
	ConverseStream: 'converse-stream',
};

const recordingsOf = (operation: string, recorded: RegExp): readonly Recording[] =>
	readdirSync(new URL(`${operation}/`, folder))
		.map((name) => JSON.parse(readFileSync(new URL(`${operation}/${name}`, folder), 'utf8')) as Recording)
		.filter((recording) => recording.response.status === 200 && recorded.test(recording.modelId));

/** Tools and thoughts are answers of another kind; where they occur their keys are not asked for. */
const isOptional = (path: string): boolean => /tool|reasoning|signature|stop_sequence\b/i.test(path);

const keyPaths = (value: unknown, prefix = ''): readonly string[] => {
	if (Array.isArray(value)) {
		return value.flatMap((entry) => keyPaths(entry, `${prefix}[]`));
	}
	if (typeof value !== 'object' || value === null) {
		return [];
	}
	return Object.entries(value).flatMap(([key, entry]) => {
		const path = `${prefix}.${key}`;
		return [path, ...keyPaths(entry, path)];
	});
};

const isStream = (operation: string): boolean => /Stream/.test(operation);

/** Keys of an answer; those of a stream with the kind of event before them. */
const keysOf = (operation: string, body: Buffer): ReadonlySet<string> => {
	if (!isStream(operation)) {
		return new Set(keyPaths(JSON.parse(body.toString())));
	}
	return new Set(
		readFrames(body)
			.filter((frame) => frame.headers[':message-type'] === 'event')
			.flatMap((frame) => [
				...Object.keys(frame.headers),
				...keyPaths(contentOf(frame), frame.headers[':event-type']),
			]),
	);
};

/** Headers that belong to the service and not to the connection or the recorder. */
const headerNames = (headers: Readonly<Record<string, string>>): ReadonlySet<string> =>
	new Set(
		Object.keys(headers)
			.map((name) => name.toLowerCase())
			.filter((name) => name === 'content-type' || name.startsWith('x-amzn-')),
	);

const union = (sets: ReadonlyArray<ReadonlySet<string>>): ReadonlySet<string> =>
	new Set(sets.flatMap((set) => [...set]));

const common = (sets: ReadonlyArray<ReadonlySet<string>>): readonly string[] =>
	[...(sets[0] ?? [])].filter((key) => sets.every((set) => set.has(key)));

const cases = isAbsent
	? []
	: subjects.flatMap((subject) =>
			subject.operations.flatMap((operation) => {
				const recordings = recordingsOf(operation, subject.recorded);
				return recordings.length === 0 ? [] : [{...subject, operation, recordings}];
			}),
		);

describe.skipIf(isAbsent)(
	'answers have the shape of the recordings (skipped without ../shared/recordings)',
	() => {
		it('there are recordings to compare with', () => {
			expect(cases.length).toBeGreaterThan(20);
		});

		it.each(cases)('$operation: $family', async ({operation, modelId, body, recordings}) => {
			const {url} = await startForTest();
			const answer = await post(url, modelPath(modelId, paths[operation] ?? ''), body);
			expect(answer.status).toBe(200);
			const bodies = recordings.map(({response}) =>
				keysOf(operation, Buffer.from(response.bodyBase64, 'base64')),
			);
			const keys = keysOf(operation, answer.body);
			// Padding came with 2025; recordings of before have none, and the simulator always has it.
			const allowed = union([...bodies, new Set([...keys].filter((key) => key.endsWith('.p')))]);
			expect([...keys].filter((key) => !allowed.has(key))).toEqual([]);
			expect(common(bodies).filter((key) => !keys.has(key) && !isOptional(key))).toEqual([]);

			const complete = recordings.filter(({response}) => response.headersComplete);
			if (complete.length > 0) {
				const recorded = complete.map(({response}) => headerNames(response.headers));
				const names = headerNames(answer.headers);
				expect([...names].filter((name) => !union(recorded).has(name))).toEqual([]);
				expect(common(recorded).filter((name) => !names.has(name))).toEqual([]);
			}
		});
	},
);
