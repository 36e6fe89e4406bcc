import {describe, expect, it} from 'vitest';
import {lineText} from '../../../source/text/segment.ts';
import {quotaLines} from '../../../source/tui/panels/quota-table.ts';
import {variantColumns} from '../../../source/tui/panels/variant-columns.ts';
import {variantTableLines} from '../../../source/tui/panels/variant-table.ts';
import {accountColumns} from '../../../source/view/account/account-columns.ts';
import {columnsOfView, namesOn, ownColumns} from '../../../source/view/columns/columns.ts';
import {actionForKey} from '../../../source/view/key-actions.ts';
import {views} from '../../../source/view/keymap.ts';
import {limitColumns} from '../../../source/view/quotas.ts';
import {reduce} from '../../../source/view/reduce.ts';
import {initialState, type OwnColumns, type State} from '../../../source/view/state.ts';
import {configFixture, snapshotFixture} from '../../helpers/snapshot-fixture.ts';

/** Tests source/view/columns/columns.ts, and the tables that follow it. */

const stateIn = (view: State['view'], columns: OwnColumns = {}): State => ({
	...initialState({config: configFixture(), isDemo: true, startsAtOnce: true, nowMs: 0, columns}),
	view,
	stage: {kind: 'running'},
	snapshot: snapshotFixture(),
});

const press = (state: State, ...keys: readonly string[]): State =>
	keys.reduce((before, key) => reduce(before, actionForKey(before, key, 0)).state, state);

const namesIn = (view: State['view']) => columnsOfView(view).map(([name]) => name);

describe('the columns that can be chosen', () => {
	it('are those that the tables have', () => {
		const all = {isWide: true, hasModels: true, hasLanes: true, hasChecks: true, isFull: true} as const;
		const ofVariants = variantColumns({...all, goal: 'throughput', view: 'variants', own: {}}, []);
		const keys = (columns: ReadonlyArray<{readonly key: string}>) => columns.map(({key}) => key);
		expect(namesIn('account')).toEqual(keys(accountColumns({hasRegions: true, hasAges: true})));
		expect(['mark', ...namesIn('variants')].toSorted()).toEqual(keys(ofVariants).toSorted());
		expect(namesIn('dashboard')).toEqual(namesIn('variants'));
		expect(namesIn('quotas').filter((name) => name !== 'used')).toEqual(keys(limitColumns()));
	});

	it('are shown in the order in which they are named, behind what the row is about', () => {
		const own: OwnColumns = {
			variants: ['cost', 'sent'],
			dashboard: ['p99'],
			quotas: ['used', 'limit'],
			account: ['tpm-limit', 'free', 'rpm', 'rpm-limit'],
		};
		const headerOf = (view: State['view']) =>
			lineText(variantTableLines(stateIn(view, own), 100, 10, false)[0] ?? []).trim();
		expect(headerOf('variants')).toMatch(/^Variant +\$\/req +Sent$/);
		expect(headerOf('dashboard')).toMatch(/^Variant +p99$/);
		expect(lineText(quotaLines(stateIn('quotas', own), 100, 10)[0] ?? []).trim()).toMatch(
			/^Model +Used +Limit$/,
		);
		expect(accountColumns({hasRegions: false, hasAges: false, own}).map(({header}) => header)).toEqual([
			'Model',
			'TPM limit',
			'Free',
			'RPM',
			'of',
		]);
	});
});

describe('the box of the columns', () => {
	it('turns columns on and off at once; Enter keeps them, Esc brings back what was', () => {
		const open = press(stateIn('quotas'), 'C');
		const off = press(open, '↓', 'Space');
		expect(namesOn(off, 'quotas')).toEqual(namesIn('quotas').filter((name) => name !== 'scope'));
		expect(press(off, 'Enter')).toMatchObject({overlay: undefined, columns: off.columns});
		expect(press(off, 'C')).toMatchObject({overlay: undefined, columns: off.columns});
		expect(press(off, 'Esc')).toMatchObject({overlay: undefined, columns: {}});
		// As usual again.
		expect(press(off, 'Space').columns).toEqual({});
		expect(press(off, 'Backspace').columns).toEqual({});
	});

	it('never takes away what a row is about', () => {
		const none = press(stateIn('quotas'), 'C', ...namesIn('quotas').flatMap(() => ['Space', '↓']));
		expect(namesOn(none, 'quotas')).toEqual(['model']);
		expect(lineText(quotaLines(none, 60, 10)[0] ?? []).trim()).toBe('Model');
	});

	it('keeps an order of the user, and puts what is new at its end', () => {
		const open = press(stateIn('variants', {variants: ['cost', 'sent']}), 'C');
		const lane = namesIn('variants').indexOf('lane');
		const down = Array.from({length: lane}, () => '↓');
		expect(press(open, ...down, 'Space').columns.variants).toEqual(['cost', 'sent', 'lane']);
	});

	it('opens where there is a table, else the key says why not', () => {
		const opened = views.filter(({name}) => press(stateIn(name), 'C').overlay?.kind === 'columns');
		expect(opened.map(({name}) => name)).toEqual(['account', 'dashboard', 'variants', 'quotas', 'traffic']);
		expect(press(stateIn('items'), 'C').flash?.text).toBe(
			'Items has a column for each variant: ← → choose one',
		);
		expect(press(stateIn('log'), 'C').flash?.text).toMatch(/^C works in Account \(1\)/);
	});
});

it.each([
	[{quotas: ['limit']}, undefined],
	[{quota: ['limit']}, /^quota \| unknown view "quota" in "columns"\. \| Did you mean "quotas"\? Views/],
	[{items: ['x']}, /unknown view "items"/],
	[
		{account: ['free', 'fre']},
		/^account\.1 \| "account" has no column "fre"\. \| Did you mean "free"\? Its columns: model, /,
	],
	[{account: ['free', 'free']}, /^account\.1 \| "account" has the column "free" twice\. \| Name it once\.$/],
] as const)('the columns %j of a configuration', (given, wanted) => {
	const own = ownColumns(given);
	const words = 'reason' in own ? [own.path.join('.'), own.reason, own.hint].join(' | ') : undefined;
	if (wanted === undefined) {
		expect(own).toEqual({columns: given});
	} else {
		expect(words).toMatch(wanted);
	}
});
