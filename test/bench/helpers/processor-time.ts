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

/** Processor time of the main thread of a process alone, by the scheduler's own clock, which counts nanoseconds. */
export const mainThreadCpuMs = (pid: number): number => {
	const [nanoseconds] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
	return Number(nanoseconds) / 1e6;
};
