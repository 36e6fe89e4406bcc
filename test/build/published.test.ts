import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {typeDeclaration} from '../../source/build/published.ts';

const declared = (schema: z.ZodType): string =>
	typeDeclaration('Value', z.toJSONSchema(schema)).replaceAll(/\s+/g, ' ').trim();

describe('typeDeclaration', () => {
	const cases: ReadonlyArray<readonly [z.ZodType, string]> = [
		[z.number().nullable(), 'export type Value = number | null;'],
		[z.enum(['a', 'b']), 'export type Value = "a" | "b";'],
		[z.array(z.union([z.string(), z.null()])), 'export type Value = readonly (string | null)[];'],
		[z.array(z.tuple([z.number()])), 'export type Value = readonly (readonly [number])[];'],
		[z.tuple([z.number(), z.string()]), 'export type Value = readonly [number, string];'],
		[z.record(z.string(), z.int()), 'export type Value = Readonly<Record<string, number>>;'],
		[
			z.partialRecord(z.enum(['a', 'b']), z.boolean()),
			'export type Value = Readonly<Partial<Record<"a" | "b", boolean>>>;',
		],
		[
			z.object({a: z.literal(1).describe('one'), 'b-c': z.string().optional()}),
			'export type Value = { /** one */ readonly a: 1; readonly "b-c"?: string; };',
		],
	];
	it.each(cases)('%#', (schema, expected) => {
		expect(declared(schema)).toBe(expected);
	});

	it('refuses what it does not know', () => {
		expect(() => typeDeclaration('Value', {not: {}})).toThrow(/No type is known/);
	});
});
