/** The help of the whole program: commands, flags and keys. */
export const generalHelpLines = async (): Promise<readonly string[]> => {
	const {generalHelp} = await import('../config/help.ts');
	const {keyHelpLines} = await import('../view/keymap/render.ts');
	return generalHelp(keyHelpLines());
};
