import {describe, expect, it} from 'vitest';
import {readYaml} from '../../../source/config/input/yaml.ts';
import {UserError} from '../../../source/domain/user-error.ts';

/** Tests source/config/input/yaml.ts: faults of whole files. */

const read = (text: string): unknown => readYaml('a.yaml', text).value;

const laughs = [
	'a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]',
	...'bcdefghi'.split('').map((name, index) => {
		const before = 'abcdefgh'[index];
		return `${name}: &${name} [${Array.from({length: 9}, () => `*${before}`).join(', ')}]`;
	}),
].join('\n');

describe('a YAML file', () => {
	it.each([
		[
			'an anchor that is not set',
			'a: 1\nb: 2\ncontent: *nope',
			'a.yaml:3: the anchor "&nope" is missing before "*nope"',
		],
		['an anchor that is set later', 'b: *a\na: &a 1', 'a.yaml:1: the anchor "&a" is missing before "*a"'],
		['anchors that multiply', laughs, 'a.yaml:6: its anchors expand to more than 100,000 values'],
		['an anchor that contains itself', 'x: 1\na: &a [*a]', 'a.yaml:2: this anchor contains itself'],
		['an unclosed list', 'a: [1,\nb: 2', 'a.yaml:'],
		['brackets without end', '['.repeat(20_000), 'a.yaml:'],
	])('ends %s with file and line, in a sentence', (_name, text, start) => {
		let fault: unknown;
		try {
			read(text);
		} catch (error) {
			fault = error;
		}
		expect(fault).toBeInstanceOf(UserError);
		expect(fault).toMatchObject({exitCode: 2, hint: expect.stringMatching(/\.$/)});
		expect((fault as Error).message.startsWith(start)).toBe(true);
	});

	it('may use an anchor as often as it has rows', () => {
		const rows = Array.from({length: 5000}, () => '- *m');
		expect(read(`m: &m yes\nrows:\n${rows.join('\n')}`)).toMatchObject({rows: rows.map(() => 'yes')});
	});
});
