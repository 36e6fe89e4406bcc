import {readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {readResults, resultsSchema} from '../../source/reports/results-schema.ts';
import {isBuilt, newFolder, runProgram, undrawn} from '../helpers/built-program.ts';

const argv = ['run', 'classify', '--demo', '--search', '--requests', '40', '--variants', 'concise,minimal'];

describe.skipIf(!isBuilt)('run --search (skipped where dist/ is not built)', {concurrent: true}, () => {
	it('halves within its budget and reports the front in every form', async () => {
		const cwd = newFolder();
		const {code, stdout, stderr} = await runProgram([...argv, '--out', 'found'], {cwd, environment: undrawn});
		expect([code, stderr]).toEqual([0, '']);
		expect(stdout).toContain('Search: quality against quota');

		const read = (name: string): string => readFileSync(path.join(cwd, 'found', name), 'utf8');
		const results = readResults(read('results.json'), 'results.json');
		expect(resultsSchema.strict().safeParse(JSON.parse(read('results.json'))).success).toBe(true);
		const {search} = results;
		expect(search?.requests).toBeLessThanOrEqual(40);
		expect(read('answers.jsonl').trim().split('\n')).toHaveLength(search?.requests ?? 0);
		expect(search?.rungs.map(({candidates}) => candidates)).toEqual([6, 3]);
		expect(search?.front.length).toBeGreaterThan(0);
		const finalists = results.variants.map(({name}) => name);
		expect(finalists).toEqual(expect.arrayContaining([...(search?.front ?? [])]));
		expect(read('summary.md')).toContain('## Search');
		expect(read('summary.md')).toContain('--search');
	});

	it('refuses what does not go with it, in a sentence', async () => {
		const refused = async (...flags: readonly string[]): Promise<string> => {
			const plain = argv.filter((word) => !['--requests', '40'].includes(word));
			const {code, stderr} = await runProgram([...plain, ...flags], {cwd: newFolder()});
			expect(code).toBe(2);
			return stderr;
		};
		expect(await refused('--load', 'saturate')).toContain('--search: load saturate does not go with it');
		expect(await refused('--requests', '3')).toContain('3 is too few to search 2 variants');
	});
});
