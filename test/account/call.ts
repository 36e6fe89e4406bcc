import {PassThrough} from 'node:stream';
import {onTestFinished, vi} from 'vitest';
import {batch} from '../../source/commands/batch.ts';
import {optimize} from '../../source/commands/optimize.ts';
import {run} from '../../source/commands/run.ts';
import {watch} from '../../source/commands/watch.ts';
import {assertWords, parseArguments} from '../../source/config/parse-arguments.ts';
import type {Scenario, SimulatorOptions} from '../../source/simulator/options.ts';
import type {Io} from '../../source/terminal/io.ts';
import {newFolder} from '../helpers/built-program.ts';
import {startEngineHere} from '../helpers/engine-in-thread.ts';
import {startForTest} from '../simulator/harness.ts';

/** Commands called in this process: a new one for each would take longer than all that they do. */

const commands = {batch, optimize, run, watch};

export type Called = {
	readonly ended: Promise<number>;
	readonly stdout: () => string;
	readonly stderr: () => string;
	/** What a signal with this exit code does. */
	readonly abort: (exitCode: number) => void;
};

/** Starts a command; `ended` rejects with the fault that it ends with. */
export const call = (name: keyof typeof commands, ...argv: readonly string[]): Called => {
	const aborter = new AbortController();
	const [stdout, stderr] = [new PassThrough(), new PassThrough()];
	const texts = {stdout: '', stderr: ''};
	stdout.setEncoding('utf8').on('data', (chunk: string) => {
		texts.stdout += chunk;
	});
	stderr.setEncoding('utf8').on('data', (chunk: string) => {
		texts.stderr += chunk;
	});
	const given = parseArguments([name, ...argv]);
	assertWords(given);
	const io = {stdin: new PassThrough(), stdout, stderr, environment: {}, signal: aborter.signal};
	return {
		ended: commands[name](given, io as unknown as Io, startEngineHere),
		stdout: () => texts.stdout,
		stderr: () => texts.stderr,
		abort: (exitCode) => aborter.abort(exitCode),
	};
};

/**
 * An account that is simulated in this process, found by the environment as one of AWS's would be.
 * @returns Its URL.
 */
export const useAccount = async (
	scenario: Scenario,
	options: Partial<SimulatorOptions> = {},
): Promise<string> => {
	const {url} = await startForTest({...options, scenario});
	for (const [name, value] of Object.entries({
		AWS_ENDPOINT_URL: url,
		AWS_REGION: 'us-east-1',
		AWS_ACCESS_KEY_ID: 'simulated',
		AWS_SECRET_ACCESS_KEY: 'simulated',
		HOME: newFolder(),
		XDG_CACHE_HOME: undefined,
		XDG_STATE_HOME: undefined,
	})) {
		vi.stubEnv(name, value);
	}
	onTestFinished(() => {
		vi.unstubAllEnvs();
	});
	return url;
};
