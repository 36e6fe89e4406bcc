import type {Arguments} from '../config/parse-arguments.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import type {Io} from '../terminal/io.ts';
import {compare} from './compare.ts';
import {report} from './report.ts';

/** The commands `report` and `compare`, from their flags. @returns Exit code. */
export const resultsFiles = async (
	name: 'report' | 'compare',
	{words, flags}: Arguments,
	io: Io,
): Promise<number> => {
	const {folder: out, isForced, json, isAscii} = resolveOutput(flags, io.environment);
	const [file = ''] = words;
	return name === 'report'
		? report({file, out, isForced, json}, io)
		: compare({files: words, out, isForced, json, isAscii}, io);
};
