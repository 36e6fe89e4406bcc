import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {newFolder, program} from '../../helpers/built-program.ts';
import {environmentFor} from './simulated.ts';

/** The built tap in front of a service that costs next to nothing, each in a process of its own. */

const started = async (
	argv: readonly string[],
	pattern: RegExp,
	env: Readonly<Record<string, string>> = {},
): Promise<{readonly child: ChildProcess; readonly found: string}> => {
	const child = spawn(process.execPath, argv, {
		cwd: newFolder(),
		stdio: ['ignore', 'pipe', 'ignore'],
		env: {PATH: process.env.PATH ?? '', HOME: newFolder(), BEDROCK_TOP_CONFIG: '', ...env},
	});
	for await (const line of createInterface({input: child.stdout as NodeJS.ReadableStream})) {
		const found = pattern.exec(line)?.[1];
		if (found !== undefined) {
			child.stdout?.resume();
			return {child, found};
		}
	}
	throw new Error(`${argv[0]} ended before it said where it is.`);
};

const stop = async (child: ChildProcess): Promise<void> => {
	const exited = once(child, 'exit');
	child.kill('SIGTERM');
	await exited;
};

export type Tapped = {
	/** Of the service itself. */
	readonly direct: string;
	/** Of the tap, with its secret. */
	readonly tap: string;
	/** Memory of the tap's process, in bytes. */
	readonly memory: () => Promise<number>;
};

/** Does something with a service and a tap in front of it. */
export const withTap = async <T>(use: (tapped: Tapped) => Promise<T>): Promise<T> => {
	const script = path.resolve(import.meta.dirname, '../children/tap-upstream.ts');
	const service = await started([script], /^(http\S+)$/);
	try {
		const argv = [program, 'tap', '--plain', '--no-reports'];
		const tap = await started(
			argv,
			/AWS_ENDPOINT_URL_BEDROCK_RUNTIME=(http:\/\/127\.0\.0\.1:\d+\/[\w-]{22})$/,
			environmentFor(service.found),
		);
		try {
			return await use({
				direct: service.found,
				tap: tap.found,
				async memory() {
					const status = await readFile(`/proc/${tap.child.pid}/status`, 'utf8');
					return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
				},
			});
		} finally {
			await stop(tap.child);
		}
	} finally {
		await stop(service.child);
	}
};
