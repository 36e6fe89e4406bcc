import fc from 'fast-check';
import {expect, it} from 'vitest';
import {createIsoTime} from '../../../source/engine/attempts/request-records.ts';

it('is what Date says, in whatever order instants come', () => {
	const isoTime = createIsoTime();
	fc.assert(
		fc.property(fc.array(fc.integer({min: -1e12, max: 4e12}), {maxLength: 20}), (instants) => {
			for (const at of instants.flatMap((instant) => [instant, instant + 1, instant + 999])) {
				expect(isoTime(at)).toBe(new Date(at).toISOString());
			}
		}),
	);
	expect(isoTime(1_767_225_600_000.75)).toBe('2026-01-01T00:00:00.000Z');
});
