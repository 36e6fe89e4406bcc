import {readFileSync} from 'node:fs';

/** Linux counts the time of processors in hundredths of a second, whatever the kernel's own tick is. */
const ticksPerSecond = 100;

/** Milliseconds of processor time in a `stat` file: user and system. */
const readStatMs = (file: string): number => {
	// The name of the program stands in parentheses and may hold blanks.
	const [, fields = ''] = /\) (.*)$/s.exec(readFileSync(file, 'utf8')) ?? [];
	const [user = '0', system = '0'] = fields.split(' ').slice(11, 13);
	return ((Number(user) + Number(system)) * 1000) / ticksPerSecond;
};

/** Processor time of a process with all its threads, in milliseconds. Linux only. */
export const processCpuMs = (pid: number): number => readStatMs(`/proc/${pid}/stat`);

/** How long the main thread of a process has run, and how long it was ready and waited for a processor. */
export const mainThreadTimes = (pid: number): {readonly cpuMs: number; readonly waitedMs: number} => {
	// The scheduler's own clock counts nanoseconds.
	const [ran, waited] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
	return {cpuMs: Number(ran) / 1e6, waitedMs: Number(waited) / 1e6};
};

/** Processor time of the main thread of a process alone. */
export const mainThreadCpuMs = (pid: number): number => mainThreadTimes(pid).cpuMs;
