import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {program} from '../../helpers/built-program.ts';
import {processCpuMs} from './processor-time.ts';

/** What a process had taken by a moment. */
export type Sample = {
	/** Milliseconds since 1970. */
	readonly at: number;
	readonly cpuMs: number;
	/** The most memory so far. */
	readonly peakBytes: number;
};

const sampleMs = 50;

const peakBytesOf = (pid: number): number => {
	const [, kilobytes = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
	return Number(kilobytes) * 1024;
};

/** Runs the built program and looks at it twenty times a second. Linux only. */
export const watchProgram = async (
	argv: readonly string[],
	options: {readonly cwd: string; readonly env: Readonly<Record<string, string>>},
): Promise<{readonly samples: readonly Sample[]; readonly endedAt: number}> => {
	const child = spawn(process.execPath, [program, ...argv], {
		...options,
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	const {pid = 0} = child;
	const samples: Sample[] = [];
	const timer = setInterval(() => {
		try {
			samples.push({at: Date.now(), cpuMs: processCpuMs(pid), peakBytes: peakBytesOf(pid)});
		} catch {
			// It has just ended.
		}
	}, sampleMs);
	let errors = '';
	child.stderr.on('data', (bytes: Buffer) => {
		errors += String(bytes);
	});
	const code = await new Promise<number | null>((resolve) => {
		child.once('exit', resolve);
	});
	clearInterval(timer);
	if (code !== 0) {
		throw new Error(`The program ended with ${code}: ${errors}`);
	}
	return {samples, endedAt: Date.now()};
};
