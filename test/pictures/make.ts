import {mkdtemp, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {program} from '../helpers/built-program.ts';
import {openPseudoTerminal} from '../helpers/pseudo-terminal.ts';
import {animatedSvg, type Frame, rowsOf} from './cells-to-svg.ts';

/**
 * Makes the README's picture from real frames of the command that the README begins with, run by the built program:
 * `npm run build && node test/pictures/make.ts`.
 */

const argv = ['summarize', '--demo'];
const command = `npx bedrock-top ${argv.join(' ')}`;
const size = {columns: 110, rows: 36};
/** Milliseconds between two frames, and for which the last one stays. */
const frameMs = 500;
const lastMs = 8000;

const terminal = openPseudoTerminal(process.execPath, [program, ...argv], {
	cwd: await mkdtemp(path.join(tmpdir(), 'bedrock-top-picture-')),
	...size,
	patienceMs: 90_000,
});
// As a terminal with the background of the picture answers, when it is asked for its colours.
let isAnswered = false;
await terminal.waitFor((lines) => {
	if (!isAnswered && terminal.raw().includes('\u001B]11;?')) {
		isAnswered = true;
		terminal.write('\u001B]11;rgb:1e1e/2121/2727\u001B\\');
	}
	return lines.some((line) => line.includes('SIMULATED'));
}, 'the first frame');
const frames: Frame[] = [];
const recording = setInterval(() => {
	frames.push({rows: rowsOf(terminal.emulator), ms: frameMs});
}, frameMs);
await terminal.waitFor((lines) => lines.some((line) => /COMPLETED/.test(line)), 'the end of the run');
clearInterval(recording);
// The verdict of the end, and the next steps below it.
await new Promise((resolve) => {
	setTimeout(resolve, 1500);
});
frames.push({rows: rowsOf(terminal.emulator), ms: lastMs});
const svg = animatedSvg(frames, {
	command,
	title: `${command} (SIMULATED)`,
	description:
		'Four ways to ask for a summary are compared: gauges of requests and tokens per minute fill, the table of variants gets its figures, and at the end a verdict says which one to use and why.',
	columns: size.columns,
});
await writeFile(path.join(import.meta.dirname, 'demo.svg'), svg);
terminal.write('q');
await terminal.exited;
process.stdout.write(`${frames.length} frames, ${svg.length} bytes\n`);
