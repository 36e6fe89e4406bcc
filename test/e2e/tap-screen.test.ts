import {readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it, type TestContext} from 'vitest';
import {
	isBuilt,
	newFolder,
	plainEnvironment,
	program,
	readResultsIn,
	undrawn,
} from '../helpers/built-program.ts';
import {openPseudoTerminal} from '../helpers/pseudo-terminal.ts';

/** Tests source/commands/tap/tap-screen.ts: the screen of a tap in the built program, with a client behind it. */

const model = 'us.amazon.nova-lite-v1:0';

const ask = async (url: string, maxTokens = 60): Promise<Response> =>
	fetch(`${url}/model/${encodeURIComponent(model)}/converse-stream`, {
		method: 'POST',
		headers: {'content-type': 'application/json', 'x-bedrock-top-client': 'reader'},
		body: JSON.stringify({
			messages: [{role: 'user', content: [{text: 'Summarize: the harbour grew.'}]}],
			inferenceConfig: {maxTokens},
		}),
	});

/** What the program has put into the clipboard of its terminal (OSC 52). */
const copiedIn = (raw: string): string | undefined => {
	const [, encoded] = /\u001B\]52;c;([A-Za-z\d+/=]+)/.exec(raw) ?? [];
	return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString();
};

const has =
	(text: string | RegExp) =>
	(lines: readonly string[]): boolean =>
		lines.some((line) => (typeof text === 'string' ? line.includes(text) : text.test(line)));

/** A tap with its screen, whose terminal takes texts for its clipboard. */
const open = async ({onTestFinished}: Pick<TestContext, 'onTestFinished'>) => {
	const cwd = newFolder();
	const terminal = openPseudoTerminal(process.execPath, [program, 'tap', '--demo'], {
		cwd,
		columns: 120,
		rows: 40,
		environment: {...plainEnvironment(), ...undrawn},
	});
	onTestFinished(() => terminal.kill('SIGKILL'));
	await terminal.waitFor(has('[8 Traffic]'), 'the view Traffic');
	expect(terminal.isAlternate()).toBe(true);
	await terminal.waitFor(() => terminal.raw().includes('\u001B[c'), 'the question what it is');
	terminal.write('\u001B[?62c');
	terminal.write('y');
	await terminal.waitFor(() => copiedIn(terminal.raw()) !== undefined, 'the copied lines');
	const [, url = ''] = /AWS_ENDPOINT_URL_BEDROCK_RUNTIME=(\S+)/.exec(copiedIn(terminal.raw()) ?? '') ?? [];
	return {...terminal, cwd, url, secret: new URL(url).pathname.slice(1)};
};

describe.skipIf(!isBuilt || process.platform === 'win32')(
	'a tap in a terminal (skipped where dist/ is not built, and on Windows)',
	{concurrent: true},
	() => {
		it('shows its clients, asks before it holds their requests, and ends them on q', async (context) => {
			const {cwd, url, secret, ...terminal} = await open(context);
			await Promise.all([ask(url), ask(url), ask(url)].map(async (answer) => (await answer).text()));
			await terminal.waitFor(has(/reader +us\.nova-lite +3/), 'the row of the client');
			expect(terminal.screen().join('')).not.toContain(secret);

			terminal.write('p');
			await terminal.waitFor(has('Hold new requests?'), 'the question');
			terminal.write('p');
			await terminal.waitFor(has('PAUSED'), 'the pause');
			const refused = await ask(url);
			expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
			terminal.write('p');
			await terminal.waitFor(has('SERVING'), 'the end of the pause');

			// Its first byte is here, and the rest takes a while.
			const last = await ask(url, 4000);
			terminal.write('q');
			await terminal.waitFor(has('ENDING'), 'the end of the tap in words');
			expect((await ask(url)).status).toBe(503);
			expect(last.status).toBe(200);
			await last.text();
			await expect(terminal.exited).resolves.toMatchObject({exitCode: 0});
			expect(terminal.isAlternate()).toBe(false);
			const printed = terminal.screen().join('\n');
			expect(printed).toContain('results.json');
			expect(printed).not.toContain(secret);
			const results = readResultsIn(cwd);
			expect(JSON.stringify(results)).not.toContain(secret);
			expect(results.variants.find(({name}) => name === 'reader')?.requests.sent).toBe(4);
		});

		it('a program beside the screen prints into child.log, and its end closes the screen with its code', async ({
			onTestFinished,
		}) => {
			const cwd = newFolder();
			const script = `
				const url = process.env.AWS_ENDPOINT_URL_BEDROCK_RUNTIME;
				console.log('said by the program');
				process.stdin.once('data', () => {});
				const body = JSON.stringify({messages: [{role: 'user', content: [{text: 'Hello.'}]}]});
				const headers = {'content-type': 'application/json', 'x-bedrock-top-client': 'child'};
				fetch(url + '/model/${encodeURIComponent(model)}/converse', {method: 'POST', headers, body})
					.then((answer) => answer.text())
					.then(() => setTimeout(() => process.exit(7), 3000));
			`;
			const terminal = openPseudoTerminal(
				process.execPath,
				[program, 'tap', '--demo', '--screen', '--out', 'kept', '--', process.execPath, '-e', script],
				{cwd, columns: 120, rows: 40, environment: {...plainEnvironment(), ...undrawn}},
			);
			onTestFinished(() => terminal.kill('SIGKILL'));
			await terminal.waitFor(has(/child +us\.nova-lite +1/), 'the row of the program');
			expect(terminal.isAlternate()).toBe(true);
			await expect(terminal.exited).resolves.toMatchObject({exitCode: 7});
			expect(terminal.isAlternate()).toBe(false);
			expect(terminal.raw()).not.toContain('said by the program');
			expect(readFileSync(path.join(cwd, 'kept', 'child.log'), 'utf8')).toBe('said by the program\n');
		});

		// On a busy machine the answer may be whole before the second signal is there: then the tap ends with 0.
		it('a signal closes the screen, and a second one gives up what is in flight', {
			retry: 2,
		}, async (context) => {
			const {url, cwd, ...terminal} = await open(context);
			// One after another, so that one is in flight whenever the signal comes.
			const cut = (async (): Promise<void> => {
				for (;;) {
					const answer = await ask(url, 4000);
					await answer.text();
					if (answer.status !== 200) {
						throw new Error(`refused with ${answer.status}`);
					}
				}
			})();
			const isCut = expect(cut).rejects.toThrow();
			// The applications of the demo have requests in flight too.
			await terminal.waitFor(has('reader'), 'the request');
			terminal.kill('SIGTERM');
			await terminal.waitFor(has('New requests get 503.'), 'what the signal means');
			expect(terminal.isAlternate()).toBe(false);
			terminal.kill('SIGTERM');
			await isCut;
			await expect(terminal.exited).resolves.toMatchObject({exitCode: 143});
			expect(readResultsIn(cwd).variants.some(({name}) => name === 'reader')).toBe(true);
		});
	},
);
