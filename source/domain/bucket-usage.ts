/** Requests and quota tokens of a bucket. */
export type Use = {readonly requests: number; readonly tokens: number};

/** The two dimensions of a bucket's window. */
export const dimensions = ['requests', 'tokens'] as const;
export type Dimension = (typeof dimensions)[number];

/** The same of each dimension. */
export function ofEach<Value>(of: (dimension: Dimension) => Value): Readonly<Record<Dimension, Value>> {
	return {requests: of('requests'), tokens: of('tokens')};
}

/** Limits in force for one admission; null: unlimited. */
export type Limits = {readonly requests: number | null; readonly tokens: number | null};

/** Room left below limits, as a part of the fuller one; negative after an overrun. */
export function roomPart(use: Use, limits: Limits): number {
	const part = (used: number, limit: number | null): number =>
		limit === null ? 1 : limit <= 0 ? 0 : 1 - used / limit;
	return Math.min(part(use.requests, limits.requests), part(use.tokens, limits.tokens));
}

/** Answers of a program in one minute, as CloudWatch counts them. */
export type MinuteOfUse = Use & {
	/** Unique among the programs that run on this host. */
	readonly process: string;
	/** Begin of the minute, in milliseconds since 1970. */
	readonly at: number;
};

/** What all members of a fleet had answered, by the begin of minutes of the store's clock. */
export type FleetAnswers = {
	/** Minutes that began before that are not known in full. */
	readonly since: number;
	readonly minutes: ReadonlyArray<Use & {readonly at: number}>;
};

/** What the account's figures say of a bucket, as one member of a fleet reads them for all. */
export type AccountFigures = {
	/** What strangers use per minute: neither this program nor its fleet. */
	readonly use: Use;
	/** End of the newest minute that they hold, in milliseconds since 1970 by the service's clock. */
	readonly at: number;
	/** Quota tokens that the account had used of its day by then; null where that is not known. */
	readonly dayTokens: number | null;
};

/** How a member of a fleet shares the account's figures of its bucket. */
export type SharedFigures = {
	/** Whether this member is the one to read them now; `answers` are fresh then. Never rejects. */
	readonly claim: () => Promise<boolean>;
	/** Undefined where the ledger never answered. */
	readonly answers: () => FleetAnswers | undefined;
	readonly report: (figures: AccountFigures) => void;
};

/** A part of a bucket's last window, as stored between runs. */
export type LedgerEntry = Use & {
	/** Latest instant at which the service can have counted it, in milliseconds since 1970. `tokens` count from the first byte. */
	readonly at: number;
	/** Quota tokens of answers that ended then, where they count from the end. */
	readonly ended: number;
};

/**
 * Where the quota tokens of an answer count from: not documented, so it is learnt for each bucket
 * (`admission/stamping`). It decides how much of the quota long answers may use.
 */
export const countsFrom = ['first-byte', 'end', 'unknown'] as const;
export type CountsFrom = (typeof countsFrom)[number];

/** What was learnt of a bucket, with its evidence; kept for a day. */
export type LearntStamping = {
	readonly countsFrom: CountsFrom;
	/** When it was learnt; for `unknown` since when it is tested. In milliseconds since 1970. */
	readonly at: number;
	/** Requests that had no room if tokens counted from the end, and were let in. */
	readonly accepted: number;
	/** Such requests that were throttled. */
	readonly refused: number;
	/** Where in the minute the service's own minute can't begin: `1` for each of 600 tenths of a second. */
	readonly marks: string;
};

/** How a service may count a minute: any 60 s, minutes that follow each other, a bucket that refills evenly. */
export const windowKinds = ['sliding', 'fixed', 'refill'] as const;
export type WindowKind = (typeof windowKinds)[number];

/** What a service may set aside for a request until its answer settles. AWS's own pages differ about reads from a cache. */
export const setAsides = ['input-and-max-tokens', 'uncached-input-and-max-tokens', 'input'] as const;
export type SetAside = (typeof setAsides)[number];

/**
 * How the service enforces the quota tokens per minute of a bucket: the rules that fit what it let in and what it throttled
 * (`admission/enforcement-evidence`). Of each kind all that are possible; empty where no rule fits that limit.
 */
export type EnforcementFit = {
	/** From when to when the evidence is, in milliseconds since 1970. */
	readonly since: number;
	readonly at: number;
	/** The quota that it was held against. */
	readonly limit: number;
	/** Requests that were tested. */
	readonly accepted: number;
	readonly refused: number;
	readonly windows: readonly WindowKind[];
	readonly setAside: readonly SetAside[];
	readonly countsFrom: ReadonlyArray<Exclude<CountsFrom, 'unknown'>>;
};

/** Priorities of requests, the most urgent first. */
export const lanes = ['high', 'normal', 'low'] as const;
export type Lane = (typeof lanes)[number];

/**
 * What a share of a limit leaves for a program beside others: they are subtracted from the whole limit first, so that a
 * share that is left to them is theirs. A share above 1 goes over the limit by as much.
 */
export function leftBeside(limit: number, share: number, others: number): number {
	const own = limit * share;
	return Math.min(own, Math.max(limit, own) - others);
}
