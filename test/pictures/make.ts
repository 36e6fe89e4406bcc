import {mkdtemp, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {program} from '../helpers/built-program.ts';
import {openPseudoTerminal} from '../helpers/pseudo-terminal.ts';
import {terminalSvg} from './cells-to-svg.ts';

/** Makes the README's picture from a real frame of the built program: `npm run build && node test/pictures/make.ts`. */

const cwd = await mkdtemp(path.join(tmpdir(), 'bedrock-top-picture-'));
const terminal = openPseudoTerminal(
	process.execPath,
	[
		...[program, 'summarize', '--demo', '--load', 'saturate', '--duration', '120s', '--no-reports'],
		...['--variants', 'detailed,concise,structured'],
	],
	{cwd, columns: 110, rows: 34, patienceMs: 90_000},
);
await terminal.waitFor(
	(lines) => lines.some((line) => /RUNNING 00:4\d/.test(line)),
	'forty seconds of the run',
);
const svg = terminalSvg(
	terminal.emulator,
	'bedrock-top during a demo run (SIMULATED)',
	'Header with model and quota, gauges of requests and tokens a minute, charts against the quota line, and the table of variants.',
);
await writeFile(path.join(import.meta.dirname, 'screen.svg'), svg);
terminal.write('q');
await terminal.exited;
