import {writeFile} from 'node:fs/promises';
import {cpus, loadavg} from 'node:os';
import {parseArgs} from 'node:util';
import {benchCases} from './cases.ts';
import {type BenchCase, type BenchOptions, groups, type Row} from './helpers/bench-case.ts';
import {tableLines} from './helpers/table.ts';

/**
 * `npm run bench [-- CASE... --quick --json FILE]`: prints one table a group. The exit code is 1 when a bound is missed,
 * 2 for a case that does not exist. Every figure is a ratio or a difference within one run, because machines differ.
 */

const help = (): string =>
	[
		'npm run bench -- [CASE...] [--quick] [--json FILE]',
		'',
		'  --quick      quota windows of 6 s instead of 60 s, fewer repetitions',
		'  --json FILE  the figures as JSON',
		'',
		...benchCases.map(({name, group, about}) => `  ${group.padEnd(8)} ${name.padEnd(24)} ${about}`),
	].join('\n');

const choose = (names: readonly string[]): readonly BenchCase[] => {
	const unknown = names.find((name) => !benchCases.some((each) => each.name === name));
	if (unknown !== undefined) {
		process.stderr.write(`There is no case "${unknown}".\n\n${help()}\n`);
		process.exit(2);
	}
	return benchCases.filter(({name}) => names.length === 0 || names.includes(name));
};

/** A case that breaks is a missed bound, with its reason where the figure would be. */
const rowsOf = async (each: BenchCase, options: BenchOptions): Promise<readonly Row[]> => {
	try {
		return await each.run(options);
	} catch (error) {
		const [reason = ''] = String(error).split('\n');
		process.stderr.write(`${each.name}: ${error instanceof Error ? error.stack : error}\n`);
		return [
			{name: each.name, ours: reason, comparison: '', relation: '', bound: '', isMet: false, figures: {}},
		];
	}
};

const main = async (): Promise<void> => {
	const {values, positionals} = parseArgs({
		allowPositionals: true,
		options: {
			quick: {type: 'boolean', default: false},
			json: {type: 'string'},
			help: {type: 'boolean', default: false},
		},
	});
	if (values.help) {
		process.stdout.write(`${help()}\n`);
		return;
	}
	const chosen = choose(positionals);
	const options = {isQuick: values.quick, windowMs: values.quick ? 6000 : 60_000};
	// What else the machine does is part of every figure: above one a core they say little.
	const load = loadavg()[0]?.toFixed(1);
	const machine = `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus().length} cores, load ${load}`;
	process.stdout.write(`${machine}; quota windows of ${options.windowMs / 1000} s\n`);
	const results: Array<{readonly name: string; readonly group: string; readonly rows: readonly Row[]}> = [];
	for (const group of groups) {
		const cases = chosen.filter((each) => each.group === group);
		const rows: Row[] = [];
		for (const each of cases) {
			process.stderr.write(`${each.name} ...\n`);
			const found = await rowsOf(each, options);
			rows.push(...found);
			results.push({name: each.name, group, rows: found});
		}
		if (rows.length > 0) {
			process.stdout.write(`\n${group}\n${tableLines(rows).join('\n')}\n`);
		}
	}
	if (values.json !== undefined) {
		await writeFile(values.json, `${JSON.stringify({machine, ...options, results}, null, '\t')}\n`);
	}
	const isMissed = results.some(({rows}) => rows.some(({isMet}) => isMet === false));
	process.exitCode = isMissed ? 1 : 0;
};

await main();
