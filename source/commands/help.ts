/** The help of the whole program: commands, flags and keys. */
export async function generalHelpLines(): Promise<readonly string[]> {
	const {generalHelp} = await import('../config/help.ts');
	const {keyHelpLines} = await import('../view/keymap.ts');
	return generalHelp(keyHelpLines());
}
