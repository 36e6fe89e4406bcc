import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {isBuilt, newFolder, program} from '../helpers/built-program.ts';
import {type ScriptedServer, startScriptedServer} from '../tap/scripted-server.ts';

/** What a tap writes and shows bears no secret, neither its own nor one of its clients, whatever the service repeats. */

const clientSecrets = {
	bearer: 'bedrock-api-key-of-a-client',
	apiKey: 'sk-ant-of-a-client',
	session: 'FwoGZXIvYXdzE-session-of-a-client',
	cookie: 'session=cookie-of-a-client',
};
const ownSecrets = {key: 'secret-key-of-the-tap', session: 'FwoGZXIvYXdzE-session-of-the-tap'};
const prompt = 'a prompt that nobody else may read';

const answers = [
	['authorization', `Bearer ${clientSecrets.bearer}`],
	['x-api-key', clientSecrets.apiKey],
	['x-amz-security-token', clientSecrets.session],
	['cookie', clientSecrets.cookie],
] as const;

const filesIn = (folder: string): readonly string[] =>
	readdirSync(folder, {recursive: true, withFileTypes: true})
		.filter((entry) => entry.isFile())
		.map(({parentPath, name}) => path.join(parentPath, name));

describe.skipIf(!isBuilt)('secrets (skipped where dist/ is not built)', () => {
	let server: ScriptedServer;
	beforeAll(async () => {
		// A service that says all that it was sent.
		server = await startScriptedServer(({headers}) => ({
			status: 403,
			headers: {'content-type': 'application/json', 'x-amzn-errortype': 'AccessDeniedException'},
			pieces: [Buffer.from(JSON.stringify({message: `Not allowed: ${JSON.stringify(headers)}`}))],
			end: 'whole',
		}));
	});
	afterAll(async () => {
		await server.stop();
	});

	it('are in no file, log, line, figure and page of metrics', async () => {
		const [cwd, home] = [newFolder(), newFolder()];
		const child = spawn(
			process.execPath,
			[program, 'tap', '--plain', '--log-file', 'tap.log', '--json=tap.json', '--out', 'out'],
			{
				cwd,
				env: {
					PATH: process.env.PATH ?? '',
					HOME: home,
					BEDROCK_TOP_CONFIG: '',
					AWS_REGION: 'us-east-1',
					AWS_ACCESS_KEY_ID: 'AKIDOFTHETAP',
					AWS_SECRET_ACCESS_KEY: ownSecrets.key,
					AWS_SESSION_TOKEN: ownSecrets.session,
					AWS_ENDPOINT_URL: server.url,
					AWS_EC2_METADATA_DISABLED: 'true',
				},
			},
		);
		let output = '';
		child.stdout.on('data', (chunk) => {
			output += chunk;
		});
		child.stderr.on('data', (chunk) => {
			output += chunk;
		});
		const exported = /AWS_ENDPOINT_URL_BEDROCK_RUNTIME=(http:\/\/127\.0\.0\.1:\d+\/([\w-]{22}))\s/;
		await expect.poll(() => output).toMatch(exported);
		const [, url = '', secret = ''] = exported.exec(output) ?? [];
		const body = JSON.stringify({messages: [{role: 'user', content: [{text: prompt}]}]});
		const ask = async (base: string, name: string, value: string) =>
			(
				await fetch(`${base}/model/amazon.nova-lite-v1%3A0/converse`, {
					method: 'POST',
					body,
					headers: {[name]: value},
				})
			).text();
		for (const [name, value] of answers) {
			await ask(url, name, value);
			await ask(url.replace(secret, `${secret}x`), name, value);
		}
		await fetch(`${url}/some/${secret}/path`);
		const metrics = await (await fetch(`${url}/metrics`)).text();
		const exited = once(child, 'exit');
		child.kill('SIGINT');
		await exited;

		// The lines that a client is pointed to the tap by have its secret: nothing else.
		const shown = output
			.split('\n')
			.filter((line) => !/^(?:# )?export /.test(line))
			.join('\n');
		const written = [...filesIn(cwd), ...filesIn(home)];
		expect(written.map((file) => path.basename(file))).toEqual(
			expect.arrayContaining(['tap.log', 'tap.json', 'results.json']),
		);
		const all = [
			...written.map((file) => [file, readFileSync(file, 'utf8')] as const),
			['the output', shown] as const,
			['the metrics', metrics] as const,
		];
		const hidden = [secret, prompt, ...Object.values(clientSecrets), ...Object.values(ownSecrets)];
		const found = all.flatMap(([place, text]) =>
			hidden.filter((each) => text.includes(each)).map((each) => `${place}: ${each}`),
		);
		expect(found).toEqual([]);
		// They were really there to be shown.
		expect(all.some(([, text]) => text.includes('Not allowed'))).toBe(true);
	});
});
