import fc from 'fast-check';
import {expect, it} from 'vitest';
import type {Limit} from '../../source/domain/target.ts';
import {lineText, lineWidth} from '../../source/text/segment.ts';
import {displayWidth} from '../../source/text/width.ts';
import {quotaLines, quotasTitle} from '../../source/tui/panels/quota-table.ts';
import {limitSource, limitValue} from '../../source/view/quotas.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {configFixture, limitFixture, snapshotFixture, targetFixture} from '../helpers/snapshot-fixture.ts';

/** Tests source/tui/panels/quota-table.ts and source/view/quotas.ts. */

const doubled = limitFixture(144_000_000, {
	applied: 72_000_000,
	default: 5_760_000_000,
	adjustable: false,
	code: 'L-45E0AD92',
	name: 'Model invocation max tokens per day for Amazon Nova Lite (doubled for cross-region calls)',
});

function stateOf(tokensPerDay: Limit, model?: string): State {
	const {quota, ...target} = targetFixture(model === undefined ? {} : {model});
	return {
		...initialState({config: configFixture(), isDemo: true, startsAtOnce: true, nowMs: 0}),
		view: 'quotas',
		snapshot: snapshotFixture({targets: [{...target, quota: {...quota, tokensPerDay}}]}),
	};
}

const texts = (state: State, width: number, height: number) =>
	quotaLines(state, width, height).map((line) => lineText(line).trimEnd());

it('the selected limit says why twice the applied quota is in force', () => {
	const state = stateOf(doubled);
	const selected = {
		...state,
		lists: {...state.lists, quotas: {...state.lists.quotas, selected: '0 tokensPerDay'}},
	};
	expect(texts(selected, 116, 30)).toMatchInlineSnapshot(`
		[
		  "  Model                    Scope        Limit Quota Source           Used Applied Default Increase       Code",
		  "  us.amazon.nova-lite-v1:0 cross-region RPM     200 applied       126 63%     200     100 on request     L-15B8E632",
		  "  us.amazon.nova-lite-v1:0 cross-region TPM    200k applied    154k 77% !    200k    100k on request     L-6CE5C5E2",
		  "› us.amazon.nova-lite-v1:0 cross-region TPD    144M applied x2       412k     72M    5.8G not adjustable L-45E0AD92",
		  "",
		  "quota     Model invocation max tokens per day for Amazon Nova Lite (doubled for cross-region calls)",
		  "x2        144M TPD in force, 72M applied. Cross-Region calls get twice the quota of the day. AWS ends that once it",
		  "          has approved an increase of tokens per minute.",
		  "increase  not adjustable · Service Quotas code L-45E0AD92",
		]
	`);
	expect(lineText(quotasTitle(selected).title)).toBe('Quotas · 3 limits');
});

it('what is not known is a dash, and no limit says so', () => {
	const format = (value: number | null) => String(value ?? '–');
	expect(limitValue(limitFixture(null), format)).toBe('no limit');
	expect(limitValue(limitFixture(null, {state: 'unknown'}), format)).toBe('–');
	expect(limitValue(limitFixture(0), format)).toBe('blocked');
	expect(limitSource(limitFixture(null))).toBe('–');
	expect(limitSource(doubled)).toBe('applied x2');
});

it('a filter that nothing matches, and a run that is not prepared, say so', () => {
	const state = stateOf(doubled);
	const filtered = {...state, lists: {...state.lists, quotas: {...state.lists.quotas, filter: 'opus'}}};
	expect(texts(filtered, 80, 20)).toEqual(['no quota matches "opus"; Esc clears the filter']);
	expect(texts({...state, snapshot: undefined}, 80, 20)).toEqual([
		'no quota is known before a run is prepared',
	]);
});

it('fits every panel, and all rows are of one width', () => {
	const model = fc.constantFrom('us.amazon.nova-lite-v1:0', '模型-日本語', '👩‍👩‍👧-famille', 'e\u0301tude');
	fc.assert(
		fc.property(
			model,
			fc.integer({min: 40, max: 200}),
			fc.integer({min: 1, max: 40}),
			(name, width, height) => {
				const lines = quotaLines(stateOf(doubled, name), width, height);
				expect(lines.length).toBeLessThanOrEqual(Math.max(2, height));
				expect(lines.every((line) => lineWidth(line) <= width)).toBe(true);
				const table = lines.slice(0, Math.min(4, height)).map((line) => displayWidth(lineText(line)));
				expect(new Set(table).size).toBe(1);
			},
		),
	);
});
