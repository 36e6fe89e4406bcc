import {expect, it} from 'vitest';
import type {RunConfig} from '../../source/domain/run-config.ts';
import {createCamera, joinFrames, openScreen} from '../helpers/screen.ts';
import {configFixture, modelsFixture, readySnapshotFixture} from '../helpers/snapshot-fixture.ts';
import {keySequences} from '../helpers/terminal.tsx';

/** Tests source/tui/overlays in scripted sessions; all frames of one session in a golden file. */

it('models and presets are chosen', {timeout: 60_000}, async () => {
	const screen = openScreen({columns: 80, rows: 24}, {isDemo: false, config: configFixture({models: []})});
	const {shoot, frames} = createCamera(screen);
	await shoot('no model is named');
	screen.engine.report({type: 'models-listed', models: modelsFixture()});
	await shoot('models');
	await shoot('narrowed down', 'u', 's', '.');
	await shoot('two are marked', ' ', keySequences.down, ' ');
	await shoot('not in the list', 'x', 'y');
	await shoot('preparing', '\u007F', '\u007F', keySequences.enter);
	await screen.prepare();
	await shoot('plan');
	await shoot('presets', 'o');
	await shoot('another preset', keySequences.down, keySequences.down, keySequences.enter);
	expect(screen.engine.asked()).toEqual(['list-models', 'prepare', 'prepare']);
	expect(screen.engine.requests.at(-1)).toMatchObject({
		config: {
			preset: 'extract-json',
			models: ['us.amazon.nova-lite-v1:0', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
		},
	});
	screen.engine.report({
		type: 'models-failed',
		fault: {
			message: 'The models cannot be listed.',
			hint: 'Allow bedrock:ListFoundationModels.',
			exitCode: 1,
		},
	});
	await shoot('models cannot be listed', 'M');
	screen.abort();
	await screen.end;
	await expect(joinFrames(frames)).toMatchFileSnapshot('frames/pickers-80x24.txt');
});

it('settings are changed, with the plan before anything is sent', {timeout: 60_000}, async () => {
	const screen = openScreen({columns: 80, rows: 24}, {isDemo: false});
	const {shoot, frames} = createCamera(screen);
	await screen.prepare();
	await shoot('settings', ',');
	await shoot('another load', keySequences.down, '\u001B[C');
	await screen.prepare();
	await shoot('its plan');
	await shoot('a value is typed', keySequences.down, keySequences.down, keySequences.down, '4', 'x');
	await shoot('what is wrong with it', keySequences.enter);
	await shoot('mended and taken', '\u007F', keySequences.enter);
	await screen.prepare();
	await shoot('plan');
	expect(screen.engine.requests.at(-1)).toMatchObject({
		config: {load: {shape: 'saturate', concurrency: 4}},
	});
	screen.abort();
	await screen.end;
	await expect(joinFrames(frames)).toMatchFileSnapshot('frames/settings-80x24.txt');
});

it.each([
	['marked as pasted', '\u001B[200~us.meta.llama3-3-70b-instruct-v1:0\u001B[201~'],
	['in one piece', 'us.meta.llama3-3-70b-instruct-v1:0'],
])('an identifier arrives in the model picker %s', async (_, sequence) => {
	const screen = openScreen({columns: 80, rows: 24}, {isDemo: false});
	await screen.prepare();
	await screen.terminal.press('M');
	await screen.terminal.press(sequence);
	expect(await screen.settled()).toContain('"us.meta.llama3-3-70b-instruct-v1:0" as typed');
	await screen.terminal.press(keySequences.enter);
	await screen.settled();
	expect(screen.engine.requests.at(-1)).toMatchObject({
		type: 'prepare',
		config: {models: ['us.meta.llama3-3-70b-instruct-v1:0']},
	});
	screen.abort();
	await screen.end;
});

it('without credentials the first screen says so, and one key shows the demo', async () => {
	const config = configFixture();
	const begun: RunConfig[] = [];
	const screen = openScreen(
		{columns: 80, rows: 24},
		{
			isDemo: false,
			startDemo: async () => config,
			beginRun(each) {
				begun.push(each);
				return undefined;
			},
		},
	);
	const fault = {
		message: 'No AWS credentials were found.',
		hint: 'Run `aws configure`.',
		exitCode: 1,
	} as const;
	screen.engine.report({type: 'failed', fault});
	const text = await screen.settled();
	expect(text).toContain('No AWS credentials were found.');
	expect(text).toContain('r tries again   d shows the demo   q quits');
	await screen.terminal.press('d');
	await screen.settled();
	await screen.prepare(readySnapshotFixture({simulated: false}));
	// The service has not said so yet, but it is known already.
	expect(await screen.settled()).toContain('SIMULATED');
	expect(screen.engine.asked()).toEqual(['prepare', 'prepare', 'start']);
	await screen.finish();
	await screen.terminal.press('q');
	await screen.end;
	expect(begun).toEqual([config]);
});

it.each([
	[80, 24],
	[30, 6],
	[120, 40],
])('columns are chosen at %d x %d', {timeout: 60_000}, async (columns, rows) => {
	const remembered: unknown[] = [];
	const screen = openScreen(
		{columns, rows},
		{
			async remember(values) {
				remembered.push(...values);
				return {file: 'config.yaml', names: ['columns.variants']};
			},
		},
	);
	const {shoot, frames} = createCamera(screen);
	await screen.prepare();
	await screen.finish();
	await shoot('columns of the variants', '3', 'C');
	const down = Array.from({length: 6}, () => keySequences.down);
	await shoot('one is off', ...down, ' ');
	await shoot('remembered', '\u0013');
	await shoot('kept', keySequences.enter);
	expect(remembered).toMatchObject([[['columns', 'variants'], expect.not.arrayContaining(['sustainable'])]]);
	screen.abort();
	await screen.end;
	await expect(joinFrames(frames)).toMatchFileSnapshot(`frames/columns-${columns}x${rows}.txt`);
});
