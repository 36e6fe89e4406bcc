/** Requests and quota tokens of a bucket. */
export type Use = {readonly requests: number; readonly tokens: number};

/** The two dimensions of a bucket's window. */
export const dimensions = ['requests', 'tokens'] as const;
export type Dimension = (typeof dimensions)[number];

/** Limits in force for one admission; null where there is none. */
export type Limits = {readonly requests: number | null; readonly tokens: number | null};

/** What a program had answered in a minute, as CloudWatch counts it. */
export type MinuteOfUse = Use & {
	/** Unique among the programs that run on this host. */
	readonly process: string;
	/** Begin of the minute, in milliseconds since 1970. */
	readonly at: number;
};

/** A part of a bucket's last window as it is kept between runs. */
export type LedgerEntry = Use & {
	/** Latest instant at which the service can have counted it, in milliseconds since 1970. `tokens` count from the first byte. */
	readonly at: number;
	/** Quota tokens of answers that ended then, where they count from the end. */
	readonly ended: number;
};
