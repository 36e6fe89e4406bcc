import {execFileSync} from 'node:child_process';
import {mkdtempSync, truncateSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {Readable} from 'node:stream';
import {describe, expect, it} from 'vitest';
import {readStdinText, readText} from '../../../source/config/input/text-file.ts';
import {loadPreset, openPreset} from '../../../source/config/load-preset.ts';
import {faultOf} from '../../helpers/fault-of.ts';

/** Tests source/config/input/text-file.ts, and source/config/items.ts: what they refuse. */

const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-refused-'));

const write = (name: string, content: string | Uint8Array): string => {
	const file = path.join(folder, name);
	writeFileSync(file, content);
	return file;
};

const head = 'name: a\ntask: T\n';
const presetOf = (file: string): string => write('of-file.yaml', `${head}items: {file: ${file}}\n`);

const readBatch = async (file: string): Promise<unknown> => {
	try {
		const all: unknown[] = [];
		for await (const page of openPreset(presetOf(file)).items()) {
			all.push(...page);
		}
		return all;
	} catch (error) {
		return error;
	}
};

describe('bytes that are not UTF-8', () => {
	const text = 'text,label\nGröße aus Köln,x\n';
	const encodings: ReadonlyArray<readonly [string, Uint8Array, RegExp]> = [
		['Windows-1252', Buffer.from(text, 'latin1'), /not UTF-8 \(line 2\)/],
		['UTF-16 with a mark', Buffer.from(`\uFEFF${text}`, 'utf16le'), /it is UTF-16/],
		['UTF-16 without one', Buffer.from(text, 'utf16le'), /it is UTF-16/],
		['UTF-16, big end first', Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(), /it is UTF-16/],
		['a PDF', Buffer.from(`%PDF-1.7\n${text}`), /it is a PDF/],
		['an Excel workbook', Buffer.from('PK\u0003\u0004'), /ZIP archive/],
		['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), /compressed/],
		['a cut character', Buffer.from(text).subarray(0, 14), /not UTF-8 \(line 2\)/],
		['a zero byte', Buffer.from('text\na\0b\n'), /line 2 holds a zero byte/],
		[
			'far down',
			Buffer.concat([Buffer.from('text text text text\n'.repeat(4000)), Buffer.from([0xe4])]),
			/line 4001\)/,
		],
	];

	it.each(encodings)('are refused wherever text is read: %s', async (name, bytes, reason) => {
		// In these a line before the fault is not JSON, which is said first.
		const isLate = ['a cut character', 'far down', 'a zero byte'].includes(name);
		for (const kind of isLate ? ['csv', 'tsv', 'txt'] : ['csv', 'tsv', 'jsonl', 'txt']) {
			write(`items.${kind}`, bytes);
			const fault = faultOf(() => loadPreset(presetOf(`items.${kind}`)));
			expect([fault.message, fault.exitCode]).toEqual([expect.stringMatching(reason), 2]);
			expect(fault.message).toContain(`items.${kind}`);
			expect(fault.hint).toMatch(/UTF-8|Unpack/);
			expect(await readBatch(`items.${kind}`)).toMatchObject({message: fault.message});
		}
		expect(faultOf(() => readText(write('content', bytes))).message).toMatch(reason);
		expect(faultOf(() => loadPreset(write('preset.yaml', bytes))).message).toMatch(reason);
		await expect(readStdinText(Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]))).rejects.toThrow(
			reason,
		);
	});

	it.each([
		['jsonl', '{"a": "x\\ud800"}\n'],
		['yaml', `${head}items: ["x\\uD800"]\n`],
	])('and half a character: %s', (kind, content) => {
		const file = write(`half.${kind}`, content);
		const fault = faultOf(() => loadPreset(kind === 'yaml' ? file : presetOf('half.jsonl')));
		expect(fault.message).toContain('half a character');
	});
});

describe('files that are not files', () => {
	it('are refused before they are read', async () => {
		const pipe = path.join(folder, 'pipe.csv');
		execFileSync('mkfifo', [pipe]);
		for (const file of [pipe, '/dev/zero', '/dev/null']) {
			expect(faultOf(() => loadPreset(file)).message).toContain('not a regular file');
			expect(faultOf(() => readText(file)).message).toContain('not a regular file');
		}
		expect(faultOf(() => loadPreset(presetOf('pipe.csv'))).message).toContain('not a regular file');
		expect(faultOf(() => loadPreset(folder)).message).toContain('it is a folder');
	});

	it('are refused by their size, and the maximum is named', async () => {
		const large = write('large.yaml', head);
		truncateSync(large, 50_000_000);
		const fault = faultOf(() => loadPreset(large));
		expect([fault.message, fault.hint]).toEqual([
			expect.stringContaining('larger than the maximum of 1 MB'),
			expect.stringContaining('items: {file: NAME.csv}'),
		]);
		expect(faultOf(() => readText(large)).message).toContain('larger than the maximum of 20 MB');
		truncateSync(write('large.csv', ''), 100_000_001);
		expect(faultOf(() => loadPreset(presetOf('large.csv'))).hint).toContain('batch takes larger ones');
		const endless = function* () {
			for (;;) {
				yield Buffer.alloc(1_000_000, 'x');
			}
		};
		await expect(readStdinText(Readable.from(endless()))).rejects.toThrow(
			'standard input: it is larger than the maximum of 20 MB',
		);
	});
});

describe('tables', () => {
	const remarks = (name: string, content: string) => {
		write(name, content);
		const {items, remarks: said} = loadPreset(presetOf(name));
		return {fields: items.map(({fields}) => fields), said};
	};

	it.each([
		['comma.csv', 'text,label\na;b,x\n', 'a;b', undefined],
		['semicolon.csv', 'text;label\na,b;x\n', 'a,b', 'semicolons'],
		['tab.csv', 'text\tlabel\na,b;\tx\n', 'a,b;', 'tabs'],
		['tab.tsv', 'text\tlabel\na,b;\tx\n', 'a,b;', 'tabs'],
		['named.csv', '\uFEFFsep=;\r\ntext;label\r\na,b;x\r\n', 'a,b', 'semicolons'],
		['named-comma.csv', 'sep=,\ntext,label\na,x\n', 'a', undefined],
		['quoted.csv', '"text, or; more; of it",label\na,x\n', undefined, undefined],
	])('say how their values are separated: %s', (name, content, text, by) => {
		const {fields, said} = remarks(name, content);
		expect(fields).toHaveLength(1);
		expect(fields[0]?.label).toBe('x');
		expect(text === undefined ? undefined : fields[0]?.text).toBe(text);
		expect(said).toEqual(by === undefined ? [] : [`${name}: its values are separated by ${by}.`]);
	});

	it.each([
		['empty.csv', 'text,label\n\na,x\n,\n  \n , \nb,y\n"",""\n', 5],
		['empty.jsonl', '{"a": "x"}\n\n{}\n""\nnull\n{"a": null}\n{"a": " "}\n"y"\n', 6],
		['empty.txt', 'a\n\n  \nb', 2],
	])('skip rows without anything in them, and count them: %s', (name, content, count) => {
		const {fields, said} = remarks(name, content);
		expect([fields.length, said]).toEqual([2, [`${name}: ${count} empty rows were skipped.`]]);
	});

	it('count empty items of the preset itself too', () => {
		const {items, remarks: said} = loadPreset(write('own.yaml', `${head}items: [a, null, "", {x: ~}]\n`));
		expect([items.length, said]).toEqual([1, ['items: 3 empty rows were skipped.']]);
		expect(faultOf(() => loadPreset(write('own.yaml', `${head}items: [null]\n`))).message).toContain(
			'holds no items',
		);
	});

	it.each([
		['twice.csv', 'text,label,text\nfirst,billing,second\n', /line 1: two columns are called "text"/],
		['twice-blank.csv', 'a,,\n1,2,3\n', /line 1: two columns have no name/],
		['twice.jsonl', '{"a": 1, "b": 2, "a": 3}\n', /twice\.jsonl:1: the key "a" is repeated/],
		[
			'few.csv',
			'a,b\n1,2\n\n3\n',
			/line 4: it has 1 value, and the first line names 2 columns \(separated by commas\)/,
		],
		['many.csv', 'a;b\n1;2;3\n', /line 2: it has 3 values.*separated by semicolons/],
		['open.csv', 'a,b\n1,"2\n3,4\n', /line 2: a quote is opened here and never closed/],
		['behind.csv', 'a,b\n1,"2" x\n', /line 2: "x" follows a closing quote/],
		['bad.jsonl', '\uFEFF{"a": 1}\n\uFEFF{"b": 2}\n{c}\n', /bad\.jsonl:3: "\{c\}" is not JSON/],
	])('are refused with the line: %s', async (name, content, reason) => {
		write(name, content);
		const fault = faultOf(() => loadPreset(presetOf(name)));
		expect([fault.message, fault.exitCode]).toEqual([expect.stringMatching(reason), 2]);
		expect(await readBatch(name)).toMatchObject({message: fault.message});
	});
});
