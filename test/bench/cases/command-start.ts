import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {plainEnvironment, program} from '../../helpers/built-program.ts';
import type {BenchCase} from '../helpers/bench-case.ts';
import {milliseconds, signed} from '../helpers/format.ts';
import {alternate, median} from '../helpers/statistics.ts';

const mostAboveNodeMs = 20;

/** Milliseconds from the start of a Node process to its end. */
const nodeMs = async (argv: readonly string[]): Promise<number> => {
	const startedAt = performance.now();
	const child = spawn(process.execPath, argv, {stdio: 'ignore', env: plainEnvironment()});
	await once(child, 'exit');
	return performance.now() - startedAt;
};

export const commandStartCase: BenchCase = {
	name: 'command-start',
	group: 'start',
	about: '--help and --version against bare Node',
	run: async ({isQuick}) => {
		const rows = [];
		for (const flag of ['--help', '--version']) {
			const ours = async () => nodeMs([program, flag]);
			const bare = async () => nodeMs(['-e', '0']);
			await ours();
			await bare();
			const times = await alternate(isQuick ? 11 : 25, ours, bare);
			const [oursMs, bareMs] = [median(times.first), median(times.second)];
			const differenceMs = oursMs - bareMs;
			rows.push({
				name: flag,
				ours: milliseconds(oursMs),
				comparison: `node -e 0 ${milliseconds(bareMs)}`,
				relation: signed(milliseconds(differenceMs), differenceMs),
				bound: `<= +${milliseconds(mostAboveNodeMs)}`,
				isMet: differenceMs <= mostAboveNodeMs,
				figures: {oursMs, bareMs, differenceMs},
			});
		}
		return rows;
	},
};
