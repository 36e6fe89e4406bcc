import type {BenchCase, Row} from '../helpers/bench-case.ts';
import {ratio} from '../helpers/format.ts';
import {
	describe,
	type Finish,
	idealMs,
	loopRow,
	ourRow,
	raceLoops,
	raceOurs,
	tokensRace,
} from '../helpers/race.ts';

const mostOfIdeal = 1.05;
const leastGainOfAuto = 3;

const autoRow = (auto: Finish, fixed: Finish): Row => {
	const gain = fixed.elapsedMs / auto.elapsedMs;
	return {
		name: 'tokens race, --max-tokens auto',
		ours: describe(auto),
		comparison: `4,096: ${describe(fixed)}`,
		relation: `${ratio(gain)} faster`,
		bound: `>= ${ratio(leastGainOfAuto)}, 0, 0`,
		isMet: gain >= leastGainOfAuto && auto.throttled === 0 && auto.lost === 0,
		figures: {elapsedMs: auto.elapsedMs, fixedMs: fixed.elapsedMs, gain, throttled: auto.throttled},
	};
};

export const tokensRaceCase: BenchCase = {
	name: 'tokens-race',
	group: 'engine',
	about: '100 requests that set 4,096 tokens aside and need 16, through a quota of 20,000 tokens a window',
	async run(options) {
		const fixed = await raceOurs(tokensRace, options);
		const auto = await raceOurs(tokensRace, options, true);
		const loops = await raceLoops(tokensRace, options);
		const ideal = idealMs(tokensRace, fixed, options);
		return [
			ourRow(tokensRace.name, fixed, ideal, ideal * mostOfIdeal),
			autoRow(auto, fixed),
			...loops.map((loop) => loopRow(loop, fixed)),
		];
	},
};
