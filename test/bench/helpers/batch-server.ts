import {spawn} from 'node:child_process';
import path from 'node:path';
import {createInterface} from 'node:readline';
import type {Seen} from '../children/batch-server.ts';

/** A simulator in a process of its own, and what it saw. */
export type BatchServer = {
	readonly url: string;
	readonly timeline: () => Promise<readonly Seen[]>;
	readonly stop: () => void;
};

/** @param stepMs Milliseconds in each of the three states before a job works. */
export const startBatchServer = async (stepMs: number): Promise<BatchServer> => {
	const script = path.resolve(import.meta.dirname, '../children/batch-server.ts');
	const child = spawn(process.execPath, [script, String(stepMs)], {stdio: ['pipe', 'pipe', 'inherit']});
	const url = await new Promise<string>((resolve, reject) => {
		createInterface({input: child.stdout}).once('line', resolve);
		child.once('exit', () => reject(new Error('The server ended before it was ready.')));
	});
	return {
		url,
		timeline: async () => (await (await fetch(`${url}/__timeline`)).json()) as readonly Seen[],
		stop: () => child.stdin.end(),
	};
};
