import {spawn} from 'node:child_process';
import {mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type RunningSimulator, startSimulator} from '../../source/simulator/server.ts';
import {
	isBuilt,
	newFolder,
	plainEnvironment,
	program,
	readResultsIn,
	runProgram,
	undrawn,
} from '../helpers/built-program.ts';
import {openPseudoTerminal} from '../helpers/pseudo-terminal.ts';
import {defaultOptions} from '../simulator/harness.ts';

/** A tap as people start it: in front of a program, in a terminal and in pipes, and alone. */

const folder = newFolder();

/** A program of somebody: does what its arguments say. */
const application = path.join(folder, 'application.mjs');
writeFileSync(
	application,
	`const url = process.env.AWS_ENDPOINT_URL_BEDROCK_RUNTIME;
const ask = (signal) => fetch(url + '/model/us.amazon.nova-lite-v1%3A0/converse', {
	method: 'POST',
	signal,
	headers: {'content-type': 'application/json'},
	body: JSON.stringify({messages: [{role: 'user', content: [{text: 'Name three rivers.'}]}], inferenceConfig: {maxTokens: 40}}),
});
const [what, code = '0'] = process.argv.slice(2);
if (what === 'ask') {
	const answer = await ask();
	console.log('answer', answer.status);
	process.exit(Number(code));
}
if (what === 'leave') {
	ask().catch(() => {});
	for (;;) {
		const figures = await (await fetch(url + '/metrics')).text();
		if (/_requests_in_flight\\{.*\\} 1\\n/.test(figures)) {
			process.exit(Number(code));
		}
	}
}
if (what === 'count') {
	let count = 0;
	for (const name of ['SIGTERM', 'SIGINT']) {
		process.on(name, () => {
			count++;
			setTimeout(() => { console.log('signals', count); process.exit(Number(code)); }, 400);
		});
	}
	setInterval(() => {}, 1000);
	console.log('ready');
}
`,
);

const someProgram = (...words: readonly string[]): readonly string[] => [
	process.execPath,
	application,
	...words,
];

const environment = (): Record<string, string> => ({
	...plainEnvironment(),
	...undrawn,
	AWS_REGION: 'us-east-1',
	AWS_ACCESS_KEY_ID: 'AKIDOFTHETAP',
	AWS_SECRET_ACCESS_KEY: 'secret-of-the-tap',
});

/** A service that takes some seconds, and one whose answers nobody waits for. */
let simulator: RunningSimulator;
let endless: RunningSimulator;
beforeAll(async () => {
	simulator = await startSimulator({...defaultOptions, latencyMs: 4500});
	endless = await startSimulator({...defaultOptions, latencyMs: 600_000});
});
afterAll(async () => {
	await simulator.stop();
	await endless.stop();
});

/** A tap in front of the service that takes some seconds. */
const startTap = (argv: readonly string[], extra: Record<string, string | undefined> = {}) => {
	const cwd = newFolder();
	const child = spawn(process.execPath, [program, 'tap', ...argv], {
		cwd,
		env: {...environment(), AWS_ENDPOINT_URL: simulator.url, ...extra},
		stdio: ['pipe', 'pipe', 'pipe'],
	});
	const texts = {stdout: '', stderr: ''};
	const waiting = new Set<() => void>();
	for (const name of ['stdout', 'stderr'] as const) {
		child[name].on('data', (chunk) => {
			texts[name] += String(chunk);
			for (const check of waiting) {
				check();
			}
		});
	}
	const has = async (pattern: RegExp): Promise<string> =>
		new Promise((resolve, reject) => {
			child.on('close', () => reject(new Error(`${String(pattern)} did not come: ${texts.stderr}`)));
			const check = (): void => {
				const found = pattern.exec(`${texts.stdout}\n${texts.stderr}`);
				if (found !== null) {
					waiting.delete(check);
					resolve(found[1] ?? found[0]);
				}
			};
			waiting.add(check);
			check();
		});
	const ended = new Promise<{code: number | null; signal: string | null; stdout: string; stderr: string}>(
		(resolve) => {
			child.on('close', (code, signal) => resolve({code, signal, ...texts}));
		},
	);
	const url = has(/export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=(\S+)/);
	url.catch(() => undefined);
	return {child, cwd, has, ended, url};
};

const ask = async (url: string): Promise<Response> =>
	fetch(`${url}/model/us.amazon.nova-lite-v1%3A0/converse`, {
		method: 'POST',
		headers: {'content-type': 'application/json'},
		body: JSON.stringify({messages: [{role: 'user', content: [{text: 'Name three rivers.'}]}]}),
	});

/** Resolves once a request is under way behind the tap. */
const untilInFlight = async (base: string): Promise<void> =>
	expect.poll(async () => (await fetch(`${base}/metrics`)).text()).toMatch(/_requests_in_flight\{.*\} 1\n/);

const fromNow = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(!isBuilt || process.platform === 'win32')(
	'a program behind a tap (skipped where dist/ is not built, and on Windows)',
	{concurrent: true},
	() => {
		it('has stdout for itself, and the tap has its exit code', async () => {
			const cwd = newFolder();
			const {code, stdout, stderr} = await runProgram(['tap', '--demo', '--', ...someProgram('ask', '7')], {
				cwd,
				environment: undrawn,
			});
			expect([code, stdout]).toEqual([7, 'answer 200\n']);
			expect(stderr).toMatch(/^SIMULATED.*\nbedrock-top tap · 1 request in /);
			expect(readResultsIn(cwd)).toMatchObject({plan: {load: 'tap'}, simulated: true, outcome: 'completed'});
		});

		it('has one pipe for itself, where its stdout and stderr are one', async () => {
			const words = [process.execPath, program, 'tap', '--demo', '--no-reports', '--', ...someProgram('ask')];
			const child = spawn('sh', ['-c', '"$@" 2>&1', 'sh', ...words], {
				cwd: newFolder(),
				env: plainEnvironment(),
			});
			let text = '';
			child.stdout.on('data', (chunk) => {
				text += String(chunk);
			});
			await new Promise((resolve) => child.on('close', resolve));
			expect(text).toBe('answer 200\n');
		});

		it.each([
			[['no-such-program'], 127, /^bedrock-top: "no-such-program" was not found\./],
			[['sh', '-c', 'kill -9 $$'], 137, /^$/],
		] as const)('%s ends with %i', async (words, exitCode, sentence) => {
			const {code, stdout, stderr} = await runProgram(['tap', '--demo', '--', ...words]);
			expect([code, stdout]).toEqual([exitCode, '']);
			expect(stderr).toMatch(sentence);
		});

		it('gets a signal that came to the tap alone once', async () => {
			const {child, has, ended} = startTap(['--', ...someProgram('count', '5')]);
			await has(/ready/);
			child.kill('SIGTERM');
			expect(await ended).toMatchObject({code: 5, stdout: 'ready\nsignals 1\n'});
		});

		it('takes what is in flight with it', async () => {
			const {ended, cwd} = startTap(['--', ...someProgram('leave', '0')], {
				AWS_ENDPOINT_URL: endless.url,
			});
			expect(await ended).toMatchObject({code: 0, stdout: ''});
			expect(readResultsIn(cwd)).toMatchObject({
				variants: [{requests: {attempts: 1, succeeded: 0}, attemptsBroken: {count: 1}}],
			});
		});

		it('has the terminal for itself: its signals come once, and nothing else is written', async () => {
			const words = [program, 'tap', '--demo', '--no-reports', '--', ...someProgram('count', '3')];
			const terminal = openPseudoTerminal(process.execPath, words, {
				cwd: newFolder(),
				environment: plainEnvironment(),
			});
			await terminal.waitFor((lines) => lines.includes('ready'), 'the program');
			terminal.write('\u0003');
			const {exitCode} = await terminal.exited;
			expect(exitCode).toBe(3);
			expect(
				terminal
					.screen()
					.filter((line) => line !== '')
					.slice(0, 2),
			).toEqual(['ready', '^Csignals 1']);
			expect(terminal.raw()).toContain('no request came through');
		});

		it('is stopped and continued by its shell', async () => {
			const terminal = openPseudoTerminal('bash', ['--norc', '--noprofile', '-i'], {
				cwd: newFolder(),
				environment: {...plainEnvironment(), PS1: '$ '},
			});
			const words = [
				process.execPath,
				program,
				'tap',
				'--demo',
				'--no-reports',
				'--',
				...someProgram('count', '3'),
			];
			terminal.write(`${words.join(' ')}\r`);
			await terminal.waitFor((lines) => lines.includes('ready'), 'the program');
			terminal.write('\u001A');
			await terminal.waitFor((lines) => lines.some((line) => line.includes('Stopped')), 'the shell');
			terminal.write('fg\r');
			await terminal.waitFor((lines) => lines.filter((line) => line.includes('tap --demo')).length > 1, 'fg');
			await fromNow(300);
			terminal.write('\u0003');
			await terminal.waitFor((lines) => lines.some((line) => line.endsWith('signals 1')), 'its end');
			terminal.write('echo code $?; exit\r');
			await terminal.exited;
			expect(terminal.raw()).toContain('code 3');
		});
	},
);

describe.skipIf(!isBuilt || process.platform === 'win32')(
	'a tap alone (skipped as above)',
	{concurrent: true},
	() => {
		it('takes no new requests after Ctrl+C, and ends with those in flight', async () => {
			const {child, has, ended, url} = startTap([]);
			const base = await url;
			const inFlight = ask(base);
			await untilInFlight(base);
			child.kill('SIGINT');
			await has(/1 request in flight/);
			const refused = await ask(base);
			expect([
				refused.status,
				refused.headers.get('retry-after'),
				refused.headers.get('x-bedrock-top'),
			]).toEqual([503, '60', 'ending']);
			expect((await inFlight).status).toBe(200);
			expect(await ended).toMatchObject({code: 0});
		});

		it('has two applications of its own in a demo, which end with it, and one line of JSON at the end', async () => {
			const {child, has, ended} = startTap(['--demo', '--no-reports', '--json']);
			await has(/export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=/);
			await fromNow(1500);
			child.kill('SIGINT');
			const {code, stdout} = await ended;
			const line = JSON.parse(stdout) as {
				clients: ReadonlyArray<{name: string; requests: number}>;
				region: string;
			};
			expect([code, line.region]).toEqual([0, 'us-east-1']);
			expect(new Set(line.clients.map(({name}) => name))).toEqual(new Set(['report-writer', 'support-chat']));
		});

		it('gives up what is in flight at the second Ctrl+C, and says by its exit code that something was lost', async () => {
			const {child, has, ended, url, cwd} = startTap([], {AWS_ENDPOINT_URL: endless.url});
			const base = await url;
			const inFlight = ask(base).catch(() => 'cut');
			await untilInFlight(base);
			child.kill('SIGINT');
			await has(/1 request in flight/);
			child.kill('SIGTERM');
			expect(await inFlight).toBe('cut');
			expect(await ended).toMatchObject({code: 130});
			expect(readResultsIn(cwd)).toMatchObject({outcome: 'stopped', stoppedBy: 'signal'});
		});

		it('keeps the secret of a typed port, which a second tap leaves alone, and does not ask itself', async () => {
			const home = newFolder();
			mkdirSync(path.join(home, 'aws'));
			const port = String(20_000 + (process.pid % 20_000));
			const first = startTap(['--port', port], {HOME: home, XDG_CACHE_HOME: home});
			const url = await first.url;
			const second = await startTap(['--port', port, '--new-secret'], {HOME: home, XDG_CACHE_HOME: home})
				.ended;
			expect(second).toMatchObject({code: 1, stdout: ''});
			expect(second.stderr).toContain(`Port ${port} is already in use, perhaps by another tap.`);
			first.child.kill('SIGTERM');
			expect(await first.ended).toMatchObject({code: 0});
			const file = path.join(home, 'bedrock-top', 'tap', `${port}.secret`);
			expect(statSync(file).mode & 0o777).toBe(0o600);
			const config = path.join(home, 'aws', 'config');
			writeFileSync(config, `[default]\nendpoint_url = ${url}\n`);
			const again = startTap(['--port', port], {
				HOME: home,
				XDG_CACHE_HOME: home,
				AWS_CONFIG_FILE: config,
				AWS_ENDPOINT_URL: undefined,
				AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url,
			});
			expect(await again.url).toBe(url);
			await again.has(/AWS_ENDPOINT_URL_BEDROCK_RUNTIME points to this tap itself/);
			again.child.kill('SIGTERM');
			const {stderr} = await again.ended;
			expect(stderr).toContain('endpoint_url in the AWS configuration points to this tap itself');
			expect(readdirSync(again.cwd)).toEqual([]);
			expect(stderr).not.toContain(readFileSync(file, 'utf8').trim());
		});
	},
);
