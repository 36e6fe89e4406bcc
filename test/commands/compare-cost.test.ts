/** Tests source/reports/compare/comparison.ts: costs that are not known to the cent, through the command. */
import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import {describe, expect, it} from 'vitest';
import {compare} from '../../source/commands/compare.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import type {CostRange} from '../../source/domain/figures-schema.ts';
import {comparisonMarkdown} from '../../source/reports/compare/comparison-table.ts';
import {resultsOf, resultsText} from '../../source/reports/results.ts';
import {environment, snapshot, variant} from '../helpers/results-fixture.ts';

/** Costs that are not known to the cent: cut answers make them a range, a dearer tier leaves them open. */

const runWith = (costUsdWithin: CostRange | undefined) => {
	const plain = variant({output: 100});
	const known = {...plain, costUsd: 0.03};
	return resultsOf(
		snapshot({variants: [costUsdWithin === undefined ? known : {...known, costUsdWithin}]}),
		environment,
	);
};

const known = runWith(undefined);
const cut = runWith({low: 0.02, high: 0.05});
const open = runWith({low: 0.03, high: null});

/** What `compare` prints for these runs. */
const printed = async (runs: ReadonlyArray<typeof known>, json: boolean): Promise<string> => {
	const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-compare-'));
	const files = runs.map((results, index) => {
		const file = path.join(folder, `run-${index}.json`);
		writeFileSync(file, resultsText(results));
		return file;
	});
	const stdout = new PassThrough();
	await compare(parseArguments(['compare', ...files, ...(json ? ['--json'] : [])]), {
		stdout: stdout as unknown as NodeJS.WriteStream,
		stderr: new PassThrough() as unknown as NodeJS.WriteStream,
		environment: {},
	});
	stdout.end();
	return (await stdout.toArray()).join('');
};

describe('the cost that compare shows', () => {
	it('is a range in the table where answers were cut, and open where a tier was dearer', async () => {
		const table = await printed([known, cut, open], false);
		expect(table).toMatch(/cost as run +\$0\.030 +\$0\.020 to \$0\.050 .* \$0\.030 or more/);
		const perRequest = table.split('\n').find((line) => line.includes('cost per 1,000 requests'));
		expect(perRequest).toMatch(/or more/);
		expect(perRequest).toMatch(/the same.*not clear/);
	});

	it('is the same in Markdown', () => {
		const page = comparisonMarkdown([
			{name: 'known', results: known},
			{name: 'cut', results: cut},
			{name: 'open', results: open},
		]);
		expect(page).toMatch(
			/\| cost as run \| \\?\$0\.030 \| \\?\$0\.020 to \\?\$0\.050 \|.*\| \\?\$0\.030 or more \|/,
		);
	});

	it('is the range as data in JSON', async () => {
		const {figures} = JSON.parse(await printed([known, cut, open], true)) as {
			figures: ReadonlyArray<{figure: string; values: readonly unknown[]; differences: readonly unknown[]}>;
		};
		const of = (name: string) => figures.find(({figure}) => figure === name);
		expect(of('cost as run')?.values).toEqual([
			{value: 0.03, low: null, high: null},
			{value: 0.03, low: null, high: null, within: {low: 0.02, high: 0.05}},
			{value: 0.03, low: null, high: null, within: {low: 0.03, high: null}},
		]);
		expect(of('cost per 1,000 requests')?.values[2]).toMatchObject({
			low: null,
			high: null,
			within: {high: null},
		});
		// Against a cost without an upper bound nothing is cheaper.
		expect(of('cost per 1,000 requests')?.differences[1]).toMatchObject({
			verdict: 'unclear',
			low: null,
			high: null,
		});
	});
});
