import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {readResults, resultsSchema} from '../../source/reports/results-schema.ts';
import {isBuilt, newFolder, runProgram, undrawn} from '../helpers/built-program.ts';

const rules = Array.from(
	{length: 160},
	(_unused, rule) => `Rule ${rule}: topic ${rule} goes to team ${rule % 4}.`,
);

const preset = `
name: levers
task: Answer with the one category that fits the ticket.
items: [I was charged twice., The app crashes., Change my email., Refund please.]
variants:
  - {name: cached, cache: true, maxTokens: 40, system: "${rules.join(' ')}"}
  - {name: short, compress: [whitespace, boilerplate], maxTokens: 40, instruction: "Could you please do this.  {{task}}  {{item}}"}
  - {name: cut, maxTokens: 2}
  - {name: ended, stop: [" "]}
models: [us.amazon.nova-lite-v1:0]
`;

describe.skipIf(!isBuilt)('prompt levers (skipped where dist/ is not built)', () => {
	it('caching cold and warm, compression by rule, max tokens and stop sequences leave their traces', async () => {
		const cwd = newFolder();
		writeFileSync(path.join(cwd, 'levers.yaml'), preset);
		const argv = ['run', 'levers.yaml', '--demo', '--requests', '6', '--concurrency', '4', '--out', 'levers'];
		const {code, stdout, stderr} = await runProgram(argv, {cwd, environment: undrawn});
		expect([code, stderr]).toEqual([0, '']);

		const read = (name: string): string => readFileSync(path.join(cwd, 'levers', name), 'utf8');
		expect(resultsSchema.strict().safeParse(JSON.parse(read('results.json'))).error).toBeUndefined();
		const {variants} = readResults(read('results.json'), 'results.json');
		const [cached, short, cut, ended] = variants;
		const {cold, warm} = cached?.caching ?? {};
		expect((cold?.requests ?? 0) + (warm?.requests ?? 0)).toBe(6);
		expect(warm?.requests).toBeGreaterThan(0);
		expect(warm?.quotaTokens.mean).toBeLessThan((cold?.quotaTokens.mean ?? 0) / 5);

		expect(short?.prompt.user).toMatch(/^Do this\. Answer/);
		expect(short?.compression?.original.user).toMatch(/^Could you please do this\./);
		expect(cut?.requests.truncated).toBeGreaterThan(0);
		expect(ended?.stopReasons).toHaveProperty('stop_sequence');

		for (const text of [stdout, read('summary.md')]) {
			expect(text).toContain('cached: cache warm:');
			expect(text.replaceAll(/\s+/g, ' ')).toMatch(/short: compressed: of \d+ characters .* boilerplate \d+/);
		}
	});
});
