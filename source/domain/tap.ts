import type {Usage} from './backend.ts';
import type {Lane, Use} from './bucket-usage.ts';
import type {Distribution} from './figures-schema.ts';
import type {Burst, Connection, FleetLedger, QuotaOverride} from './run-config.ts';

/** The local endpoint in front of the service: what it is started with, and what it shows. */

/** How a tap keeps its clients inside the quotas. */
export type Pace = {
	/** Part of each quota that may be used, 0 to 1. */
	readonly share: number;
	/** Undefined: at once while less than half of the window is used, evenly above. */
	readonly burst: Burst | undefined;
	/** Longest time that a call waits for room, in milliseconds. */
	readonly holdMs: number;
	/** The same for clients that take interim responses. */
	readonly holdAliveMs: number;
	/** The same for clients that are known to wait without a limit of their own. */
	readonly holdPatientMs: number;
	/** Lanes of clients, by product or by product and program; the others are in `normal`. */
	readonly lanes: ReadonlyArray<{readonly lane: Lane; readonly client: string}>;
};

/** The most that a tap may spend: from its start, or per day (UTC) together with the user's other taps in the account. */
export type MaxCost = {readonly usd: number; readonly isPerDay: boolean};

/** Where calls are recorded. */
export type RecordTo = {
	readonly file: string;
	/** With the bodies of requests and answers. */
	readonly hasBodies: boolean;
};

/** All that a tap is started with: plain data, so that it crosses threads. */
export type TapConfig = {
	readonly connection: Connection;
	/** Undefined: the programs of this host share their ledger on disk. */
	readonly ledger?: FleetLedger | undefined;
	readonly override: QuotaOverride;
	/** Port on 127.0.0.1; 0: any that is free. */
	readonly port: number;
	/** The part of the path that lets a client in; never shown but in the lines that a client is pointed to it by. */
	readonly secret: string;
	/** Sign requests of other access keys with the own ones. */
	readonly isResigning: boolean;
	/** Keeps what passes inside the quotas; undefined: it is only metered. */
	readonly pace: Pace | undefined;
	/** Undefined: no limit. */
	readonly maxCost: MaxCost | undefined;
	/** Undefined: nothing is recorded. */
	readonly recording: RecordTo | undefined;
	/** Skip the caches on disk. */
	readonly isRefreshing: boolean;
};

/** How a call came to its end. */
export type CallEnd = {
	/** `answered`, `aborted` by the client, the class of a failure, or why the tap refused it. */
	readonly outcome: string;
	/** Undefined where the service counted nothing. */
	readonly usage: Usage | undefined;
	/** Undefined where it is not known. */
	readonly costUsd: number | undefined;
};

/** One client on one model, beside the figures of its variant, which is the one with the same index. */
export type TapClient = {
	/** As it names itself, else its product, with its program where several say the same. */
	readonly name: string;
	/** Product of its user agent; null where it names none. */
	readonly agent: string | null;
	/** What its session header names, else the process id of its run where there are several; null where neither is known. */
	readonly session: string | null;
	/** As it was called. */
	readonly model: string;
	/** When its last request came or ended, ISO 8601 UTC. */
	readonly lastAt: string;
	readonly requests: number;
	/** Requests that ask for a part of their prompt to be cached. */
	readonly cachePoints: number;
	readonly inFlight: number;
	/** Requests that wait for room now. */
	readonly held: number;
	/** How long requests were held. */
	readonly holdMs: Distribution;
	readonly tokens: {
		readonly input: number;
		readonly output: number;
		readonly cacheRead: number;
		readonly cacheWrite: number;
		/** Settled quota tokens. */
		readonly quota: number;
		/** Set aside by the service, over all requests. */
		readonly reserved: number;
		readonly estimated: boolean;
	};
	readonly throttled: number;
	/** Requests that the tap answered itself and never sent: held too long, too large, no money left. */
	readonly refused: number;
	/** Attempts that the client's SDK made after a first one. */
	readonly retriesOfClient: number;
	/** Requests that the client gave up. */
	readonly aborted: number;
	/** Of the service: without the time that a request was held. */
	readonly timeToFirstToken: Distribution;
	/** Null where no price is known. */
	readonly costUsd: number | null;
};

/** What a snapshot of a tap has beside that of a run. */
export type TapFigures = {
	readonly clients: readonly TapClient[];
};

/** One line of a recording (`--record FILE`): sizes and times of a call that passed a tap, without its texts. */
export type RecordedCall = {
	/** When it arrived, ISO 8601 UTC. */
	readonly at: string;
	/** Its product and, where that is known, its program. */
	readonly client: string;
	readonly session: string | null;
	readonly lane: Lane;
	/** As it was called. */
	readonly model: string;
	readonly method: string;
	/** Without what was read from the cache or written to it; estimated where the service reported nothing. */
	readonly inputTokens: number;
	readonly cacheReadTokens: number;
	readonly cacheWriteTokens: number;
	/** Null where the request named none: the service then assumes the model's maximum. */
	readonly maxTokens: number | null;
	/** Null where no answer was counted. */
	readonly outputTokens: number | null;
	/** Of the service, from when it was sent: without the time that it was held. Null without a first token. */
	readonly timeToFirstTokenMs: number | null;
	/** Of the service, in the same way; null where the call was never sent. */
	readonly totalMs: number | null;
	readonly heldMs: number;
	/** `answered`, `aborted`, the class of the failure, or why the tap refused it. */
	readonly outcome: string;
	/** Times that the tap sent it. */
	readonly attempts: number;
};

/** What requests would have met. */
export type WhatIfCounts = {
	readonly requests: number;
	/** Unpaced: what the service would have refused, where it counts a sliding minute, and where it counts fixed ones. */
	readonly throttled: {readonly sliding: number; readonly fixed: number};
	/** Paced: how many waited, and for how long, those included that were sent away. */
	readonly held: number;
	readonly holdMs: {readonly p50: number; readonly p99: number; readonly max: number} | null;
	/** Paced: answered 429 at the end of the hold. */
	readonly sentAway: number;
	/** Paced: answered 400, for they alone are larger than the quota. */
	readonly tooLarge: number;
};

/** One client on one model. */
export type WhatIfRow = WhatIfCounts & {readonly client: string; readonly model: string};

/** Models that draw from the same quota. */
export type WhatIfBucket = {
	readonly models: readonly string[];
	/** The most in any minute where nothing is refused, and where it is paced. */
	readonly peak: {readonly unpaced: Peak; readonly paced: Peak};
	/** Smallest quota under which nobody waits, where a minute's quota may be spent at once; null where there is none. */
	readonly smallest: {
		readonly requestsPerMinute: number;
		/** On bedrock-mantle of the input. */
		readonly tokensPerMinute: number;
		/** On bedrock-mantle only. */
		readonly outputTokensPerMinute?: number;
	} | null;
};

/** The most in any minute; output where it has a quota of its own. */
export type Peak = Use & {readonly outputTokens?: number};

export type WhatIf = {
	/** From the first arrival to the last. */
	readonly spanMs: number;
	/** Calls whose answer the recording lacks: they count with the means of their client and model. */
	readonly unanswered: number;
	readonly all: WhatIfCounts;
	readonly rows: readonly WhatIfRow[];
	readonly buckets: readonly WhatIfBucket[];
};
