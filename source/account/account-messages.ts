import type {AccountSnapshot} from '../domain/account-snapshot.ts';
import type {Connection, QuotaOverride} from '../domain/run-config.ts';

/** The messages of the account monitor, which lives in the engine's thread. */

/** What is watched. */
export type AccountWatch = {
	readonly connection: Connection;
	/** Empty: the Region in use. */
	readonly regions: readonly string[];
	readonly override: QuotaOverride;
	/** Ask for models and quotas although the cache knows. */
	readonly isRefreshing: boolean;
	/** Everything that is active counts as on screen, as in print. */
	readonly isAllOnScreen: boolean;
};

/** A bucket that is on screen. */
export type BucketPlace = {readonly region: string; readonly key: string};

export type AccountRequest =
	/** Starts, or goes on with other Regions. */
	| {readonly type: 'watch-account'; readonly watch: AccountWatch}
	/** Percentiles are asked for of these alone. */
	| {readonly type: 'look-at-account'; readonly places: readonly BucketPlace[]};

/** Once a minute, and when something more was read. */
export type AccountReport = {readonly type: 'account'; readonly account: AccountSnapshot};
