import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {loadPreset} from '../../source/config/load-preset.ts';
import {assertWords, parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';
import type {UserError} from '../../source/domain/user-error.ts';
import {faultOf} from '../helpers/fault-of.ts';

/** What a misspelt name gets, wherever one is typed: source/text/nearest-name.ts, source/config/load-preset.ts. */

const presetFile = (text: string): string => {
	const file = path.join(mkdtempSync(path.join(tmpdir(), 'suggestions-')), 'own.yaml');
	writeFileSync(file, text);
	return file;
};

const hintOf = async (...argv: readonly string[]): Promise<string | undefined> => {
	const resolving = (async () => {
		const given = parseArguments(argv);
		assertWords(given);
		return resolveRun(given.words[0], given.flags, async () => '');
	})();
	return resolving.then(
		() => expect.unreachable('it was accepted'),
		({hint}: UserError) => hint,
	);
};

describe('a misspelt name', () => {
	it.each([
		['a flag', ['run', 'classify', '--dmeo'], '--demo'],
		['a command', ['rnu', 'classify'], 'run'],
		['a preset', ['run', 'clasify'], 'classify'],
		['a variant', ['run', 'summarize', '--variants', 'concise,detialed'], 'detailed'],
		['a goal', ['run', 'summarize', '--goal', 'latncy'], 'latency'],
		['a load', ['run', 'summarize', '--load', 'satruate'], 'saturate'],
		['a method', ['run', 'summarize', '--method', 'convrese'], 'converse'],
		['a tier', ['run', 'summarize', '--tier', 'flx'], 'flex'],
		['a Region', ['run', 'summarize', '--region', 'us-esat-1'], 'us-east-1'],
		['a Region by its area', ['run', 'summarize', '--region', 'eu-cetnral-1'], 'eu-central-1'],
	])('of %s gets the nearest one', async (_, argv, meant) => {
		expect(await hintOf(...argv)).toContain(`Did you mean "${meant}"?`);
	});

	it('of a key of a preset gets the nearest one, before what else is missing', () => {
		const file = presetFile('task: t\nvariant: [concise]\n');
		const {message, hint} = faultOf(() => loadPreset(file));
		expect(message).toBe(`${file}:2: unknown key "variant" in a preset.`);
		expect(hint).toContain('Did you mean "variants"?');
	});

	it('far from all names gets none', async () => {
		expect(await hintOf('run', 'summarize', '--qqqqqq')).not.toContain('Did you mean');
	});

	it('does not refuse Regions that are not listed', async () => {
		for (const region of ['mx-central-1', 'me-south-1', 'us-gov-west-1', 'ap-southeast-7']) {
			const {flags} = parseArguments(['run', 'summarize', '--region', region]);
			expect((await resolveRun('summarize', flags, async () => '')).connection.region).toBe(region);
		}
	});
});

describe('a placeholder in single braces', () => {
	const remarksOf = (instruction: string) =>
		loadPreset(
			presetFile(
				`name: own\ntask: t\nvariants:\n  - name: a\n    instruction: '${instruction}'\nitems:\n  - {text: hello}\n`,
			),
		).remarks;

	it('is named with its line and the form that works', () => {
		expect(remarksOf('{{task}} {item.text}')).toEqual([
			expect.stringMatching(/own\.yaml:5: \{item\.text\} is sent as it is; .*: \{\{item\.text\}\}\.$/),
		]);
		expect(remarksOf('{{task}} {text}')).toEqual([expect.stringContaining('{{item.text}}')]);
	});

	it('is not seen in JSON, in other words and in placeholders', () => {
		expect(remarksOf('{{task}} {{item.text}} {"text": 1} {other} {}')).toEqual([]);
	});
});
