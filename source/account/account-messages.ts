import type {AccountSnapshot} from '../domain/account-snapshot.ts';
import type {Connection, QuotaOverride} from '../domain/run-config.ts';

/** The messages of the account monitor, which lives in the engine's thread. */

/** What is watched. */
export type AccountWatch = {
	readonly connection: Connection;
	/** Empty: the Region in use. */
	readonly regions: readonly string[];
	readonly override: QuotaOverride;
	/** Read models and quotas although they are cached. */
	readonly isRefreshing: boolean;
	/** Everything active counts as on screen, as in print. */
	readonly isAllOnScreen: boolean;
};

/** A bucket that is on screen. */
export type BucketPlace = {readonly region: string; readonly key: string};

export type MonitorRequest =
	/** Starts, or continues with other Regions. */
	| {readonly type: 'watch-account'; readonly watch: AccountWatch}
	/** Percentiles are read of these alone. */
	| {readonly type: 'look-at-account'; readonly places: readonly BucketPlace[]};

/** Once per minute, and when something more was read. */
export type AccountReport = {readonly type: 'account'; readonly account: AccountSnapshot};
