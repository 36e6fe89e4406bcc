import {describe, expect, it} from 'vitest';
import type {BucketState} from '../../source/domain/snapshot.ts';
import {progressLine} from '../../source/plain/run.ts';
import {lineText} from '../../source/text/segment.ts';
import {gaugesNow} from '../../source/tui/panels/gauges.ts';
import {quotaLines} from '../../source/tui/panels/quota-table.ts';
import {fleetWords} from '../../source/view/fleet.ts';
import {initialState, type State} from '../../source/view/state.ts';
import {bucketFixture, configFixture, fleetFixture, snapshotFixture} from '../helpers/snapshot-fixture.ts';

/** A fleet that shares a bucket, as it stands on the screen and in lines. */

const nowMs = Date.parse('2026-03-01T10:00:12.000Z');

const shared = (overrides: Partial<BucketState> = {}): BucketState =>
	bucketFixture({
		requests: {used: 21, reserved: 3, fleet: 60, others: 10, limit: 200},
		tokens: {used: 24_000, reserved: 7000, fleet: 21_000, limit: 200_000},
		fleet: fleetFixture(),
		...overrides,
	});

const stateOf = (bucket: BucketState): State => ({
	...initialState({config: configFixture(), isDemo: true, startsAtOnce: true, nowMs: 0}),
	view: 'quotas',
	snapshot: snapshotFixture({buckets: [bucket]}),
});

describe('the words of a fleet', () => {
	it.each([
		[{}, 'fleet of 3, 1 vanished'],
		[{rows: []}, 'fleet of 3'],
		[{state: 'lost', members: 8}, 'ledger lost 12 s: goes by 1/8 of the quota'],
		[{state: 'lost', members: 8, isAssumed: true}, 'ledger lost 12 s: goes by 1/8 of the quota (assumed)'],
		[{state: 'healing'}, 'ledger back, healing: goes by 1/3 of the quota'],
		[
			{state: 'joining', members: null},
			'ledger not reached yet: nothing is sent, for the number of members is not known',
		],
	] as const)('are of %j', (overrides, words) => {
		expect(fleetWords(fleetFixture(overrides), nowMs)).toBe(words);
	});

	it('have no age where it is not known what time it is', () => {
		expect(fleetWords(fleetFixture({state: 'lost'}), undefined)).toBe(
			'ledger lost: goes by 1/3 of the quota',
		);
	});
});

it('the gauges show what the fleet uses beside others, and that the ledger is lost', () => {
	const shown = (bucket: BucketState): readonly string[] => {
		const {title, note, lines} = gaugesNow(stateOf(bucket), 0, {width: 110, isDayShown: false});
		return [title, note, ...lines].map((line) => lineText(line).trimEnd());
	};
	expect(shown(shared())).toMatchInlineSnapshot(`
		[
		  "Quota applied · last 60 s · fleet of 3, 1 vanished",
		  "█ used  ▓ fleet  ▒ reserved  · free",
		  "RPM ████▓▓▓▓▓▓▓▓▓▓▓▓▓░░▒·······················  21 used + 60 fleet + 10 others + 3 reserved of 200   47% • ok",
		  "TPM █████▓▓▓▓▓▒································          24k used + 21k fleet + 7k reserved of 200k   26% • ok",
		]
	`);
	const lost = fleetFixture({state: 'lost', othersUse: null});
	expect(shown(shared({fleet: lost, requests: {used: 21, reserved: 3, limit: 200}}))[0]).toContain(
		'goes by 1/3 of the quota',
	);
});

it('the Quotas view has a row for each member, as far as there is room', () => {
	const texts = (height: number) =>
		quotaLines(stateOf(shared()), 100, height).map((line) => lineText(line).trimEnd());
	expect(texts(30).slice(-6)).toMatchInlineSnapshot(`
		[
		  "",
		  "fleet of 3, 1 vanished",
		  "Member                                  In flight  RPM   TPM  Waiting      Seen",
		  "run on build-7, process 4711  this one          3   24   31k        0   0 s ago",
		  "tap on web-1, process 31                        5   51   18k       12   0 s ago",
		  "limiter on web-2, process 1   vanished          3    9  2.6k        0  47 s ago",
		]
	`);
	expect(texts(12).at(-1)).toMatchInlineSnapshot(`"2 more"`);
	expect(texts(8).join(' ')).not.toContain('fleet');
});

it('lines say what the fleet uses', () => {
	const line = (bucket: BucketState): string =>
		progressLine(snapshotFixture({buckets: [bucket]}), {width: 300, ascii: false});
	expect(line(shared())).toContain('RPM 21 + fleet 60 + others 10 of 200, TPM 31k + fleet 21k of 200k ·');
	expect(line(shared({fleet: fleetFixture({state: 'lost'})}))).toContain(
		'of 200k, ledger lost: goes by 1/3 of the quota ·',
	);
});
