import {expect, it} from 'vitest';
import type {KeptRun} from '../../source/domain/snapshot.ts';
import {comparedRuns} from '../../source/reports/compare/comparison-table.ts';
import {resultsOf, snapshotOf} from '../../source/reports/results.ts';
import {keptRunOf} from '../../source/reports/run-index.ts';
import {environment, snapshot, variant} from '../helpers/results-fixture.ts';
import {createCamera, joinFrames, openScreen} from '../helpers/screen.ts';

/** Tests source/view/history/history.ts and source/tui/overlays/list-overlays.ts: earlier runs on the screen. */

const resultsAt = (day: number, output: number) =>
	resultsOf(
		snapshot({
			variants: [variant({name: 'concise', output}), variant({name: 'minimal', output: output * 2})],
			patch: {
				run: `run-${day}`,
				startedAt: `2026-11-${day}T13:24:05.000Z`,
				endedAt: `2026-11-${day}T13:25:35.000Z`,
				outcome: day === 21 ? 'stopped' : 'completed',
			},
		}),
		environment,
	);

const kept: ReadonlyMap<string, ReturnType<typeof resultsAt>> = new Map(
	[22, 21, 20].map((day) => {
		const results = resultsAt(day, day * 5);
		return [`/reports/${day}`, results] as const;
	}),
);

const runs: readonly KeptRun[] = [...kept].map(([folder, results]) => keptRunOf(results, folder));

const resultsOfRun = ({folder}: KeptRun) => {
	const results = kept.get(folder);
	if (results === undefined) {
		throw new Error(`${folder}/results.json cannot be read as results: it is not JSON.`);
	}
	return results;
};

const history = (listed: readonly KeptRun[] = runs) => ({
	list: async () => ({runs: listed, faults: []}),
	read: async (run: KeptRun) => snapshotOf(resultsOfRun(run)),
	compare: async (two: readonly KeptRun[]) =>
		comparedRuns(two.map((run) => ({name: run.startedAt.slice(0, 10), results: resultsOfRun(run)}))),
});

const enter = '\r';
const leave = '\u001B';

it.for([
	{columns: 80, rows: 24},
	{columns: 30, rows: 6},
	{columns: 120, rows: 40},
])('at $columns x $rows: the list, a run reopened, two compared', async (size) => {
	const screen = openScreen(size, {history: history()});
	await screen.prepare();
	await screen.progress();
	const camera = createCamera(screen);
	await camera.shoot('the list', 'H');
	await camera.shoot('reopened', 'j', enter);
	await camera.shoot('its variants', '3');
	await camera.shoot('two marked', 'H', ' ', 'j', ' ');
	await camera.shoot('compared', 'c');
	await expect(joinFrames(camera.frames)).toMatchFileSnapshot(
		`frames/history-${size.columns}x${size.rows}.txt`,
	);
	await screen.finish();
	screen.abort();
	await screen.end;
});

it('the present run goes on behind an earlier one, and Esc returns to it', async () => {
	const screen = openScreen({columns: 120, rows: 40}, {history: history()});
	await screen.prepare();
	await screen.progress();
	await screen.terminal.press('H');
	await screen.settled();
	await screen.terminal.press(enter);
	expect(await screen.settled()).toContain('EARLIER RUN of 2026-11-22 13:24:05 UTC · Esc returns');
	await screen.terminal.press('x');
	expect(await screen.settled()).toContain('an earlier run is shown: Esc returns to the present');
	await screen.finish();
	expect(screen.terminal.text()).toContain('EARLIER RUN');
	await screen.terminal.press(leave);
	const present = await screen.settled();
	expect(present).toContain('COMPLETED');
	expect(present).not.toContain('EARLIER RUN');
	expect(screen.engine.asked()).toEqual(['prepare', 'start']);
	await screen.terminal.press('q');
	expect((await screen.end).snapshot?.run).toBeUndefined();
});

it('the open list takes in a run that ends meanwhile, and the cursor stays at its run', async () => {
	const [newest, ...older] = runs;
	let listed: readonly KeptRun[] = older;
	let added: () => void = () => undefined;
	const screen = openScreen(
		{columns: 120, rows: 40},
		{
			history: {
				...history(),
				list: async () => ({runs: listed, faults: []}),
				onKept: (listener) => {
					added = listener;
				},
			},
		},
	);
	await screen.prepare();
	await screen.progress();
	added();
	expect(await screen.settled()).not.toContain('Earlier runs ·');
	await screen.terminal.press('H');
	await screen.settled();
	await screen.terminal.press('j');
	expect(await screen.settled()).toMatch(/Earlier runs · 2[\s\S]*› +2026-11-20/);
	listed = newest === undefined ? [] : [newest, ...older];
	await screen.finish();
	added();
	expect(await screen.settled()).toMatch(/Earlier runs · 3[\s\S]*2026-11-22[\s\S]*› +2026-11-20/);
	screen.abort();
	await screen.end;
});

it('q leaves from an earlier run as from the present one, whose summary is printed', async () => {
	const screen = openScreen({columns: 120, rows: 40}, {history: history()});
	await screen.prepare();
	await screen.progress();
	await screen.terminal.press('H');
	await screen.settled();
	await screen.terminal.press(enter);
	await screen.settled();
	await screen.terminal.press('q');
	await screen.settled();
	expect(screen.engine.asked()).toEqual(['prepare', 'start', 'stop']);
	await screen.finish({outcome: 'stopped', stoppedBy: 'key'});
	expect((await screen.end).snapshot).toMatchObject({
		outcome: 'stopped',
		startedAt: '2026-03-01T10:00:00.000Z',
	});
});

it('says why a run cannot be read or compared, and goes on', async () => {
	const [first] = runs;
	const foreign = first === undefined ? [] : [{...first, folder: '/reports/broken'}];
	const screen = openScreen({columns: 120, rows: 40}, {history: history([...foreign, ...runs])});
	await screen.prepare();
	await screen.finish();
	await screen.terminal.press('H');
	await screen.settled();
	await screen.terminal.press(enter);
	expect(await screen.settled()).toContain('/reports/broken/results.json cannot be read as results');
	await screen.terminal.press('c');
	expect(await screen.settled()).toContain('Space marks two runs, then c compares them.');
	await screen.terminal.press(leave);
	expect(await screen.settled()).not.toContain('Earlier runs');
	screen.abort();
	await screen.end;
});

it('opens on the list, or on one run, and asks the engine for nothing', async () => {
	const [first] = runs;
	for (const opensOnRuns of ['list', first] as const) {
		const screen = openScreen(
			{columns: 120, rows: 40},
			{history: history(), opensOnRuns: opensOnRuns ?? 'list'},
		);
		const text = await screen.settled();
		expect(text).toContain(opensOnRuns === 'list' ? 'Earlier runs · 3' : 'EARLIER RUN of 2026-11-22');
		expect(screen.engine.asked()).toEqual([]);
		await screen.terminal.press('q', 'q');
		await screen.end;
	}
});
