import {writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {startSimulatorThread} from '../../source/threads/simulator-handle.ts';
import {isBuilt, newFolder, runProgram} from '../helpers/built-program.ts';
import {defaultOptions} from '../simulator/harness.ts';

const credentials = {
	AWS_ACCESS_KEY_ID: 'simulated',
	AWS_SECRET_ACCESS_KEY: 'simulated',
	AWS_REGION: 'us-east-1',
};

describe.skipIf(!isBuilt)(
	'what the built program refuses (skipped where dist/ is not built)',
	{concurrent: true},
	() => {
		it('tells a cost that is beyond --max-cost as precisely as the plan does', async () => {
			const {url, stop} = await startSimulatorThread(defaultOptions);
			const environment = {...credentials, AWS_ENDPOINT_URL: url};
			const flags = ['--requests', '2', '--variants', 'concise', '--max-cost', '0', '--no-reports'];
			const {code, stderr} = await runProgram(['run', 'summarize', ...flags], {environment});
			await stop();
			expect(code).toBe(2);
			const planned = /cost +at most (\$\S+)/.exec(stderr)?.[1];
			expect(planned).toMatch(/^\$0\.00\d+$/);
			expect(stderr).toContain(`It may cost ${planned}, and --max-cost is $0.00: nothing was sent.`);
		});

		it.each([
			[
				'faults: [{kind: stall}]\n',
				'faults.yaml: The script of faults is wrong: faults.0.forMs: a stall needs forMs',
			],
			['faults:\n  - {kind: cut\n', /faults\.yaml:\d: /],
			['fault: []\n', /faults\.yaml: .*fault/],
		])('says what is wrong with a script of faults, and in which file: %j', async (text, expected) => {
			const cwd = newFolder();
			writeFileSync(path.join(cwd, 'faults.yaml'), text);
			const {code, stderr} = await runProgram(['simulate', '--faults', 'faults.yaml'], {cwd});
			expect(code).toBe(2);
			expect(stderr.replaceAll(/\s+/g, ' ')).toMatch(expected);
		});
	},
);
