import {mkdirSync, mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {thirdPartyNotices, typeDeclaration} from '../../source/build/published.ts';

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

it('passes on the notice of a package beside its licence', async () => {
	const root = mkdtempSync(path.join(tmpdir(), 'bedrock-top-notices-'));
	for (const [name, files] of Object.entries({
		plain: {LICENSE: 'Do as you like.'},
		noted: {'LICENSE.md': 'Do as you like.', 'NOTICE.txt': 'Made by many.'},
		bare: {},
		odd: {},
	})) {
		const folder = path.join(root, 'node_modules', name);
		mkdirSync(folder, {recursive: true});
		writeFileSync(
			path.join(folder, 'package.json'),
			JSON.stringify({name, version: '1.0.0', license: name === 'odd' ? 'X' : 'MIT', author: {name: 'Ann'}}),
		);
		for (const [file, text] of Object.entries(files)) {
			writeFileSync(path.join(folder, file), text);
		}
	}
	const files = ['plain', 'noted', 'bare', 'odd'].map((name) => `node_modules/${name}/index.js`);
	const notices = await thirdPartyNotices(root, files);
	expect(notices).toContain('noted 1.0.0 (MIT)\n\nDo as you like.\n\nMade by many.\n');
	expect(notices).toContain('plain 1.0.0 (MIT)\n\nDo as you like.\n');
	expect(notices).toMatch(
		/bare 1\.0\.0 \(MIT\)\n\n\(no licence file in the package; .*\n\nCopyright \(c\) Ann\n\nPermission/,
	);
	expect(notices).toContain('odd 1.0.0 (X)\n\n(no licence file in the package)\n');
});
