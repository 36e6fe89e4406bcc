import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {privateFolderMode} from '../../text/private-file.ts';
import {writeAtomically} from '../../text/write-atomically.ts';
import {comparisonChart} from '../specs/compare.ts';
import {type Draw, writeCharts} from '../write.ts';
import {comparisonMarkdown} from './compare-table.ts';
import type {NamedRun} from './comparison.ts';

/** Writes `compare.md` and `compare.svg`. @returns Their absolute paths, in that order. */
export async function writeComparison(
	runs: readonly NamedRun[],
	{folder, draw}: {readonly folder: string; readonly draw: Draw},
): Promise<readonly string[]> {
	await mkdir(folder, {recursive: true, mode: privateFolderMode});
	const files: string[] = [];
	const write = async (name: string, text: string) => {
		const file = path.join(folder, name);
		await writeAtomically(file, text);
		files.push(file);
	};

	await write('compare.md', comparisonMarkdown(runs));
	await writeCharts([{fileName: 'compare.svg', chart: comparisonChart(runs)}], draw, write);
	return files;
}
