/** What every way of counting has in common. Times are milliseconds of the simulator's `Time`, amounts may be fractions. */

/** An amount that was counted; kept so that it can be settled. */
export type Charge = {
	/** When it was counted. */
	readonly atMs: number;
	amount: number;
};

/** Counts requests or tokens against one limit. */
export type Meter = {
	/** How much may still be counted now; below 0 after an overrun. */
	readonly room: (nowMs: number) => number;
	readonly charge: (nowMs: number, amount: number) => Charge;
	/**
	 * Corrects a charge to what it really was. Less is given back where it still counts; more is charged now, whether
	 * there is room or not.
	 */
	readonly settle: (nowMs: number, charge: Charge, amount: number) => void;
};

/** Slack for sums of fractions. */
export const roundingSlack = 1e-6;
