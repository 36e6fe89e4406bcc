import {existsSync, mkdtempSync, readdirSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it, type TestContext, vi} from 'vitest';
import {keepRuns} from '../../../source/commands/run/keep-results.ts';
import type {RunSetup} from '../../../source/commands/run/run-setup.ts';
import type {Snapshot} from '../../../source/domain/snapshot.ts';
import {executeWills} from '../../../source/terminal/signals.ts';
import {undrawn} from '../../helpers/built-program.ts';
import {createFakeEngine} from '../../helpers/fake-engine.ts';
import {snapshot, twoVariants, variant} from '../../helpers/results-fixture.ts';
import {configFixture} from '../../helpers/snapshot-fixture.ts';

const config = configFixture();

/** What a screen keeps, with an engine that reports what the test says; the charts are empty. */
const keeper = ({onTestFinished}: TestContext, out?: string) => {
	vi.stubEnv('NODE_OPTIONS', undrawn.NODE_OPTIONS);
	onTestFinished(() => void vi.unstubAllEnvs());
	const root = mkdtempSync(path.join(tmpdir(), 'bedrock-top-'));
	const folder = path.join(root, out ?? 'bedrock-top-reports/claimed');
	const engine = createFakeEngine();
	const output = {folder: out} as RunSetup['output'];
	const kept = keepRuns(engine, {
		config,
		folder,
		output,
		answers: undefined,
		resumption: undefined,
		isDemo: false,
	});
	onTestFinished(kept.release);
	return {root, engine, kept};
};

const named = (run: string, patch: Partial<Snapshot> = {}): Snapshot => ({...twoVariants, run, ...patch});

const resultsIn = (folder: string): unknown =>
	JSON.parse(readFileSync(path.join(folder, 'results.json'), 'utf8'));

describe('keepRuns', () => {
	it('keeps each run of a screen when it ends, in its own folder, with a line in the index', async (context) => {
		const {root, engine, kept} = keeper(context);
		for (const run of ['one', 'two']) {
			kept.begin(config);
			engine.report({type: 'ended', snapshot: named(run)});
			await kept.kept().at(-1)?.first;
		}
		const all = kept.kept();
		const written = await Promise.all(all.map(async (each) => each.all));
		expect(written.map(({files, faults}) => [files.length, faults])).toEqual([
			[10, []],
			[10, []],
		]);
		const [first = '', second = ''] = all.map(({folder}) => folder ?? '');
		expect(path.dirname(first)).toBe(path.join(root, 'bedrock-top-reports'));
		expect([first, second].map(resultsIn)).toMatchObject([{run: 'one'}, {run: 'two'}]);
		const index = readFileSync(path.join(root, 'bedrock-top-reports/index.jsonl'), 'utf8');
		expect(
			index
				.trim()
				.split('\n')
				.map((line) => JSON.parse(line)),
		).toMatchObject([
			{run: 'one', folder: path.basename(first), requests: 240, variants: ['concise', 'minimal']},
			{run: 'two', folder: path.basename(second)},
		]);
	});

	it('says when the results of a run are on disk, and until then where they will be', async (context) => {
		const {engine, kept} = keeper(context);
		let added = 0;
		kept.onKept(() => {
			added += 1;
			expect(kept.underWay()).toBeUndefined();
		});
		kept.begin(config);
		const folder = kept.underWay();
		engine.report({type: 'ended', snapshot: named('one')});
		expect([added, kept.underWay()]).toEqual([0, folder]);
		await kept.kept()[0]?.first;
		expect([added, kept.kept()[0]?.folder]).toEqual([1, folder]);
		await kept.kept()[0]?.all;
	});

	it('names the folders of --out DIR: DIR, DIR-2; and leaves nothing beside them', async (context) => {
		const {root, engine, kept} = keeper(context, 'mine');
		for (const run of ['one', 'two', 'three']) {
			kept.begin(config);
			engine.report({type: 'ended', snapshot: named(run)});
			await kept.kept().at(-1)?.first;
		}
		expect(readdirSync(root).toSorted()).toEqual(['mine', 'mine-2', 'mine-3']);
		await Promise.all(kept.kept().map(async (each) => each.all));
	});

	it('writes nothing of a run in which nothing was sent', async (context) => {
		const {root, engine, kept} = keeper(context);
		kept.begin(config);
		const unsent = variant({count: 0});
		const requests = {...unsent.requests, attempts: 0};
		engine.report({type: 'ended', snapshot: snapshot({variants: [{...unsent, requests}]})});
		expect(kept.kept()).toEqual([]);
		expect(readdirSync(root)).toEqual([]);
	});

	it('keeps what there is of a run whose engine failed, and once what ended and is asked for', async (context) => {
		const {engine, kept} = keeper(context);
		kept.begin(config);
		const running = named('one', {endedAt: null, outcome: null});
		engine.report({type: 'snapshot', snapshot: running});
		engine.report({type: 'failed', fault: {message: 'It stopped.', hint: undefined, exitCode: 1}});
		// Another run cannot be prepared.
		engine.report({type: 'failed', fault: {message: 'No.', hint: undefined, exitCode: 1}});
		const [keeping] = kept.kept();
		expect(kept.keep(running)).toBe(keeping);
		await keeping?.all;
		expect(resultsIn(keeping?.folder ?? '')).toMatchObject({
			run: 'one',
			outcome: 'failed',
			stoppedBy: 'fault',
		});
	});

	it('a crash saves the run under way, and does not touch the earlier ones', async (context) => {
		const {engine, kept} = keeper(context);
		kept.begin(config);
		engine.report({type: 'ended', snapshot: named('one')});
		await kept.kept()[0]?.all;
		const earlier = kept.kept()[0]?.folder ?? '';
		const before = readFileSync(path.join(earlier, 'results.json'), 'utf8');
		kept.begin(config);
		const running = named('two', {endedAt: null, outcome: null});
		engine.report({type: 'snapshot', snapshot: running});
		const {folder = ''} = kept.placeOf(running);
		expect(executeWills().join()).toContain(path.join(folder, 'results.json'));
		expect(resultsIn(folder)).toMatchObject({run: 'two', outcome: 'failed'});
		expect(readFileSync(path.join(earlier, 'results.json'), 'utf8')).toBe(before);
	});

	it('writes a run again that went on after its end', async (context) => {
		const {engine, kept} = keeper(context);
		kept.begin(config);
		engine.report({type: 'ended', snapshot: named('one')});
		await kept.kept()[0]?.first;
		engine.report({type: 'ended', snapshot: named('one', {endedAt: '2026-11-22T13:30:00.000Z'})});
		expect(kept.kept()).toHaveLength(1);
		const [keeping] = kept.kept();
		await keeping?.all;
		expect(resultsIn(keeping?.folder ?? '')).toMatchObject({endedAt: '2026-11-22T13:30:00.000Z'});
		expect(existsSync(path.join(keeping?.folder ?? '', 'summary.md'))).toBe(true);
	});
});
