import {existsSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {files, roomOf} from './house.ts';

/** A test of a file is found: at the mirrored path, or by the file's name in front of the first test. */

const root = path.resolve(import.meta.dirname, '../..');
const rooms = new Set(files.map(({path: file}) => roomOf(file)));

/** What the comments in front of the first test name; imports are not names. */
const namedIn = (text: string): readonly string[] => {
	const head = text
		.slice(0, Math.max(0, text.search(/^(?:describe|it)\b/m)))
		.replaceAll(/^import[^;]*;/gm, '');
	return [...head.matchAll(/source\/[\w/-]+(?:\.tsx?)?/g)].map(([name]) => name);
};

const isMirrored = (test: string): boolean =>
	['.ts', '.tsx'].some((end) =>
		existsSync(path.join(root, 'source', test.replace(/(?:\.property)?\.test\.tsx?$/, end))),
	);

const tests = readdirSync(path.join(root, 'test'), {recursive: true, encoding: 'utf8'}).filter(
	(file) => /\.test\.tsx?$/.test(file) && rooms.has(roomOf(file)),
);

describe('tests', () => {
	it('are found from the file that they test', () => {
		const lost = tests.filter((test) => {
			const named = namedIn(readFileSync(path.join(root, 'test', test), 'utf8'));
			return (
				!isMirrored(test) && (named.length === 0 || named.some((file) => !existsSync(path.join(root, file))))
			);
		});
		expect(lost).toEqual([]);
		expect(tests.length).toBeGreaterThan(150);
	});

	it('would be missed: names count in front of the first test, and not as imports', () => {
		expect(namedIn("import {a} from '../../source/a.ts';\ndescribe('a', () => {});")).toEqual([]);
		expect(namedIn("/** Tests source/text/b.ts: it. */\ndescribe('b', () => {});")).toEqual([
			'source/text/b.ts',
		]);
	});
});
