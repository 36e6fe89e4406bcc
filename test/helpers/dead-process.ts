import {spawn} from 'node:child_process';
import {once} from 'node:events';

/** Runs a script and waits for its end. Returns the process ID that it had. */
export const childOf = async (script: string): Promise<number> => {
	const child = spawn(process.execPath, ['-e', script]);
	await once(child, 'exit');
	return child.pid ?? 0;
};
