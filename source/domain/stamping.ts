/**
 * Where the quota tokens of an answer count from: the service does not say it, so that it is learnt for each bucket
 * (`admission/stamping`). It decides how much of the quota long answers may use.
 */
export const countsFrom = ['first-byte', 'end', 'unknown'] as const;
export type CountsFrom = (typeof countsFrom)[number];

/** What is known of a bucket, with its evidence; kept with it for a day. */
export type LearntStamping = {
	readonly countsFrom: CountsFrom;
	/** When it was learnt; for `unknown` since when it is tried. In milliseconds since 1970. */
	readonly at: number;
	/** Requests that had no room if tokens counted from the end, and were let in. */
	readonly accepted: number;
	/** Such requests that were throttled. */
	readonly refused: number;
	/** Where in the minute the service's own minute can't begin: `1` for each of 600 tenths of a second. */
	readonly marks: string;
};
