import type {Arguments} from '../config/parse-arguments.ts';
import {type Io, writeLines} from '../terminal/io.ts';

/** The help. What it is made from is loaded when it is printed. */

/** The first page: commands, the flags that matter most, and where the rest is. */
export async function generalHelpLines(): Promise<readonly string[]> {
	const {generalHelp} = await import('../config/help.ts');
	return generalHelp();
}

/** The help of a command; without a named command that of the whole program. */
export async function helpLines(
	{command, words}: Arguments,
	argv: readonly string[],
): Promise<readonly string[]> {
	if (
		command.name === 'help' ||
		(command.name === 'screen' && words.length === 0 && !argv.includes('screen'))
	) {
		return generalHelpLines();
	}
	const {commandHelp} = await import('../config/help.ts');
	return commandHelp(command);
}

const topicLines = async (word: string | undefined): Promise<readonly string[]> => {
	if (word === undefined) {
		return generalHelpLines();
	}
	if (word === 'keys') {
		const {keyHelpLines} = await import('../view/keymap.ts');
		return keyHelpLines();
	}
	const {commandHelp, commandNamed, flagHelp} = await import('../config/help.ts');
	return word === 'flags' ? flagHelp() : commandHelp(commandNamed(word));
};

/** The command `help`. @returns Exit code. @throws UserError (exit 2) for what it does not know. */
export async function help({words}: Arguments, io: Pick<Io, 'stdout'>): Promise<number> {
	await writeLines(io.stdout, await topicLines(words[0]));
	return 0;
}
