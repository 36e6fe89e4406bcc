import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {Readable} from 'node:stream';
import {parse as parseCsv} from 'csv-parse/sync';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {batchRecords, writeItems} from '../../../source/batch/records.ts';
import {readStdinText} from '../../../source/config/input/text-file.ts';
import {loadPreset, openPreset} from '../../../source/config/load-preset.ts';
import {resolveRun} from '../../../source/config/resolve-run.ts';
import {composePrompt} from '../../../source/prompts/compose.ts';
import {jsonHeaders, withReplays} from '../../conformance/harness.ts';

/** Tests source/config/items.ts, input/text-file.ts and input/yaml.ts. Values are sent as written: no number is shortened, no space trimmed, no character replaced. */

const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-written-'));

const write = (name: string, content: string | Uint8Array): string => {
	const file = path.join(folder, name);
	writeFileSync(file, content);
	return file;
};

const head = 'name: a\ntask: T\n';
const bare = 'variants: [{name: v, instruction: "{{item.text}}"}]\n';

/** Texts that formats have their own ideas about. */
const texts = fc
	.oneof(
		fc.string({unit: 'grapheme', minLength: 1, maxLength: 60}),
		fc
			.array(
				fc.constantFrom(
					...[
						'1.10',
						'010',
						'1e3',
						'12345678901234567890',
						'null',
						'~',
						'yes',
						'!x',
						'&a',
						'*b',
						': ',
						' #1',
					],
					...[
						'"',
						'""',
						"'",
						',',
						';',
						'\t',
						'\n',
						'\r\n',
						'\n\n\n\n',
						'{{x}}',
						'{',
						'[',
						'- ',
						'\\',
						'  ',
						'é',
						'😀',
					],
				),
				{minLength: 1, maxLength: 8},
			)
			.map((parts) => parts.join('')),
	)
	.filter((text) => text.trim() !== '' && !text.includes('\0') && text.isWellFormed());

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const escapedCsv = (delimiter: string) => (text: string, mark: string, end: string) => ({
	name: 'items.csv',
	content: [`${mark}other${delimiter}text`, `x${delimiter}${quoted(text)}`, ''].join(end),
});

/** Ways to write one text into a file of items. */
const carriers = {
	commas: escapedCsv(','),
	semicolons: escapedCsv(';'),
	tabs: escapedCsv('\t'),
	jsonl: (text: string, mark: string, end: string) => ({
		name: 'items.jsonl',
		content: `${mark}${JSON.stringify({other: 1.5, text})}${end}`,
	}),
	'jsonl, escaped': (text: string, mark: string, end: string) => ({
		name: 'items.jsonl',
		content: `${mark}{ "text" : ${JSON.stringify(text).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)} }${end}`,
	}),
	lines: (text: string, mark: string, end: string) => ({
		name: 'items.txt',
		content: `${mark}${text.replace(/[\r\n]+/g, ' ')}${end}`,
	}),
	yaml: (text: string, mark: string) => ({
		name: 'preset.yaml',
		content: `${mark}${head}items:\n  - text: ${JSON.stringify(text)}\n${bare}`,
	}),
} as const;

const names = Object.keys(carriers) as Array<keyof typeof carriers>;

const presetFor = (name: keyof typeof carriers, text: string, mark: string, end: string): string => {
	const {name: file, content} = carriers[name](text, mark, end);
	write(file, content);
	return file === 'preset.yaml'
		? path.join(folder, file)
		: write(
				'preset.yaml',
				`${head}items: {file: ${file}}\n${name === 'lines' ? bare.replace('item.text', 'item') : bare}`,
			);
};

const wanted = (name: keyof typeof carriers, text: string): string =>
	name === 'lines' ? text.replace(/[\r\n]+/g, ' ') : text;

const noFlags = {
	isSet: () => undefined,
	text: () => undefined,
	texts: () => [],
	afterPreset: () => [],
	typed: () => [],
};
const withContent = (value: string) => ({
	...noFlags,
	text: (name: string) => (name === 'content' ? value : undefined),
});

describe('a text in a file of items', () => {
	const {call} = withReplays();
	const replay = {status: 200, headers: jsonHeaders, body: Buffer.from('{}')};

	it('arrives byte for byte in the request, of a run and of a batch', async () => {
		await fc.assert(
			fc.asyncProperty(
				texts,
				fc.constantFrom(...names),
				fc.constantFrom('', '\uFEFF'),
				fc.constantFrom('\n', '\r\n'),
				async (text, name, mark, end) => {
					const file = presetFor(name, text, mark, end);
					const config = await resolveRun(file, noFlags, async () => '');
					const [variant] = config.variants;
					if (variant === undefined) {
						throw new Error('The preset has a variant.');
					}
					const {user} = composePrompt(variant, config.task, config.task.items.slice(0, 1));
					const {body} = await call(replay, {messages: [{role: 'user', text: user}]});
					expect(body.messages[0].content[0].text).toBe(wanted(name, text));

					const kept = await writeItems(path.join(folder, 'kept'), openPreset(file).items());
					const [record] = batchRecords({task: {...config.task, items: kept}, variants: [variant]});
					kept.close();
					expect(record?.prompt.user).toBe(wanted(name, text));
				},
			),
			{numRuns: 50},
		);
	});

	it('is the same as content: from @FILE and stdin, but for the end of the last line', async () => {
		await fc.assert(
			fc.asyncProperty(texts, fc.constantFrom('', '\n', '\r\n'), async (text, end) => {
				const file = write('content', text + end);
				const preset = write('preset.yaml', head);
				const expected = (text + end).replace(/\r?\n$/, '');
				const config = await resolveRun(preset, withContent(`@${file}`), async () => '');
				expect(config.task.content).toBe(expected);
				const stdin = () => readStdinText(Readable.from([Buffer.from(text + end)]));
				expect((await resolveRun(preset, withContent('-'), stdin)).task.content).toBe(expected);
			}),
			{numRuns: 50},
		);
	});
});

describe('the reader of .csv files', () => {
	const cell = fc
		.array(fc.constantFrom('a', 'b ', ' c', ',', ';', '\n', '\r\n', '""', 'é', '1.10'), {maxLength: 5})
		.map((parts) => parts.join(''));

	it('agrees with another one about any table', () => {
		const row = fc.tuple(cell, cell, cell).filter((cells) => cells.some((each) => each.trim() !== ''));
		fc.assert(
			fc.property(
				fc.array(row, {minLength: 1, maxLength: 30}),
				fc.constantFrom(',', ';', '\t'),
				(rows, by) => {
					const written = rows.map((cells) => cells.map((each) => quoted(each)).join(by));
					const text = `${['x', 'y', 'z'].join(by)}\n${written.join('\n')}\n`;
					write('table.csv', text);
					const {items} = loadPreset(write('table.yaml', `${head}items: {file: table.csv}\n`));
					expect(items.map(({fields}) => fields)).toEqual(parseCsv(text, {columns: true, delimiter: by}));
				},
			),
			{numRuns: 50},
		);
	});
});

const scalars: ReadonlyArray<readonly [written: string, text?: string]> = [
	['1.10'],
	['010'],
	['0666'],
	['12345678901234567890'],
	['0.1000'],
	['1e3'],
	['-0'],
	['+5'],
	['1_000'],
	['true'],
	['null', ''],
];

const yamlScalars: typeof scalars = [
	...scalars,
	['TRUE'],
	['0x1F'],
	['0o17'],
	['.inf'],
	['.5'],
	['2026-11-29'],
	['12:30:45'],
	['no'],
	['~', ''],
	['', ''],
	['!!int 5', '5'],
	['!!str 1.10', '1.10'],
	['&x 1.10', '1.10'],
	['"1.10"', '1.10'],
];

describe('scalars', () => {
	it.each(yamlScalars)('%s of YAML stays as it is written', (written, text = written) => {
		const yaml = `${head}items:\n  - {label: ${written || 'null'}, t: x}\n  - label: ${written}\n    t: x\n`;
		const {items} = loadPreset(write('scalars.yaml', yaml));
		expect(items.map(({fields}) => fields.label)).toEqual([text, text]);
		if (text !== '') {
			const preset = `${head}items: [a, ${written}]\nexpected: ${written}\nchecks: [{equals: ${written}}, {oneOf: [${written}]}]\n`;
			const loaded = loadPreset(write('scalars.yaml', preset));
			expect(loaded.items.map((item) => [item.text, item.expected])).toEqual([
				['a', text],
				[text, text],
			]);
			expect(loaded.preset.checks).toEqual([{equals: text}, {oneOf: [text]}]);
		}
	});

	it.each(scalars.filter(([written]) => !/^0\d|^\+|_/.test(written)))(
		'%s of JSON stays as it is written',
		(written, text = written) => {
			write('scalars.jsonl', `{"label": ${written}, "deep": {"a": [${written}, "}"]}}\n`);
			const {items} = loadPreset(write('scalars.yaml', `${head}items: {file: scalars.jsonl}\n`));
			expect(items[0]?.fields).toEqual({label: text, deep: `{"a": [${written}, "}"]}`});
		},
	);

	it.each(scalars.filter(([written]) => written !== 'null'))(
		'%s of CSV stays as it is written',
		(written) => {
			write('scalars.csv', `label,t\n${written},x\n`);
			const {items} = loadPreset(write('scalars.yaml', `${head}items: {file: scalars.csv}\n`));
			expect(items[0]?.fields.label).toBe(written);
		},
	);

	it('are numbers where a number is asked for', () => {
		expect(loadPreset(write('n.yaml', `${head}maxTokens: 0x10\nseed: 010\n`)).preset).toMatchObject({
			maxTokens: 16,
			seed: 10,
		});
	});
});
