import {describe, expect, it} from 'vitest';
import {parsePreset} from '../../../source/config/parse-preset.ts';
import {faultOf} from '../../helpers/fault-of.ts';

const read = (text: string) => parsePreset({file: 'p.yaml', folder: '.', text});
const head = 'name: a\n';

describe('anchors', () => {
	it('may be used as often as anyone likes', () => {
		const items = Array.from({length: 500}, (_unused, index) => `  - {text: t${index}, label: *m}\n`).join(
			'',
		);
		const {preset} = read(`${head}task: b\nx-label: &m 010\nitems:\n${items}`);
		expect(preset.items).toHaveLength(500);
		expect(preset.items).toContainEqual({text: 't499', label: '010'});
	});

	it('may be merged, from a place of their own; what stands in the map itself counts more', () => {
		const {preset} = read(`${head}task: b
x-shared: &base {maxTokens: 10, stop: [a], system: 010}
x-other: &other {maxTokens: 20, cache: true}
variants:
  - &one {<<: *base, name: one, maxTokens: 5}
  - {name: two, <<: [*base, *other]}
  - {<<: *one, name: three}
`);
		expect(preset.variants).toEqual([
			{name: 'one', maxTokens: 5, stop: ['a'], system: '010'},
			{name: 'two', maxTokens: 10, stop: ['a'], system: '010', cache: true},
			{name: 'three', maxTokens: 5, stop: ['a'], system: '010'},
		]);
		expect(Object.keys(preset)).not.toContain('x-shared');
	});

	it('merge into items', () => {
		const {preset} = read(`${head}task: b\nitems:\n  - &a {lang: de, n: 1.10}\n  - {<<: *a, n: 010}\n`);
		expect(preset.items).toEqual([
			{lang: 'de', n: '1.10'},
			{lang: 'de', n: '010'},
		]);
	});
});

const bomb = ['x-a: &a [x,x,x,x,x,x,x,x,x,x]']
	.concat(
		'bcdefghij'.split('').map((name, index) => {
			const before = `*${'abcdefghij'[index]}`;
			return `x-${name}: &${name} [${Array.from({length: 10}, () => before).join(',')}]`;
		}),
	)
	.join('\n');

describe('slips', () => {
	const quotes = /[Pp]ut the text in quotes/;
	const cases: ReadonlyArray<
		readonly [name: string, text: string, line: number, reason: RegExp, hint: RegExp]
	> = [
		['mistyped anchor', 'x-a: &good 1\ntask: *goood', 3, /the anchor "&goood" is missing/, /&good\./],
		['unknown anchor', 'task: *nope', 2, /the anchor "&nope" is missing/, quotes],
		['anchor in itself', 'task: b\nitems: &a [*a]', 3, /contains itself/, /outside/],
		['bomb', bomb, 6, /expand to more than 100,000 values/, /fewer/],
		['tag', 'task: !important answer', 2, /"!" at the beginning/, quotes],
		['lone tag', 'task: ! answer', 2, /"!" at the beginning/, quotes],
		['anchor that was text', 'task: &important answer', 2, /"&" at the beginning/, quotes],
		[
			'comment that was text',
			'task: b\nitems:\n  - "x"\n  - #urgent answer',
			5,
			/"#" begins a comment/,
			quotes,
		],
		['half a comment', 'task: fix issue #12 now', 2, /"#" begins a comment/, quotes],
		['braces', 'task: {{content}}', 2, /"\{" or "\["/, quotes],
		['braces and text', 'task: {{content}} in short', 2, /does not allow this|"\{"/, quotes],
		['colon', 'task: Do this: that', 2, /": " within a text/, quotes],
		['at', 'task: @here', 2, /cannot begin with/, quotes],
		['behind quotes', 'task: "a" b', 2, /does not allow this/, quotes],
		['backslash', 'task: "\\q"', 2, /backslash/, /twice/],
		['open quote', 'task: "a', 2, /quotation mark/, /Close/],
		['open bracket', 'task: b\nitems: [a, b', 3, /bracket/, /Close/],
		['tab', 'task: b\nchat:\n\tturns: [a]', 4, /tab/, /spaces/],
		['twice', 'task: b\ntask: c', 3, /is repeated \(task: c\)/, /one of the two/],
		[
			'merged twice',
			'x-a: &a {}\ntask: b\nitems:\n  - <<: *a\n    <<: *a',
			6,
			/"<<" is repeated/,
			/one list/,
		],
		['merged text', 'x-a: &a text\ntask: b\nitems:\n  - <<: *a', 5, /needs a map/, /<<: \*shared/],
		['two documents', 'task: b\n---\nname: c', 3, /second document/, /One document per file/],
		[
			'long number',
			'task: b\nvariants: [{name: v, parameters: {n: 12345678901234567890}}]',
			3,
			/12345678901234567890 cannot be kept/,
			quotes,
		],
		['no number', 'task: b\nvariants: [{name: v, parameters: {n: .inf}}]', 3, /\.inf cannot be kept/, quotes],
		['line without a key', 'task: b\nwords', 3, /not "key: value"/, quotes],
	];
	it.each(cases)('are named in words, with their line: %s', (_name, text, line, reason, hint) => {
		const fault = faultOf(() => read(head + text));
		expect(fault.message).toMatch(new RegExp(`^p\\.yaml:${line}: .*\\.$`));
		expect(fault.message).toMatch(reason);
		expect(fault.hint).toMatch(hint);
		expect(fault.exitCode).toBe(2);
		expect(`${fault.message}${fault.hint}`).not.toMatch(
			/flow|compact mapping|parseAllDocuments|node end|Plain value/i,
		);
	});

	it('are not seen where there are none', () => {
		const {preset} = read(
			`${head}# a comment\ntask: 'b' # said #so\nmaxTokens: 5 #few\nitems: [a#b, "x" ] #all\n`,
		);
		expect(preset).toMatchObject({task: 'b', maxTokens: 5, items: ['a#b', 'x']});
	});

	it('end in words however deep they lie', () => {
		expect(faultOf(() => read(`${head}task: ${'['.repeat(5000)}`)).message).toMatch(/^p\.yaml:\d+: /);
	});
});
