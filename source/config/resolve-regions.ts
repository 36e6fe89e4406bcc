import type {Connection} from '../domain/run-config.ts';
import type {FlagValues} from './parse-arguments.ts';
import {resolveConnection} from './resolve-account.ts';

export type WatchedRegions = {
	/** With the first Region. */
	readonly connection: Connection;
	/** In the order typed, each once; empty: the Region in use. */
	readonly regions: readonly string[];
};

/**
 * Reads `--region a,b`, for what looks at several Regions.
 * @throws UserError (exit 2) for what is no Region.
 */
export const resolveRegions = (flags: FlagValues): WatchedRegions => {
	const typed = flags.text('region');
	const names = [...new Set(typed?.split(',').map((name) => name.trim()))];
	const connections = names.map((name) =>
		resolveConnection({...flags, text: (flag) => (flag === 'region' ? name : flags.text(flag))}),
	);
	return {connection: connections[0] ?? resolveConnection(flags), regions: names};
};
