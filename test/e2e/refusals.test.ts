import {writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {isBuilt, newFolder, runProgram} from '../helpers/built-program.ts';

describe.skipIf(!isBuilt)(
	'what the built program refuses (skipped where dist/ is not built)',
	{concurrent: true},
	() => {
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
