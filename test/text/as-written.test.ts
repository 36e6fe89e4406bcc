import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {unpackAnswers} from '../../source/prompts/compose.ts';
import {membersOf, textOfSource} from '../../source/text/as-written.ts';

describe('membersOf', () => {
	it('gives every member of any object as it stands', () => {
		fc.assert(
			fc.property(
				fc.dictionary(fc.string(), fc.jsonValue()),
				fc.constantFrom(0, 1, '\t'),
				(object, indent) => {
					const members = membersOf(` ${JSON.stringify(object, null, indent)}\n`);
					expect(Object.fromEntries(members.map(([key, source]) => [key, JSON.parse(source)]))).toEqual(
						JSON.parse(JSON.stringify(object)),
					);
				},
			),
		);
	});

	it.each(['1.10', '12345678901234567890', '1e3', '-0', 'true', '[1.10, {"a": "}"}]', '{"b": [] }'])(
		'keeps %s',
		(written) => {
			expect(membersOf(`{"a" : ${written} , "b":"x"}`)).toEqual([
				['a', written],
				['b', '"x"'],
			]);
			expect(textOfSource(written)).toBe(written);
		},
	);
});

it('takes the answers of a packed reply as they stand', () => {
	expect(unpackAnswers('Here: {"1": 1.10, "2": 010.5, "3": "a"}', 3)).toEqual([
		undefined,
		undefined,
		undefined,
	]);
	expect(unpackAnswers('Here: {"1": 1.10, "2": "010", "3": null, "4": {"a": 1.0}}', 4)).toEqual([
		'1.10',
		'010',
		undefined,
		'{"a": 1.0}',
	]);
});
