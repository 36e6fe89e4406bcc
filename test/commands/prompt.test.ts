import {mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {Readable, Writable} from 'node:stream';
import {describe, expect, it} from 'vitest';
import {prompt} from '../../source/commands/prompt.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveVariants} from '../../source/config/preset-variants.ts';
import type {Variant} from '../../source/domain/task.ts';
import {composePrompt} from '../../source/prompts/compose.ts';
import {bestRequestText, type Recipe} from '../../source/reports/best-request.ts';
import {resultsOf} from '../../source/reports/results.ts';
import type {Results} from '../../source/reports/results-schema.ts';
import type {Io} from '../../source/terminal/io.ts';
import {firstRequestOf} from '../../source/threads/sent-request.ts';
import {environment, snapshot, variant, verdictsOf} from '../helpers/results-fixture.ts';

const terse: Variant = {
	name: 'terse',
	instruction: '{{task}}\n\n{{item.subject}}: {{item.text}}',
	system: 'One word.',
	maxTokens: 8,
	stop: ['\n'],
	parameters: {temperature: 0},
	itemsPerRequest: 5,
	cache: false,
	compress: [],
};

const recipe: Recipe = {
	task: 'Sort it.',
	content: undefined,
	hasItems: true,
	maxTokens: 200,
	minQuality: null,
	variants: [terse],
};

const none = {throughput: null, efficiency: null, cost: null, latency: null};

const resultsWith = (name: string, prompt: {system: string | null; user: string}, task: string): Results => {
	const run = snapshot({variants: [variant({name, patch: {prompt, name}})]});
	const best = [{target: 0, ...none, throughput: name}];
	const verdicts = verdictsOf(best).filter(({basis}) => basis === 'winner');
	return resultsOf({...run, best, verdicts, spec: {...run.spec, task}}, environment);
};

const measured = resultsWith('terse', {system: 'One word.', user: 'as first sent'}, 'Sort it.');

const write = (results: Results, kept?: Recipe): string => {
	const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));
	writeFileSync(path.join(folder, 'results.json'), JSON.stringify(results));
	if (kept !== undefined) {
		const text = bestRequestText(results, kept, (choice) => firstRequestOf(results, choice, kept));
		writeFileSync(path.join(folder, 'best-request.json'), text);
	}
	return path.join(folder, 'results.json');
};

const run = async (argv: readonly string[], {input = '', isTTY = false} = {}) => {
	let text = '';
	const stdout = Object.assign(
		new Writable({
			write(chunk, _encoding, done) {
				text += String(chunk);
				done();
			},
		}),
		{isTTY},
	);
	const io = {stdout, stdin: Readable.from([input]), environment: {}} as unknown as Io;
	const code = await prompt(parseArguments(['prompt', ...argv]), io);
	return {code, text};
};

const json = async (...argv: readonly string[]) => JSON.parse((await run(argv)).text);

describe('prompt', () => {
	it('prints the winning request as it was first sent, in JSON on a pipe', async () => {
		const request = await json(write(measured, recipe));
		expect(request).toMatchObject({
			variant: 'terse',
			basis: 'winner',
			method: 'converse-stream',
			model: 'us.amazon.nova-lite-v1:0',
			body: {
				messages: [{role: 'user', content: [{text: 'as first sent'}]}],
				system: [{text: 'One word.'}],
				inferenceConfig: {maxTokens: 8, stopSequences: ['\n'], temperature: 0},
			},
		});
		expect(request.sdk.typescript).toContain('ConverseStreamCommand');
		expect(request.sdk.python).toContain('converse_stream');
	});

	it('prints just the call with --code, of several languages each behind its name', async () => {
		const file = write(measured, recipe);
		const {sdk} = await json(file);
		expect((await run([file, '--code', 'python'])).text).toBe(sdk.python);
		expect((await run([file, '--code', 'curl'], {isTTY: true})).text).toBe(sdk.curl);
		expect((await run([file, '--code', 'typescript, python'])).text).toBe(
			`// typescript\n${sdk.typescript}\n# python\n${sdk.python}`,
		);
		const content = (await run([file, '--code=curl', '--content', '{"subject": "s", "text": "new words"}']))
			.text;
		expect(content).toContain('Sort it.\\n\\ns: new words');
		await expect(run([file, '--code', 'pyton'])).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringMatching(/^--code: "pyton" is not one of: python, typescript, curl/),
		});
	});

	it('fills new content into the template, one at a time, also where items were packed', async () => {
		const content = '{"subject": "Invoice", "text": "Charged {{task}} twice", "other": 1}';
		const {body} = await json(write(measured, recipe), '--content', content);
		expect(body.messages[0].content[0].text).toBe('Sort it.\n\nInvoice: Charged {{task}} twice');
	});

	it('takes plain text where the template asks for one field, from a file or stdin too', async () => {
		const single = {...recipe, variants: [{...terse, instruction: '{{task}} {{item.text}}'}]};
		const file = write(measured, single);
		const textOf = async (argv: readonly string[], input = '') =>
			JSON.parse((await run([file, ...argv], {input})).text).body.messages[0].content[0].text;
		writeFileSync(path.join(path.dirname(file), 'content.txt'), 'from a file\n');
		expect(await textOf(['--content', 'hello'])).toBe('Sort it. hello');
		expect(await textOf(['--content', `@${path.dirname(file)}/content.txt`])).toBe('Sort it. from a file');
		expect(await textOf(['--content', '-', '--task', 'Name it.'], 'piped\n')).toBe('Name it. piped');
	});

	it('says what it needs when content does not fit the template', async () => {
		const file = write(measured, recipe);
		await expect(run([file, '--content', 'text'])).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringContaining('subject, text'),
		});
		await expect(run([file, '--content', '{"text": "a"}'])).rejects.toMatchObject({
			message: expect.stringMatching(/; subject is missing/),
		});
		await expect(run([file, '--task', 'Other.'])).rejects.toMatchObject({
			hint: expect.stringContaining('--content'),
		});
	});

	it('gives minimal, marked, before anything useful was measured', async () => {
		const empty = resultsOf(
			snapshot({variants: [variant({count: 0})], patch: {best: [], verdicts: []}}),
			environment,
		);
		const request = await json(write(empty), '--task', 'Sum up.', '--content', 'Text.');
		expect(request).toMatchObject({variant: 'minimal', basis: 'minimal'});
		expect(request.note).toMatch(/not a winner/);
		expect(request.body.messages[0].content[0].text).toBe('Sum up.\n\nText.');
	});

	it('rebuilds a shipped preset, and refuses when it would not make what was sent', async () => {
		const {loadPreset} = await import('../../source/config/load-preset.ts');
		const {preset, items} = loadPreset('classify');
		const oneWord = resolveVariants(preset, undefined).find(({name}) => name === 'one-word');
		const task = {task: preset.task, content: undefined, items, checks: []};
		const {system = null, user} = composePrompt(oneWord ?? terse, task, items.slice(0, 1));
		const results = resultsWith('one-word', {system, user}, preset.task);
		const ofPreset = {...results, plan: {...results.plan, preset: 'classify'}};
		const {body} = await json(write(ofPreset), '--content', 'No refund yet');
		expect(body.messages[0].content[0].text).toBe(`${preset.task}\n\nTicket: No refund yet`);

		const other = resultsWith('one-word', {system, user: 'another text'}, 'Something else.');
		await expect(
			run([write({...other, plan: {...other.plan, preset: 'classify'}}), '--content', 'x']),
		).rejects.toMatchObject({exitCode: 2, hint: expect.stringContaining('best-request.json')});
	});

	it('rebuilds a built-in variant from what was sent', async () => {
		const {builtInVariant} = await import('../../source/config/preset-variants.ts');
		const concise = builtInVariant('concise', undefined) ?? terse;
		const task = {task: 'Sum up.', content: 'Old text.', items: [], checks: []};
		const {system = null, user} = composePrompt(concise, task, []);
		const results = resultsWith('concise', {system, user}, 'Sum up.');
		const own = {...results, plan: {...results.plan, preset: null}};
		const sent = await json(write(own));
		expect(sent.body.messages[0].content[0].text).toBe(user);
		const {body} = await json(write(own), '--content', 'New text.');
		expect(body.messages[0].content[0].text).toBe(user.replace('Old text.', 'New text.'));
	});

	it('does not believe the recipe of another run', async () => {
		const file = write(measured, recipe);
		const beside = path.join(path.dirname(file), 'best-request.json');
		const kept = JSON.parse(readFileSync(beside, 'utf8'));
		writeFileSync(beside, JSON.stringify({...kept, startedAt: '2020-01-01T00:00:00.000Z'}));
		await expect(run([file])).rejects.toMatchObject({exitCode: 2});
	});

	it('is readable on a terminal and with --plain, and JSON there with --json', async () => {
		const file = write(measured, recipe);
		for (const {text} of [await run([file], {isTTY: true}), await run([file, '--plain'])]) {
			expect(text).toMatch(/^terse: .*Best for throughput/);
			expect(text).toContain('import boto3');
		}
		expect(JSON.parse((await run([file, '--json'], {isTTY: true})).text).variant).toBe('terse');
	});

	it.each([
		[['--goal', 'speed'], /"speed"/],
		[['-m', 'other'], /"other" was not run/],
		[['-m', 'a', '-m', 'b'], /2 times/],
	] as const)('refuses %j', async (argv, expected) => {
		await expect(run([write(measured, recipe), ...argv])).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringMatching(expected),
		});
	});
});
