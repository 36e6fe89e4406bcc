import type {Connection, QuotaOverride} from '../domain/run-config.ts';
import type {FlagValues} from './parse-arguments.ts';
import {resolveConnection, resolveOverride} from './resolve-account.ts';
import {readInteger} from './values.ts';

/** A tap as it was typed; its secret is found when it starts. */
export type TapSettings = {
	readonly connection: Connection;
	readonly override: QuotaOverride;
	/** 0: any that is free. */
	readonly port: number;
	readonly hasNewSecret: boolean;
	readonly isResigning: boolean;
	readonly isRefreshing: boolean;
};

/**
 * Settings of a tap from flags.
 * @throws UserError (exit 2) that quotes the offending value.
 */
export function resolveTap(flags: FlagValues): TapSettings {
	const port = flags.text('port');
	return {
		connection: resolveConnection(flags),
		override: resolveOverride(flags),
		port: port === undefined ? 0 : readInteger('port', port, {min: 0, max: 65_535}),
		hasNewSecret: flags.isSet('new-secret') ?? false,
		isResigning: flags.isSet('resign') ?? false,
		isRefreshing: flags.isSet('refresh') ?? false,
	};
}
