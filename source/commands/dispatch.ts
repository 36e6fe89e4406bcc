import {toolVersion} from '../reports/environment.ts';
import {watchOutput, writeLines, writeWhole} from '../terminal/io.ts';

/** Alone, these flags are answered at once, without the modules that parse a command line. */
const answers: Readonly<Record<string, () => Promise<readonly string[]>>> = {
	'--help': async () => (await import('./help.ts')).generalHelpLines(),
	'--version': async () => [toolVersion()],
};

/**
 * Runs the command line.
 * @param argv Words after the program's name.
 * @returns Exit code.
 */
export async function dispatch(argv: readonly string[]): Promise<number> {
	const [word = ''] = argv;
	const answer = argv.length === 1 && Object.hasOwn(answers, word) ? answers[word] : undefined;
	if (answer === undefined) {
		const {keepCompiled} = await import('../threads/worker-start.ts');
		keepCompiled();
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
