import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {readResults, resultsSchema} from '../../../source/reports/results-schema.ts';
import {summaryMarkdown} from '../../../source/reports/run-sections.ts';
import {call, useAccount} from '../../account/call.ts';
import {newFolder} from '../../helpers/built-program.ts';

/** Tests source/commands/run.ts. */

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

describe('prompt levers', () => {
	it('caching cold and warm, compression by rule, max tokens and stop sequences leave their traces', async () => {
		await useAccount({});
		const folder = newFolder();
		const [levers, file] = [path.join(folder, 'levers.yaml'), path.join(folder, 'results.json')];
		writeFileSync(levers, preset);
		const flags = ['--requests', '6', '--concurrency', '4', '--yes', '--no-reports', `--json=${file}`];
		const run = call('run', levers, ...flags);
		expect([await run.ended, run.stderr()]).toEqual([0, '']);

		const text = readFileSync(file, 'utf8');
		expect(resultsSchema.strict().safeParse(JSON.parse(text)).error).toBeUndefined();
		const results = readResults(text, 'results.json');
		const {variants} = results;
		const [cached, short, cut, ended] = variants;
		const {cold, warm} = cached?.caching ?? {};
		expect((cold?.requests ?? 0) + (warm?.requests ?? 0)).toBe(6);
		expect(warm?.requests).toBeGreaterThan(0);
		expect(warm?.quotaTokens.mean).toBeLessThan((cold?.quotaTokens.mean ?? 0) / 5);

		expect(short?.prompt.user).toMatch(/^Do this\. Answer/);
		expect(short?.compression?.original.user).toMatch(/^Could you please do this\./);
		expect(cut?.requests.truncated).toBeGreaterThan(0);
		expect(ended?.stopReasons).toHaveProperty('stop_sequence');

		for (const page of [run.stdout(), summaryMarkdown(results, [])]) {
			expect(page).toContain('cached: cache warm:');
			expect(page.replaceAll(/\s+/g, ' ')).toMatch(/short: compressed: of \d+ characters .* boilerplate \d+/);
		}
	});
});
