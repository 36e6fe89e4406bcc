import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import {describe, expect, it} from 'vitest';
import type {RunSetup} from '../../source/commands/run/run-setup.ts';
import {screen, screenPresets} from '../../source/commands/screen.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {presetsIn} from '../../source/config/parse-preset.ts';
import {shippedNames} from '../../source/config/preset-files.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';
import type {KeptRun} from '../../source/domain/snapshot.ts';
import type {Io} from '../../source/terminal/io.ts';

let runs: readonly KeptRun[] = [];

const presetsOf = async (...argv: readonly string[]) => {
	const {flags} = parseArguments(['summarize', ...argv]);
	const config = await resolveRun('summarize', flags, async () => '');
	return screenPresets(flags, {config} as unknown as RunSetup, async () => ({runs}));
};

it('without a terminal and without anything to run says in three lines what to do', async () => {
	const started = async (environment: Io['environment'], ...argv: readonly string[]) => {
		const [stdout, stderr] = [new PassThrough(), new PassThrough()];
		const io = {stdin: new PassThrough(), stdout, stderr, environment, signal: new AbortController().signal};
		const code = await screen(parseArguments(argv), io as unknown as Io, {});
		stdout.end();
		stderr.end();
		return {code, out: (await stdout.toArray()).join(''), errors: (await stderr.toArray()).join('')};
	};
	const {code, out, errors} = await started({});
	expect(code).toBe(2);
	expect(errors).toBe('');
	expect(out.split('\n').map((line) => line.split(/ {2,}/)[0])).toEqual([
		'bedrock-top run summarize --demo',
		'bedrock-top watch',
		'bedrock-top run summarize -m MODEL',
		'',
	]);
	expect((await started({npm_command: 'exec'})).out).toMatch(/^npx bedrock-top run summarize --demo {2}/);
	expect((await started({}, '--json')).out).toBe('');
});

describe('screenPresets', () => {
	it('lists the shipped presets with what they are for', async () => {
		const listed = await (await presetsOf()).list();
		expect(listed.map(({name}) => name)).toEqual(shippedNames());
		expect(listed.every(({description}) => description !== '')).toBe(true);
	});

	it('lists what was run last before the others, and says when', async () => {
		runs = [
			{preset: 'hybrid', startedAt: '2026-11-21T10:00:00.000Z'},
			{preset: 'chat', startedAt: '2026-11-20T10:00:00.000Z'},
			{preset: 'hybrid', startedAt: '2026-11-19T10:00:00.000Z'},
		] as unknown as readonly KeptRun[];
		const listed = await (await presetsOf()).list();
		expect(listed.slice(0, 3).map(({name, note}) => [name, note])).toEqual([
			['hybrid', 'run 2026-11-21 10:00'],
			['chat', 'run 2026-11-20 10:00'],
			['classify', ''],
		]);
		runs = [];
	});

	it('finds the presets of a folder, also one that is broken, and no other YAML files', async () => {
		const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-presets-'));
		const write = (name: string, text: string) => {
			writeFileSync(path.join(folder, name), text);
		};
		write('mine.yaml', 'name: letters\ndescription: ours\ntask: Sum up.\nvariants: [{name: a}]\n');
		write('broken.yml', 'name: x\ntask: Sum up.\nvarients: []\n');
		write('compose.yaml', 'services: {}\n');
		write('notes.txt', 'task: none');
		expect(await presetsIn(folder)).toEqual([
			{name: './broken.yml', title: '', description: expect.stringContaining('unknown key "varients"')},
			{name: './mine.yaml', title: 'letters', description: 'ours'},
		]);
		expect(await presetsIn(path.join(folder, 'nowhere'))).toEqual([]);
	});

	it('takes the flags over that are not about one preset', async () => {
		const {load} = await presetsOf('--variants', 'concise', '--content', 'x', '--max-tokens', '55');
		const config = await load('classify');
		expect(config.variants.length).toBeGreaterThan(1);
		expect([config.maxTokens, config.task.items.length > 0]).toEqual([55, true]);
	});

	it('rejects with what is wrong', async () => {
		const {load} = await presetsOf();
		await expect(load('no-such-preset')).rejects.toMatchObject({exitCode: 2});
	});
});
