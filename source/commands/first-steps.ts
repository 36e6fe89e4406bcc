import {existsSync} from 'node:fs';
import {defaultFolder} from '../reports/folder.ts';
import type {Io} from '../terminal/io.ts';

/** What somebody can do who has not done anything yet: three commands at the start, and three after the first demo. */

type Environment = Io['environment'];

/** A command with what it is for, as typed here: `npx` runs a program that is not installed. */
const line = (environment: Environment, command: string, what: string): string => {
	const isByNpx = environment.npm_command === 'exec';
	return `${`${isByNpx ? 'npx ' : ''}bedrock-top${command}`.padEnd(isByNpx ? 40 : 36)}  ${what}`;
};

/** For a start without a terminal and without anything to run. */
export function startLines(environment: Environment): readonly string[] {
	return [
		line(environment, ' run summarize --demo', 'try it on the built-in simulator: no account, no cost'),
		line(environment, ' watch', "your account's use against its quotas, one block per minute"),
		line(
			environment,
			' run summarize -m MODEL',
			'compare prompts on your account; "models" lists what can run',
		),
	];
}

/** Whether nothing was run in this folder before. */
export function isFirstRun(): boolean {
	return !existsSync(defaultFolder);
}

/** After the first demo. */
export function nextLines(environment: Environment): readonly string[] {
	return [
		line(environment, '', 'your account: what is nearly used up'),
		line(environment, ' tap --demo', 'your applications, metered and paced'),
		line(environment, ' presets --copy classify', 'a preset to edit: your own prompts'),
	];
}
