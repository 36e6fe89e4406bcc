import {readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {filesOfEach, type WalkName, walk} from '../helpers/walk.ts';

/** How many files somebody reads who follows one request, one key press, ...: counted by coverage (test/helpers/walk.ts). */

const page = readFileSync(path.resolve(import.meta.dirname, '../../source/README.md'), 'utf8');

/** Files in the lists of a section of `source/README.md`, up to the next heading of the same level. */
const listedUnder = (heading: string): readonly string[] => {
	const [level = ''] = heading.split(' ');
	const from = page.indexOf(`\n${heading}\n`);
	const to = page.indexOf(`\n${level} `, from + heading.length);
	const section = from === -1 ? '' : page.slice(from + 1, to === -1 ? undefined : to);
	return [...section.matchAll(/^- `([^`]+)`/gm)].map(([, file = '']) => file);
};

type Expected = {
	readonly name: WalkName;
	/** Most files of each. */
	readonly max: number;
	/** Lists whose files run for each. */
	readonly each: readonly string[];
	/** Lists whose files run at all. */
	readonly all?: readonly string[];
};

const expected: readonly Expected[] = [
	{
		name: 'request',
		max: 60,
		each: ['### Each request, on its way out', '### Each request, on its way back'],
		all: ['## The life of a request'],
	},
	{name: 'tapped-request', max: 50, each: ['### On its way to the service', '### On its way back']},
	{name: 'key-press', max: 13, each: []},
	{name: 'frame', max: 46, each: ['## The life of a key press']},
	{name: 'datapoint', max: 27, each: ['## The life of a CloudWatch datapoint']},
	{name: 'record', max: 22, each: ['## The life of a batch record']},
];

describe('the ways through the house', () => {
	// On a busy machine what goes by the clock may look as if it went by requests.
	it.concurrent.each(expected)(
		'$name: at most $max files',
		{retry: 2},
		async ({name, max, each, all = []}) => {
			const ran = await walk(name);
			process.stdout.write(`${name}: ${ran.each.length} files of ${ran.all.length} that ran\n`);
			const listed = each.flatMap(listedUnder);
			expect(each.filter((heading) => listedUnder(heading).length === 0)).toEqual([]);
			expect(listed.filter((file) => !ran.each.includes(file))).toEqual([]);
			expect(all.flatMap(listedUnder).filter((file) => !ran.all.includes(file))).toEqual([]);
			expect(ran.each.length, ran.each.join('\n')).toBeLessThanOrEqual(max);
			// A walk that went nowhere would pass the bound.
			expect(ran.each.length).toBeGreaterThan(max / 2);
		},
	);

	it('count what runs once more for each, and neither start-up nor what goes by the clock', () => {
		const fewer = new Map([
			['a.ts each 1', 10],
			['b.ts start 1', 1],
			['c.ts tick 1', 100],
		]);
		const more = new Map([
			['a.ts each 1', 19],
			['b.ts start 1', 1],
			['c.ts tick 1', 121],
			['d.ts twice 1', 20],
		]);
		expect(filesOfEach(fewer, more, 10)).toEqual(['a.ts', 'd.ts']);
	});
});
