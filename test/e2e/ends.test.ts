import {spawn} from 'node:child_process';
import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {readResults} from '../../source/reports/results-schema.ts';
import {isBuilt, newFolder, plainEnvironment, program, undrawn} from '../helpers/built-program.ts';
import {openPseudoTerminal} from '../helpers/pseudo-terminal.ts';

/** Ends that nobody planned: signals, faults of the program, threads that hang. What was measured is always there. */

const longRun = [
	...['summarize', '--demo', '--requests', '5000', '--no-early-stop', '--no-answers', '--csv'],
	// How much is under way does not matter, and few requests leave the processor to the other tests.
	...['--concurrency', '4'],
];

/** A fault in the program, some time after `answers` were received: planted from outside, as the program has none to offer. */
const planted = (where: 'main' | 'engine', what: string): Record<string, string> => {
	const isHere = where === 'main' ? 'isMainThread' : '!isMainThread';
	const text = `
		import {isMainThread} from 'node:worker_threads';
		import {existsSync} from 'node:fs';
		const file = process.env.PLANT_AFTER;
		if (${isHere}) {
			const timer = setInterval(() => {
				if (existsSync(file) && ${where === 'main' ? 'true' : "process.getActiveResourcesInfo().includes('TCPSocketWrap') && !process.getActiveResourcesInfo().includes('TCPServerWrap')"}) {
					clearInterval(timer);
					setTimeout(async () => { ${what} }, 300);
				}
			}, 50);
			timer.unref();
		}`;
	return {NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(text)}`};
};

type Ended = {
	readonly code: number | null;
	readonly signal: string | null;
	readonly stderr: string;
	readonly tookMs: number;
};

const start = (argv: readonly string[], cwd: string, environment: Record<string, string> = {}) => {
	const child = spawn(process.execPath, [program, ...argv], {
		cwd,
		env: {...plainEnvironment(), ...undrawn, ...environment},
		stdio: ['pipe', 'pipe', 'pipe'],
	});
	let stderr = '';
	child.stdout.resume();
	child.stderr.on('data', (chunk) => {
		stderr += String(chunk);
	});
	const ended = new Promise<Omit<Ended, 'tookMs'>>((resolve) => {
		child.on('close', (code, signal) => resolve({code, signal, stderr}));
	});
	return {child, ended};
};

const until = async (isThere: () => boolean): Promise<void> => {
	for (let tries = 0; !isThere(); tries++) {
		if (tries > 600) {
			throw new Error('it never came');
		}
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
};

const hasRows = (file: string): boolean => existsSync(file) && statSync(file).size > 500;

const resultsIn = (folder: string) => {
	const file = path.join(folder, 'results.json');
	return readResults(readFileSync(file, 'utf8'), file);
};

describe.skipIf(!isBuilt || process.platform === 'win32')(
	'ends that nobody planned (skipped where dist/ is not built, and on Windows)',
	() => {
		it.concurrent.each([[['SIGHUP', 'SIGHUP', 'SIGTERM'], 129]] satisfies ReadonlyArray<
			[NodeJS.Signals[], number]
		>)('%s within ms is one wish: all reports, exit %i', async (signals, exitCode) => {
			const cwd = newFolder();
			const {child, ended} = start(['run', ...longRun, '--out', 'o'], cwd);
			await until(() => hasRows(path.join(cwd, 'o/requests.csv')));
			for (const signal of signals) {
				child.kill(signal);
				await new Promise((resolve) => setTimeout(resolve, 30));
			}
			const {code, stderr} = await ended;
			expect([code, stderr]).toEqual([exitCode, '']);
			expect(resultsIn(path.join(cwd, 'o'))).toMatchObject({outcome: 'stopped', stoppedBy: 'signal'});
			expect(readdirSync(path.join(cwd, 'o'))).toContain('summary.md');
		});

		it.concurrent.each([
			[
				'a rejection',
				"Promise.reject(Object.assign(new Error('EMFILE: open'), {code: 'EMFILE', path: '/x'}))",
				/an error of the system: \/x: this program has too many files and connections open\./,
			],
		])(
			'%s in the main thread is a sentence, and what was measured is there',
			async (_name, what, sentence) => {
				const cwd = newFolder();
				const file = path.join(cwd, 'o/requests.csv');
				const {ended} = start(['run', ...longRun, '--out', 'o'], cwd, {
					...planted('main', what),
					PLANT_AFTER: file,
				});
				const {code, stderr} = await ended;
				expect(code).toBe(1);
				expect(stderr).toMatch(sentence);
				expect(stderr).not.toMatch(/\n\s+at |\u001B/);
				expect(stderr).toContain('Results up to this point: ');
				expect(resultsIn(path.join(cwd, 'o'))).toMatchObject({outcome: 'failed', stoppedBy: 'fault'});
			},
		);

		it.concurrent('gives the terminal back after an error, says it there, and shows the stack with --debug', async () => {
			const cwd = newFolder();
			const terminal = openPseudoTerminal(process.execPath, [program, ...longRun, '--debug', '--out', 'o'], {
				cwd,
				environment: {
					...plainEnvironment(),
					...planted('main', "throw new Error('planted')"),
					PLANT_AFTER: path.join(cwd, 'o/requests.csv'),
				},
			});
			expect((await terminal.exited).exitCode).toBe(1);
			expect([terminal.isAlternate(), terminal.isCursorHidden()]).toEqual([false, false]);
			expect(terminal.screen().join(' ')).toMatch(/a fault of the program: planted/);
			expect(terminal.screen().join('\n')).toMatch(/ at /);
			expect(resultsIn(path.join(cwd, 'o'))).toMatchObject({outcome: 'failed'});
		});

		it.concurrent.each([
			[
				'hangs',
				"(await import('node:fs')).writeFileSync(file + '.hangs', ''); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
				/it did not answer when it was asked to stop/,
				true,
			],
			// It ends the run by itself.
			['dies', "throw new Error('planted')", /The engine stopped: planted/, false],
		])('an engine that %s costs nothing that was measured', async (_name, what, sentence, isAsked) => {
			const cwd = newFolder();
			const file = path.join(cwd, 'o/requests.csv');
			const {child, ended} = start(['run', ...longRun, '--out', 'o'], cwd, {
				...planted('engine', what),
				PLANT_AFTER: file,
			});
			await until(() => hasRows(file));
			if (isAsked) {
				await until(() => existsSync(`${file}.hangs`));
				child.kill('SIGINT');
			}
			const {code, stderr} = await ended;
			expect(stderr).toMatch(sentence);
			expect([1, 130]).toContain(code);
			expect(resultsIn(path.join(cwd, 'o'))).toMatchObject({outcome: 'failed', stoppedBy: 'fault'});
		});
	},
);

describe.skipIf(!isBuilt || process.platform === 'win32')(
	'a service that never answers (skipped where dist/ is not built, and on Windows)',
	() => {
		const server = createServer(() => {});
		let environment: Record<string, string>;

		beforeAll(async () => {
			await new Promise<void>((resolve) => {
				server.listen(0, '127.0.0.1', resolve);
			});
			environment = {
				AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
				AWS_ACCESS_KEY_ID: 'AKIAX',
				AWS_SECRET_ACCESS_KEY: 'x',
				AWS_REGION: 'us-east-1',
				AWS_EC2_METADATA_DISABLED: 'true',
			};
		});

		afterAll(() => {
			server.closeAllConnections();
			server.close();
		});

		it.concurrent.each([
			'quotas',
			'batch --list',
			'watch',
			'run classify -m amazon.nova-lite-v1:0 --dry-run',
			'simulate',
		])('%s ends soon after the first SIGINT', async (line) => {
			const connected = new Promise<void>((resolve) => {
				server.once('request', () => resolve());
			});
			const {child, ended} = start(line.split(' '), newFolder(), environment);
			const ready = new Promise<void>((resolve) => {
				child.stdout.once('data', () => resolve());
			});
			await Promise.race([connected, ready, new Promise((resolve) => setTimeout(resolve, 3000))]);
			const at = performance.now();
			child.kill('SIGINT');
			const {code, signal, stderr} = await ended;
			// Within 2 s by itself; a machine that is busy with a whole suite gets more.
			expect(performance.now() - at).toBeLessThan(20_000);
			expect([130, 0, null]).toContain(code);
			expect(code === null ? signal : 'SIGINT').toBe('SIGINT');
			expect(stderr).toBe('');
		});
	},
);
