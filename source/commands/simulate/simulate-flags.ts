import {readYaml} from '../../config/input/yaml.ts';
import type {Arguments} from '../../config/parse-arguments.ts';
import {resolveSimulator} from '../../config/resolve-simulator.ts';
import {UserError} from '../../domain/user-error.ts';
import {parseFaults} from '../../simulator/faults/script.ts';
import type {Io} from '../../terminal/io.ts';
import {simulate} from '../simulate.ts';

/** A script of faults is YAML, of which JSON is a part. @throws UserError (exit 2) with file and line. */
const readFaults = (file: string, text: string): unknown => {
	const {value} = readYaml(file, text);
	try {
		parseFaults(value);
	} catch (error) {
		throw error instanceof UserError
			? new UserError(`${file}: ${error.message}`, {
					exitCode: 2,
					...(error.hint === undefined ? {} : {hint: error.hint}),
				})
			: error;
	}
	return value;
};

/** The command `simulate`, from its flags. @returns Exit code. */
export const simulateFromFlags = async ({flags}: Arguments, io: Io): Promise<number> =>
	simulate(resolveSimulator(flags, readFaults), io, flags.text('tls'));
