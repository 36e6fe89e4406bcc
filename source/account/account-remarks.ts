import type {UsageFailure} from '../domain/usage-source.ts';
import {formatDurationMs} from '../text/numbers.ts';

/** Sentences about what the account monitor could not see, and why. */

export type MonitorTroubles = {
	readonly listing: UsageFailure | undefined;
	readonly reading: UsageFailure | undefined;
	/** Series that CloudWatch told in part only. */
	readonly partialSeries: number;
	readonly clockAheadMs: number;
	/** ModelIds that the list of active ones has; undefined where it could not be read. */
	readonly activeModels: number | undefined;
	readonly nextPollMs: number;
};

const reasonOf = ({kind, action, message}: UsageFailure): string => {
	switch (kind) {
		case 'denied':
			return `IAM permission needed: ${action}`;
		case 'credentials':
			return `no credentials that CloudWatch accepts: ${message}`;
		case 'network':
			return `CloudWatch cannot be reached: ${message}`;
		case 'throttled':
			return 'CloudWatch throttles';
		case 'other':
			return message;
	}
};

const failureRemarks = ({listing, reading, nextPollMs}: MonitorTroubles): readonly string[] => {
	const again = `the next look is in ${formatDurationMs(nextPollMs)}`;
	return [
		...(listing === undefined
			? []
			: [
					`Which models are in use could not be listed (${reasonOf(listing)}): models and profiles of the Region are looked at, others are missing.`,
				]),
		...(reading === undefined
			? []
			: [
					reading.kind === 'throttled'
						? `The account's use could not be read (${reasonOf(reading)}): figures are older, ${again}.`
						: `The account's use could not be read (${reasonOf(reading)}): requests, tokens, throttles and latency of the account are missing; its limits are shown.`,
				]),
	];
};

/** @returns a sentence for everything that is missing or that figures have to be read with. */
export const monitorRemarks = (troubles: MonitorTroubles): readonly string[] => {
	const {listing, reading, partialSeries, clockAheadMs, activeModels} = troubles;
	const isQuiet = activeModels === 0 && listing === undefined && reading === undefined;
	const skew = formatDurationMs(Math.abs(clockAheadMs));
	return [
		...failureRemarks(troubles),
		...(partialSeries > 0
			? [`CloudWatch told ${partialSeries} series in part only: their figures are older.`]
			: []),
		...(clockAheadMs === 0
			? []
			: [
					`This machine's clock is ${skew} ${clockAheadMs > 0 ? 'behind' : 'ahead of'} AWS's: figures follow AWS's.`,
				]),
		...(isQuiet
			? [
					'CloudWatch has no request to Bedrock in the last three hours: what is sent shows after two to three minutes; --region a,b looks at other Regions.',
				]
			: []),
	];
};
