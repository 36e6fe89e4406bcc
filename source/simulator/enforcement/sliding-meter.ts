import type {Meter} from './meter.ts';
import {createRollingSum} from './rolling-sum.ts';

/** Never more than `limit` in any window of `windowMs`, wherever it begins: an exact log. */
export const createSlidingMeter = (limit: number, windowMs: number): Meter => {
	const log = createRollingSum(windowMs);
	return {
		room: (nowMs) => limit - log.sum(nowMs),
		charge: log.add,
		settle: log.settle,
	};
};
