import {execFile, spawnSync} from 'node:child_process';
import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import {build} from 'esbuild';
import {describe, expect, it} from 'vitest';
import {type InferenceRequest, runtimeMethods} from '../../source/domain/backend.ts';
import {curlCall, pythonCall, typescriptCall} from '../../source/reports/sdk-calls.ts';
import {sentRequestOf} from '../../source/threads/sent-request.ts';
import {startForTest} from '../simulator/harness.ts';

const root = path.resolve(import.meta.dirname, '../..');

const request = (method: InferenceRequest['method']): InferenceRequest => ({
	model: 'us.amazon.nova-lite-v1:0',
	baseModel: 'amazon.nova-lite-v1:0',
	method,
	system: 'One "word".\n\tüñí 😀',
	// biome-ignore lint/suspicious/noTemplateCurlyInString: what a template literal would expand
	messages: [{role: 'user', text: 'Say hello, ${name} `x` \\n.'}],
	maxTokens: 50,
	stop: ['###'],
	parameters: {temperature: 0.5, top_k: 20},
	cache: false,
	tier: 'priority',
});

const sent = (method: InferenceRequest['method'], parameters: InferenceRequest['parameters'] = {}) => {
	const plain = request(method);
	return sentRequestOf({...plain, parameters: {...plain.parameters, ...parameters}}, 'us-east-1');
};

/** Values that Python writes in another way than JSON. */
const unlikeJson = {flag: true, off: false, nothing: null, empty: [], list: [1, {a: -0.5}]};

const runTypescript = async (calls: Readonly<Record<string, string>>, endpoint: string): Promise<string> => {
	const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));
	const outfile = path.join(folder, 'calls.mjs');
	await build({
		stdin: {
			contents: Object.keys(calls)
				.map((name) => `console.log('\\n# ${name}'); await (await import('call:${name}')).done;`)
				.join('\n'),
			resolveDir: root,
		},
		plugins: [
			{
				name: 'calls',
				setup({onResolve, onLoad}) {
					onResolve({filter: /^call:/}, ({path: name}) => ({path: name.slice(5), namespace: 'call'}));
					onLoad({filter: /.*/, namespace: 'call'}, ({path: name}) => ({
						contents: calls[name] ?? '',
						loader: 'ts',
						resolveDir: root,
					}));
				},
			},
		],
		bundle: true,
		platform: 'node',
		format: 'esm',
		outfile,
		logLevel: 'silent',
		banner: {
			js: "import {createRequire} from 'node:module';const require=createRequire(import.meta.url);",
		},
	});
	const {stdout} = await promisify(execFile)(process.execPath, [outfile], {
		env: {
			PATH: process.env.PATH,
			AWS_ACCESS_KEY_ID: 'simulated',
			AWS_SECRET_ACCESS_KEY: 'simulated',
			AWS_ENDPOINT_URL_BEDROCK_RUNTIME: endpoint,
		},
	});
	return stdout;
};

describe('the call in TypeScript', () => {
	it('is answered for every method', async () => {
		const {url} = await startForTest();
		const calls = Object.fromEntries(runtimeMethods.map((method) => [method, typescriptCall(sent(method))]));
		const output = await runTypescript(calls, url);
		const answers = output.split(/\n# .*\n/).slice(1);
		expect(answers).toHaveLength(runtimeMethods.length);
		for (const answer of answers) {
			expect(answer.trim().length).toBeGreaterThan(3);
		}
		expect(answers[runtimeMethods.indexOf('converse')]).toMatch(/outputTokens/);
	});
});

const hasPython = spawnSync('python3', ['--version']).status === 0;

/** A boto3 that keeps what it is called with and answers with what every reading can take. */
const fakeBoto3 = `
import json
class Body:
    def read(self): return b'{}'
    def __iter__(self): return iter([{"chunk": {"bytes": b"{}"}}])
class Client:
    def __getattr__(self, name):
        def call(**keywords):
            print("CALL " + json.dumps([name, keywords]))
            return {"output": {"message": {"content": [{"text": "a"}]}}, "usage": {}, "stream": [{}], "body": Body()}
        return call
def client(service, region_name): return Client()
`;

describe.skipIf(!hasPython)('the call in Python (skipped where there is no python3)', () => {
	it.each(runtimeMethods)('sends the same with %s', (method) => {
		const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));
		writeFileSync(path.join(folder, 'boto3.py'), fakeBoto3);
		writeFileSync(path.join(folder, 'call.py'), pythonCall(sent(method, unlikeJson)));
		const {stdout, stderr, status} = spawnSync('python3', ['call.py'], {cwd: folder, encoding: 'utf8'});
		expect(stderr).toBe('');
		expect(status).toBe(0);
		const line = stdout.split('\n').find((text) => text.startsWith('CALL ')) ?? '';
		const [operation, {modelId, ...keywords}] = JSON.parse(line.slice('CALL '.length));
		expect(operation).toBe(
			{
				converse: 'converse',
				'converse-stream': 'converse_stream',
				invoke: 'invoke_model',
				'invoke-stream': 'invoke_model_with_response_stream',
			}[method],
		);
		expect(modelId).toBe('us.amazon.nova-lite-v1:0');
		const {body, beside} = sent(method, unlikeJson);
		const isConverse = method.startsWith('converse');
		expect(isConverse ? keywords : JSON.parse(keywords.body)).toEqual(body);
		expect(isConverse ? {} : keywords).toMatchObject(beside);
	});
});

const hasBoto3 = spawnSync('python3', ['-c', 'import boto3']).status === 0;
const inAccount = {
	PATH: process.env.PATH,
	AWS_ACCESS_KEY_ID: 'simulated',
	AWS_SECRET_ACCESS_KEY: 'simulated',
};

describe.skipIf(!hasBoto3)(
	'the call in Python with the real boto3 (skipped where it is not installed)',
	() => {
		it('is answered for every method', {timeout: 60_000}, async () => {
			const {url} = await startForTest();
			const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));
			const files = runtimeMethods.map((method) => {
				const file = path.join(folder, `${method}.py`);
				writeFileSync(file, pythonCall(sent(method)));
				return file;
			});
			const all =
				'import runpy, sys\nfor file in sys.argv[1:]:\n    print("\\n# " + file)\n    runpy.run_path(file)';
			const {stdout} = await promisify(execFile)('python3', ['-c', all, ...files], {
				env: {...inAccount, AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url},
			});
			const answers = stdout.split(/^# .*\n/m).slice(1);
			expect(answers).toHaveLength(runtimeMethods.length);
			for (const answer of answers) {
				expect(answer.trim().length).toBeGreaterThan(3);
			}
		});
	},
);

const hasCurl = spawnSync('curl', ['--version']).status === 0;

describe('the call with curl', () => {
	const scriptOf = (method: InferenceRequest['method'], model?: string): string =>
		curlCall(
			model === undefined
				? sent(method)
				: sentRequestOf(
						{...request(method), model, baseModel: model, parameters: {}, tier: undefined},
						'us-east-1',
					),
		);
	const calls = [
		...runtimeMethods.map((method) => [method, undefined] as const),
		['messages', 'anthropic.claude-haiku-4-5'],
		['chat-completions', 'openai.gpt-oss-120b'],
	] as const;

	it.each(calls)('%s is a script that a shell can read', (method, model) => {
		const {status, stderr} = spawnSync('sh', ['-n'], {input: scriptOf(method, model), encoding: 'utf8'});
		expect(stderr).toBe('');
		expect(status).toBe(0);
	});

	it.skipIf(!hasCurl)(
		'is answered, with an access key and with a Bedrock API key (skipped where there is no curl)',
		async () => {
			const {url} = await startForTest();
			const callers = [inAccount, {PATH: process.env.PATH, AWS_BEARER_TOKEN_BEDROCK: 'simulated'}];
			for (const [index, [method, model]] of calls.entries()) {
				const running = promisify(execFile)('sh', ['-c', scriptOf(method, model)], {
					env: {...callers[index % 2], AWS_ENDPOINT_URL: url},
				});
				const {stdout} = await running;
				expect(JSON.parse(stdout), `${method}: ${stdout}`).toHaveProperty(
					method.startsWith('converse')
						? 'usage.outputTokens'
						: method === 'chat-completions'
							? 'choices'
							: method === 'messages'
								? 'content'
								: 'output',
				);
			}
		},
	);
});
