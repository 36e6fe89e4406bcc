import {describe, expect, it} from 'vitest';
import type {Action, Effect} from '../../source/view/actions.ts';
import {copy, notCopyable} from '../../source/view/copied.ts';
import {actionForKey} from '../../source/view/key-actions.ts';
import type {KeyCommand} from '../../source/view/keymap.ts';
import {reduce} from '../../source/view/reduce.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {accountFixture} from '../helpers/account-fixture.ts';
import {
	configFixture,
	endedSnapshotFixture,
	planFixture,
	readySnapshotFixture,
	snapshotFixture,
} from '../helpers/snapshot-fixture.ts';

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
		const files = ['/tmp/a.svg', '/tmp/b.svg'];
		const written = stateAfter(running, {type: 'export-finished', what: 'charts', files});
		expect(copiedIn(written)).toEqual({type: 'copy', what: '2 paths', text: files.join('\n')});
		expect(actionForKey(written, 'y', 0)).toMatchObject({command: 'copy'});
	});

	it('says why it copies nothing', () => {
		expect(notCopyable(prepared)).toBe('there is no verdict yet');
		expect(notCopyable(stateAfter(prepared, given('open-variants')))).toMatch(/has no answer yet$/);
		expect(notCopyable(stateAfter(running, given('open-timeline')))).toMatch(
			/^this view has nothing to copy/,
		);
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
			files: ['/tmp/a\u001B]52;c;x\u0007\u202E.svg'],
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
