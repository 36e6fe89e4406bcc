import {execFile, spawnSync} from 'node:child_process';
import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import {build} from 'esbuild';
import {describe, expect, it} from 'vitest';
import {type InferenceRequest, runtimeMethods} from '../../source/domain/backend.ts';
import {pythonCall, typescriptCall} from '../../source/reports/sdk-calls.ts';
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
