import {toolVersion} from '../reports/environment.ts';
import {watchOutput, writeLines, writeWhole} from '../terminal/io.ts';

/** Asked for alone, these need nothing of what takes a command line apart: they are answered at once. */
const answers: Readonly<Record<string, () => Promise<readonly string[]>>> = {
	'--help': async () => (await import('./help.ts')).generalHelpLines(),
	'--version': async () => [toolVersion()],
};

/**
 * Runs the command line.
 * @param argv Words behind the program's name.
 * @returns Exit code (README, Commands).
 */
export async function dispatch(argv: readonly string[]): Promise<number> {
	const [word = ''] = argv;
	const answer = argv.length === 1 && Object.hasOwn(answers, word) ? answers[word] : undefined;
	if (answer === undefined) {
		const {runCommandLine} = await import('./command-line.ts');
		return runCommandLine(argv);
	}
	let exitCode = 0;
	watchOutput(process.stdout, (code) => {
		exitCode = code;
	});
	writeWhole(process.stdout);
	await writeLines(process.stdout, await answer());
	return exitCode;
}
