import {execFile} from 'node:child_process';
import {existsSync, mkdtempSync, readdirSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {Results} from '../../source/reports/results-schema.ts';

/** The built program, as users get it: `npm test` builds it first. */
export const program = path.resolve(import.meta.dirname, '../../dist/cli.js');

export const isBuilt = existsSync(program);

export const newFolder = (): string => mkdtempSync(path.join(tmpdir(), 'bedrock-top-e2e-'));

const home = newFolder();

/** A user's environment: nothing of this process but the path, and a home without a past. */
export const plainEnvironment = (): Record<string, string> => ({
	PATH: process.env.PATH ?? '',
	HOME: home,
	// The folder of a configuration is not below HOME on every platform.
	BEDROCK_TOP_CONFIG: '',
});

/** In every thread of the program: the chunk that draws is replaced by one that has empty charts. */
const withoutDrawing = `
	import * as module from 'node:module';
	const empty = 'data:text/javascript,export const drawChart = async () => "<svg/>";';
	module.registerHooks?.({
		resolve: (name, context, next) =>
			/\\/draw(?:-\\w+)?\\.[jt]s$/.test(name) ? {url: empty, shortCircuit: true} : next(name, context),
	});`;

/**
 * For runs whose charts nobody reads: they are written, but empty. Drawing takes a short run nearly as long as all else
 * that it does. `headless.test.ts` reads what the built program draws.
 */
export const undrawn = {
	NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(withoutDrawing)}`,
} as const;

export type Finished = {readonly code: number; readonly stdout: string; readonly stderr: string};

/** Runs the built program without a terminal. */
export const runProgram = async (
	argv: readonly string[],
	options: {cwd?: string; environment?: Record<string, string>; input?: string} = {},
): Promise<Finished> =>
	new Promise((resolve) => {
		const child = execFile(
			process.execPath,
			[program, ...argv],
			{
				cwd: options.cwd ?? newFolder(),
				env: {...plainEnvironment(), ...options.environment},
				maxBuffer: 50_000_000,
			},
			(error, stdout, stderr) => {
				resolve({
					code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1,
					stdout,
					stderr,
				});
			},
		);
		child.stdin?.end(options.input ?? '');
	});

/** The results of the newest run in a folder. */
export const readResultsIn = (cwd: string): Results => {
	const reports = path.join(cwd, 'bedrock-top-reports');
	const folders = readdirSync(reports, {withFileTypes: true}).filter((entry) => entry.isDirectory());
	const [newest] = folders
		.map(({name}) => name)
		.toSorted()
		.toReversed();
	return JSON.parse(readFileSync(path.join(reports, newest ?? '', 'results.json'), 'utf8')) as Results;
};
