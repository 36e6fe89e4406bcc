import {parse} from 'yaml';
import type {Arguments} from '../config/parse-arguments.ts';
import {resolveSimulator} from '../config/resolve-simulator.ts';
import {UserError} from '../config/user-error.ts';
import type {Io} from './io.ts';
import {simulate} from './simulate.ts';

/** A script of faults is YAML, of which JSON is a part; what it says, the simulator checks. */
const parseFaults = (file: string, text: string): unknown => {
	try {
		return parse(text);
	} catch (error) {
		throw new UserError(`"${file}" is not YAML or JSON: ${(error as Error).message.split('\n')[0]}`, {
			exitCode: 2,
			hint: 'A script of faults is a list under the key "faults".',
		});
	}
};

/** The command `simulate`, from its flags. @returns Exit code. */
export const simulateFromFlags = async ({flags}: Arguments, io: Io): Promise<number> =>
	simulate(resolveSimulator(flags, parseFaults), io);
