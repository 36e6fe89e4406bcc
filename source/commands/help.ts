import type {Arguments} from '../config/parse-arguments.ts';

/** The help. What it is made from is loaded when it is printed. */

/** The help of the whole program: commands, flags and keys. */
export async function generalHelpLines(): Promise<readonly string[]> {
	const {generalHelp} = await import('../config/help.ts');
	const {keyHelpLines} = await import('../view/keymap.ts');
	return generalHelp(keyHelpLines());
}

/** The help of a command; without a named command that of the whole program. */
export async function helpLines(
	{command, words}: Arguments,
	argv: readonly string[],
): Promise<readonly string[]> {
	if (command.name === 'screen' && words.length === 0 && !argv.includes('screen')) {
		return generalHelpLines();
	}
	const {commandHelp} = await import('../config/help.ts');
	return commandHelp(command);
}
