import {cbor, dateToTag} from '@smithy/core/cbor';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {decodeCbor, encodeCbor} from '../../source/simulator/wire/cbor.ts';

/** Tests source/simulator/wire/cbor.ts against the CBOR of the SDK. */

/** The SDK writes and reads plain objects, which have no member of that name. */
const memberNames = fc.string({minLength: 1}).filter((name) => name !== '__proto__');

const values = fc.letrec<{value: unknown}>((tie) => ({
	value: fc.oneof(
		{depthSize: 'small'},
		fc.string({unit: 'grapheme'}),
		fc.boolean(),
		fc.constant(null),
		fc.integer(),
		fc.maxSafeInteger(),
		// The SDK writes -0 as the integer 0.
		fc.double({noNaN: true}).map((value) => value + 0),
		fc.array(tie('value'), {maxLength: 30}),
		fc.dictionary(memberNames, tie('value'), {maxKeys: 30, noNullPrototype: true}),
	),
})).value;

describe('CBOR', () => {
	it('is read as the SDK writes it', () => {
		fc.assert(
			fc.property(values, (value) => {
				expect(decodeCbor(Buffer.from(cbor.serialize(value)))).toEqual(value);
			}),
		);
	});

	it('is written as the SDK reads it', () => {
		fc.assert(
			fc.property(values, (value) => {
				expect(cbor.deserialize(encodeCbor(value))).toEqual(value);
			}),
		);
	});

	it('has moments in both directions', () => {
		const at = new Date(Date.UTC(2026, 10, 20, 12, 0, 0, 250));
		const seconds = at.getTime() / 1000;
		expect(decodeCbor(Buffer.from(cbor.serialize({At: dateToTag(at)})))).toEqual({At: seconds});
		const bytes = encodeCbor({At: [seconds], Other: 1}, (key) => key === 'At');
		expect(cbor.deserialize(bytes)).toEqual({
			At: [expect.objectContaining({tag: 1, value: seconds})],
			Other: 1,
		});
	});

	it.each([
		['an array of unknown length', '9f01820203ff', [1, [2, 3]]],
		['a map of unknown length', 'bf6161019f0203ff', undefined],
		['a map and its end', 'bf616101ff', {a: 1}],
		['a text in pieces', '7f657374726561646d696e67ff', 'streaming'],
		['a half', 'f93e00', 1.5],
		['the smallest half', 'f90001', 2 ** -24],
		['an endless half', 'f9fc00', Number.NEGATIVE_INFINITY],
		['a single', 'fa47c35000', 100_000],
		['a long negative', '3bffffffffffffffff', -(2 ** 64)],
		['nothing', '', undefined],
		['half of a text', '6461', undefined],
		['an array that promises too much', '9affffffff01', undefined],
		['two items', '0101', undefined],
		['an end alone', 'ff', undefined],
	])('reads %s', (_words, hex, expected) => {
		const read = () => decodeCbor(Buffer.from(hex, 'hex'));
		if (expected === undefined) {
			expect(read).toThrow(RangeError);
		} else {
			expect(read()).toEqual(expected);
		}
	});
});
