import {mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {presetJsonSchema} from '../../source/build/docs.ts';
import {loadPreset} from '../../source/config/load-preset.ts';
import {shippedFolder, shippedNames} from '../../source/config/preset-files.ts';
import {resolveVariants} from '../../source/config/preset-variants.ts';
import {UserError} from '../../source/domain/user-error.ts';

/** Tests source/config/load-preset.ts, parse-preset.ts, preset-schema.ts, preset-variants.ts, preset-files.ts and items.ts. */

const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-preset-'));

const write = (name: string, text: string): string => {
	const file = path.join(folder, name);
	writeFileSync(file, text);
	return file;
};

const faultOf = (action: () => unknown): UserError => {
	try {
		action();
	} catch (error) {
		if (error instanceof UserError) {
			return error;
		}
		throw error;
	}
	throw new Error('expected a fault');
};

describe('shipped presets', () => {
	it.each(shippedNames())('%s is valid', (name) => {
		const {preset} = loadPreset(name);
		expect(preset.name).toBe(name);
		expect(resolveVariants(preset, undefined).length).toBeGreaterThan(1);
	});

	it('has summarize and classify', () => {
		expect(shippedNames()).toEqual(expect.arrayContaining(['classify', 'summarize']));
	});

	it('keeps the JSON schema beside them current', () => {
		expect(readFileSync(path.join(shippedFolder, 'schema.json'), 'utf8')).toBe(presetJsonSchema());
	});

	it('never sends the right answer along with an item', () => {
		const {items} = loadPreset('classify');
		expect(items[0]).toMatchObject({text: expect.stringContaining('charged twice'), expected: 'billing'});
		expect(items[0]?.text).not.toContain('billing');
	});
});

describe('loadPreset', () => {
	it('names the shipped ones where there is no such preset', () => {
		const fault = faultOf(() => loadPreset('sumarize'));
		expect(fault.message).toContain('"sumarize"');
		expect(fault.hint).toContain('summarize');
		expect(fault.exitCode).toBe(2);
	});

	const cases: ReadonlyArray<readonly [string, string, RegExp]> = [
		['unknown key', 'name: a\ntask: b\nmodles: [x]\n', /:3: unknown key "modles"/],
		[
			'unknown key of a variant',
			'name: a\ntask: b\nvariants:\n  - name: x\n    sytem: y\n',
			/:5: unknown key "sytem"/,
		],
		['missing task', 'name: a\n', /"task" is missing/],
		['bad choice', 'name: a\ntask: b\ngoal: speed\n', /:3: "goal": "speed" is not one of: throughput/],
		['bad number', 'name: a\ntask: b\nmaxTokens: -4\n', /:3: "maxTokens": -4 is too small/],
		[
			'no item a request',
			'name: a\ntask: b\nvariants:\n  - {name: v, itemsPerRequest: 0}\n',
			/:4: "variants\[1\]\.itemsPerRequest": 0 is too small \(at least 1\)/,
		],
		['no share', 'name: a\ntask: b\nshare: 0\n', /:3: "share": 0 is too small \(more than 0\)/],
		['bad type', 'name: a\ntask: b\nshare: all\n', /:3: "share": "all" is not a number/],
		[
			'two checks in one',
			'name: a\ntask: b\nchecks:\n  - {contains: x, equals: y}\n',
			/:4: .*exactly one check/,
		],
		['broken YAML', 'name: a\ntask: [b\nx: y\n', /preset\.yaml:\d+: /],
		[
			'unknown placeholder',
			'name: a\ntask: b\nvariants:\n  - name: x\n    instruction: "{{tsk}}"\n',
			/:5: unknown placeholder {{tsk}}/,
		],
		[
			'placeholder of a field that an item lacks',
			'name: a\ntask: b\nitems: [{x: 1}, {y: 2}]\nvariants:\n  - name: v\n    instruction: "{{item.x}}"\n',
			/:6: unknown placeholder {{item\.x}}: item 2 has no such field\./,
		],
		['bad regex', 'name: a\ntask: b\nchecks: [{regex: "("}]\n', /:3: "\(": Invalid regular expression/],
		[
			'regex between slashes',
			'name: a\ntask: b\nchecks:\n  - regex: /billing/i\n',
			/:4: "\/billing\/i": slashes around a regular expression are searched for/,
		],
		[
			'name in other letters',
			'name: a\ntask: b\nvariants: [{name: 日本語}]\n',
			/:3: "variants\[1\]\.name": "日本語" is not a name of 1 to 40 ASCII letters/,
		],
		[
			'bad JSON schema',
			'name: a\ntask: b\nchecks:\n  - contains: x\n  - jsonSchema: {type: foo}\n',
			/:5: jsonSchema {"type":"foo"}: "type" must be one of array, boolean, .*, string\.$/,
		],
		[
			'JSON schema that leads nowhere',
			'name: a\ntask: b\nchecks:\n  - jsonSchema: {$ref: "#/$defs/x"}\n',
			/:4: jsonSchema {"\$ref":"#\/\$defs\/x"}: "\$ref" leads nowhere: "#\/\$defs\/x"\.$/,
		],
		[
			'placeholder in a check',
			'name: a\ntask: b\nitems: [{label: x}]\nchecks:\n  - contains: x\n  - equals: "{{item.label}}"\n',
			/:6: equals: {{item\.label}} is not replaced/,
		],
		[
			'placeholder in a choice of a check',
			'name: a\ntask: b\nitems: [{label: x}]\nchecks: [{oneOf: [y, "{{ item.label }}"]}]\n',
			/:4: oneOf: {{item\.label}} is not replaced/,
		],
		[
			'placeholder in the JSON schema of a check',
			'name: a\ntask: b\nchecks: [{jsonSchema: {const: "{{item}}"}}]\n',
			/:3: jsonSchema: {{item}} is not replaced/,
		],
		[
			'judge without a question',
			'name: a\ntask: b\nchecks:\n  - judge: {model: m}\n',
			/:4: .*checks\[1\]\.judge\.question/,
		],
		[
			'judge without a model',
			'name: a\ntask: b\nchecks:\n  - judge: {model: " ", question: q}\n',
			/:4: .*checks\[1\]\.judge\.model": " " is empty: name the model that grades/,
		],
		[
			'judge that passes by a word it does not say',
			'name: a\ntask: b\nchecks:\n  - judge: {model: m, question: q, passIf: maybe}\n',
			/:4: .*checks\[1\]\.judge\.passIf": "maybe" is not one of/,
		],
		[
			'part of an answer that does not exist',
			'name: a\ntask: b\nexpectedIn: first-line\n',
			/:3: .*expectedIn": "first-line" is not one of.*"?answer"?, "?last-line"?/,
		],
		['empty file', '', /preset\.yaml:1: the file is empty\./],
		['file of comments', '# nothing\n', /preset\.yaml:1: the file is empty\./],
		[
			'chat with items',
			'name: a\ntask: b\nitems: [x]\nchat:\n  turns: [hello]\n',
			/:4: items and chat exclude each other/,
		],
		[
			'chat with expected',
			'name: a\ntask: b\nexpected: x\nchat: {turns: [hello]}\n',
			/:3: expected belongs to items, and a chat has none/,
		],
		[
			'chat with packing',
			'name: a\ntask: b\nchat: {turns: [hello]}\nvariants:\n  - name: v\n    itemsPerRequest: 5\n',
			/:6: packing and chat exclude each other: "v" packs 5 items/,
		],
		[
			'chat whose first turn has no placeholder',
			'name: a\ntask: b\nchat: {turns: [hello]}\nvariants:\n  - minimal\n  - name: v\n    instruction: "{{task}}"\n',
			/:6: the instruction of "v" has no placeholder for the first turn/,
		],
		[
			'chat in a lane that is not there',
			'name: a\ntask: b\nitems: [x]\nchat: {turns: [hello], lane: high}\nlanes: {low: {variants: [minimal]}}\n',
			/:4: chat names the lane "high", which the preset does not have/,
		],
		[
			'packing in the lane of a chat',
			'name: a\ntask: b\nitems: [x]\nchat: {turns: [hello], lane: high}\nvariants:\n  - {name: v, itemsPerRequest: 5}\nlanes: {high: {variants: [v]}}\n',
			/:6: packing and chat exclude each other: "v" packs 5 items/,
		],
		[
			'unknown built-in variant',
			'name: a\ntask: b\nvariants:\n  - minimal\n  - minimial\n',
			/:5: "minimial" is not the name of a variant\./,
		],
		[
			'two variants of one name',
			'name: a\ntask: b\nvariants:\n  - minimal\n  - {name: x}\n  - name: minimal\n',
			/:6: two variants are called "minimal"\./,
		],
		[
			'missing file of items',
			'name: a\ntask: b\nitems:\n  file: nowhere.txt\n',
			/preset\.yaml:4: ".*nowhere\.txt": it does not exist\./,
		],
		[
			'file of items elsewhere',
			'name: a\ntask: b\nitems: {file: ../x.txt}\n',
			/preset\.yaml:3: "\.\.\/x\.txt" is outside the preset's folder\./,
		],
		['chat without turns', 'name: a\ntask: b\nchat: {turns: []}\n', /:3: "chat\.turns": \[\] is too small/],
		[
			'empty turn',
			'name: a\ntask: b\nchat:\n  turns:\n    - hello\n    - " "\n',
			/:6: "chat\.turns\[2\]": " " is empty: a turn needs text/,
		],
		[
			'negative time to think',
			'name: a\ntask: b\nchat:\n  turns: [hello]\n  thinkSeconds: -1\n',
			/:5: "chat\.thinkSeconds": -1 is too small \(at least 0\)/,
		],
		[
			'placeholder that a turn has not',
			'name: a\ntask: b\nchat:\n  turns:\n    - hello {{item}}\n',
			/:5: unknown placeholder {{item}}/,
		],
		['{{turn}} without a chat', 'name: a\ntask: b\nsystem: "{{turn}}"\n', /unknown placeholder {{turn}}/],
	];
	it.each(cases)('%s', (_name, text, expected) => {
		const fault = faultOf(() => loadPreset(write('preset.yaml', text)));
		expect(fault.message).toMatch(expected);
		expect(fault.message).toContain('preset.yaml');
		expect(fault.exitCode).toBe(2);
	});

	it('names expected as the way out of a placeholder in a check', () => {
		const text = 'name: a\ntask: b\nchecks: [{contains: "{{item}}"}]\n';
		expect(faultOf(() => loadPreset(write('preset.yaml', text))).hint).toContain(
			'"expected" beside the checks, such as expected: "{{item.label}}"',
		);
	});

	it('lets checks ask for braces', () => {
		const checks = [
			{regex: String.raw`\{\{name\}\}`},
			{jsonSchema: {properties: {a: {properties: {}}}}},
			{contains: '{{'},
			{oneOf: ['{{', '}}']},
		];
		const text = `name: a\ntask: b\nchecks: ${JSON.stringify(checks)}\n`;
		expect(loadPreset(write('braces.yaml', text)).preset.checks).toEqual(checks);
	});

	it('reads items from .csv, .jsonl and .txt', () => {
		write('items.csv', 'text,label\n"a, b",one\nc,two\n');
		write('items.jsonl', '{"text":"a","n":1}\n\n{"text":"b","n":2}\n');
		write('items.txt', 'first\n\nsecond\n');
		const load = (file: string) =>
			loadPreset(write('items.yaml', `name: a\ntask: b\nitems: {file: ${file}}\n`)).items;
		expect(load('items.csv').map(({fields}) => fields)).toEqual([
			{text: 'a, b', label: 'one'},
			{text: 'c', label: 'two'},
		]);
		expect(load('items.jsonl')[1]?.fields).toEqual({text: 'b', n: '2'});
		expect(load('items.txt').map(({text}) => text)).toEqual(['first', 'second']);
	});

	it('refuses files outside its folder', () => {
		const fault = faultOf(() =>
			loadPreset(write('out.yaml', 'name: a\ntask: b\nitems: {file: ../secret.txt}\n')),
		);
		expect(fault.message).toContain('"../secret.txt" is outside');
	});

	it('resolves links before it decides what is inside', () => {
		const outside = mkdtempSync(path.join(tmpdir(), 'bedrock-top-outside-'));
		writeFileSync(path.join(outside, 'secret.txt'), 'secret');
		symlinkSync(path.join(outside, 'secret.txt'), path.join(folder, 'link.txt'));
		const linked = 'name: a\ntask: b\nitems: {file: link.txt}\n';
		expect(faultOf(() => loadPreset(write('linked.yaml', linked))).message).toContain(
			'"link.txt" is outside',
		);
		mkdirSync(path.join(folder, 'inner'));
		write('inner/own.txt', 'mine');
		symlinkSync(path.join(folder, 'inner'), path.join(outside, 'by-another-way'));
		write('inner/own.yaml', 'name: a\ntask: b\nitems: {file: own.txt}\n');
		expect(loadPreset(path.join(outside, 'by-another-way', 'own.yaml')).items[0]?.text).toBe('mine');
	});

	it('names the line of a broken .jsonl file', () => {
		write('bad.jsonl', '{"a": 1}\n{oops\n');
		const fault = faultOf(() =>
			loadPreset(write('bad.yaml', 'name: a\ntask: b\nitems: {file: bad.jsonl}\n')),
		);
		expect(fault.message).toContain('bad.jsonl:2: "{oops"');
	});
});

describe('resolveVariants', () => {
	it('names the known ones for an unknown one', () => {
		const fault = faultOf(() => resolveVariants(undefined, ['detailled']));
		expect(fault.message).toContain('"detailled"');
		expect(fault.hint).toContain('detailed');
	});
});
