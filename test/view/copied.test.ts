import {describe, expect, it} from 'vitest';
import {ItemCollector, itemColumns} from '../../source/domain/item-results.ts';
import type {KeptRun} from '../../source/domain/snapshot.ts';
import type {Action, Effect} from '../../source/view/actions.ts';
import {actionForKey} from '../../source/view/key-actions.ts';
import type {KeyCommand} from '../../source/view/keymap.ts';
import {reduce} from '../../source/view/reduce.ts';
import {copy, notCopyable} from '../../source/view/screen-commands.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {accountFixture} from '../helpers/account-fixture.ts';
import {
	configFixture,
	endedSnapshotFixture,
	planFixture,
	readySnapshotFixture,
	snapshotFixture,
} from '../helpers/snapshot-fixture.ts';

/** Tests source/view/screen-commands.ts: what `y` copies. */

type Untimed = Action extends infer Each ? (Each extends Action ? Omit<Each, 'atMs'> : never) : never;

const stateAfter = (state: State, ...actions: readonly Untimed[]): State =>
	actions.reduce(
		(before, action) => reduce(before, {...action, atMs: before.nowMs + 1} as Action).state,
		state,
	);
const given = (command: KeyCommand) => ({type: 'command-given', command}) as const;

const prepared = stateAfter(
	initialState({config: configFixture(), isDemo: true, startsAtOnce: true, nowMs: 0}),
	{
		type: 'run-prepared',
		plan: planFixture(),
		snapshot: readySnapshotFixture(),
	},
);
const running = stateAfter(prepared, {type: 'snapshot-received', snapshot: snapshotFixture()});

const copiedIn = (state: State): Effect | undefined => copy(state).effects[0];

/** After the events of the fixtures. */
const later = Date.UTC(2100, 0, 1);

describe('y', () => {
	it('copies what the view is about', () => {
		const {sample} = snapshotFixture().variants[0] ?? {};
		const answer = {
			type: 'copy',
			what: expect.stringMatching(/^the beginning of an answer of \w+$/),
			text: sample,
		};
		expect(copiedIn(stateAfter(running, given('open-variants')))).toEqual(answer);
		expect(copiedIn(stateAfter(running, given('detail')))).toEqual(answer);
		const ended = stateAfter(running, {type: 'run-ended', snapshot: endedSnapshotFixture()});
		const verdicts = endedSnapshotFixture().verdicts.map(({text}) => text);
		const verdict = copiedIn(ended);
		expect(verdict).toMatchObject({type: 'copy', what: 'the verdict'});
		expect(verdicts).toContain(verdict?.type === 'copy' ? verdict.text : '');
		const log = copiedIn(
			stateAfter({...running, epochMs: later}, {type: 'engine-logged', text: 'hello'}, given('open-log')),
		);
		expect(log).toMatchObject({
			type: 'copy',
			what: 'a line of the log',
			text: expect.stringMatching(/^\d\d:\d\d:\d\d engine hello$/),
		});
		const account = stateAfter(running, given('open-account'), {
			type: 'account-received',
			account: accountFixture(),
		});
		expect(copiedIn(account)).toMatchObject({
			what: 'the model ID',
			text: expect.stringMatching(/^[\w.:-]+$/),
		});
		expect(copiedIn(stateAfter(running, given('open-quotas')))).toMatchObject({what: 'the model ID'});
		const files = ['/reports/a.svg', '/reports/b.svg'];
		const written = stateAfter(running, {type: 'export-finished', what: 'charts', files});
		expect(copiedIn(written)).toEqual({type: 'copy', what: '2 paths', text: files.join('\n')});
		expect(actionForKey(written, 'y', 0)).toMatchObject({command: 'copy'});
	});

	it('in Items copies the answer of the selected variant, or what was asked where none is kept', () => {
		const columns = itemColumns(
			snapshotFixture().variants.map(({name, target}) => ({variant: name, target})),
		);
		const collector = new ItemCollector(columns);
		for (const [index, column] of columns.entries()) {
			collector.add(column, 0, 'useful', 100 * index);
		}
		const entries = collector.take() ?? new Float64Array();
		const received = (file: string | null) =>
			stateAfter(
				running,
				{type: 'items-received', run: 'r', file, entries},
				given('open-items'),
				given('next'),
			);
		const kept = received('/answers.jsonl');
		expect(notCopyable(kept)).toBe('the answer is still being read');
		const answers = columns.map(({variant}) => ({
			kind: 'useful',
			answer: `of ${variant}`,
			failed: undefined,
			reason: undefined,
			text: undefined,
			expected: undefined,
			ofItems: 1,
		}));
		const {key = ''} = kept.items.reading ?? {};
		const read = stateAfter(kept, {type: 'answers-read', key, answers, problem: undefined});
		const second = columns[1]?.variant;
		expect(copiedIn(read)).toEqual({
			type: 'copy',
			what: `the answer of ${second} to item 1`,
			text: `of ${second}`,
		});
		expect(copiedIn(received(null))).toMatchObject({
			what: 'the input of item 1, which has no answer here',
			text: running.config.task.content,
		});
	});

	it('in the list of earlier runs copies the path of the run, and an earlier run is copied like the present one', () => {
		const [run = '', earlier] = ['/reports/one', endedSnapshotFixture()];
		const kept: KeptRun = {
			run: 'r',
			folder: run,
			startedAt: '2026-11-22T13:24:05.000Z',
			endedAt: '2026-11-22T13:25:35.000Z',
			preset: 'tickets',
			models: ['m'],
			variants: ['concise'],
			requests: 80,
			outcome: 'completed',
			simulated: true,
			costUsd: null,
			verdict: null,
		};
		const list = stateAfter({...running, history: {kind: 'idle'}}, given('history'), {
			type: 'runs-listed',
			runs: [kept],
			faults: [],
		});
		expect(actionForKey(list, 'y', 0)).toMatchObject({command: 'copy'});
		expect(copiedIn(list)).toEqual({type: 'copy', what: 'the path of the run', text: run});
		const reopened = stateAfter(list, {type: 'run-read', run: kept, snapshot: earlier});
		const {effects} = reduce(reopened, {...given('copy'), atMs: reopened.nowMs});
		expect(effects).toMatchObject([{type: 'copy', what: 'the verdict'}]);
	});

	it('says why it copies nothing', () => {
		expect(notCopyable(prepared)).toBe('there is no verdict yet');
		expect(notCopyable(stateAfter(prepared, given('open-variants')))).toMatch(/has no answer yet$/);
		expect(notCopyable(stateAfter(running, given('open-timeline')))).toMatch(/^charts are not copied: e /);
		const long = stateAfter(
			{...running, epochMs: later},
			{type: 'engine-logged', text: 'x'.repeat(100_001)},
			given('open-log'),
		);
		expect(notCopyable(long)).toMatch(/too long .*over 100 kB/);
		expect(stateAfter(prepared, given('copy')).flash?.text).toBe('there is no verdict yet');
	});

	it('lets nothing out that a terminal or a shell might obey', () => {
		const hostile = stateAfter(running, {
			type: 'export-finished',
			what: 'charts',
			files: ['/reports/a\u001B]52;c;x\u0007\u202E.svg'],
		});
		expect(copiedIn(hostile)).toMatchObject({text: expect.not.stringMatching(/[\u001B\u0007\u202E]/)});
	});

	it('says what was copied, as far as that is known', () => {
		const words = (['copied', 'asked', 'refused'] as const).map(
			(outcome) =>
				stateAfter(running, {type: 'copied', what: 'the verdict', length: 1312, outcome}).flash?.text,
		);
		expect(words).toEqual([
			'copied: the verdict (1,312 characters)',
			'copied, if this terminal allows it: the verdict (1,312 characters)',
			'not copied: this terminal does not take texts from programs (OSC 52)',
		]);
	});
});
