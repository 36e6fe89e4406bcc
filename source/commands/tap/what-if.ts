import type {Arguments} from '../../config/parse-arguments.ts';
import {readRecording} from '../../config/recording.ts';
import type {OutputConfig} from '../../config/resolve-output.ts';
import {resolveWhatIf} from '../../config/resolve-tap.ts';
import {UserError} from '../../domain/user-error.ts';
import {whatIfLines} from '../../plain/tap.ts';
import {whatIf} from '../../tap/what-if.ts';
import {columnsOf, type Io} from '../../terminal/io.ts';
import {toAscii} from '../../text/glyphs.ts';
import {printJsonOr} from '../results-files.ts';

/**
 * `tap --what-if FILE`: what a recording would have met under a quota.
 * @returns Exit code 0.
 * @throws UserError (exit 2) for what was typed, and for what is not a recording.
 */
export async function printWhatIf(
	{flags, program}: Pick<Arguments, 'flags' | 'program'>,
	output: Pick<OutputConfig, 'json' | 'isAscii'>,
	io: Pick<Io, 'stdout'>,
): Promise<number> {
	if (program.length > 0) {
		throw new UserError(`--what-if starts no program, and "${program[0]}" is one.`, {
			exitCode: 2,
			hint: 'Record it with "tap --record FILE -- COMMAND", then ask with "tap --what-if FILE --rpm N".',
		});
	}
	const {file, quota, pace} = resolveWhatIf(flags);
	const {calls} = readRecording(file);
	const found = await whatIf(calls, quota, pace);
	const settings = {
		requestsPerMinute: quota.requestsPerMinute ?? null,
		tokensPerMinute: quota.tokensPerMinute ?? null,
		share: pace.share,
		holdMs: pace.holdMs,
	};
	const lines = whatIfLines(found, settings, columnsOf(io.stdout));
	await printJsonOr(
		{file, quota: settings, assumed: {window: 'sliding', countsFrom: 'first-byte', retries: 0}, ...found},
		output.isAscii ? lines.map(toAscii) : lines,
		output.json,
		io,
	);
	return 0;
}
