import {bashCompletion, fishCompletion, zshCompletion} from '../build/completion.ts';
import {type Shell, shells} from '../config/command-table.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import {shippedNames} from '../config/preset-files.ts';
import {UserError} from '../domain/user-error.ts';
import {type Io, writeLines} from '../terminal/io.ts';

const scripts: Readonly<Record<Shell, (presets: readonly string[]) => string>> = {
	bash: bashCompletion,
	zsh: zshCompletion,
	fish: fishCompletion,
};

/** The command `completion`: prints the script for a shell. @returns Exit code. */
export async function completion({words}: Arguments, io: Pick<Io, 'stdout'>): Promise<number> {
	const shell = shells.find((name) => name === words[0]);
	if (shell === undefined) {
		throw new UserError(`completion: "${words[0]}" is not one of: ${shells.join(', ')}.`, {
			exitCode: 2,
			hint: 'For example: source <(bedrock-top completion bash)',
		});
	}
	await writeLines(io.stdout, scripts[shell](shippedNames()).trimEnd().split('\n'));
	return 0;
}
