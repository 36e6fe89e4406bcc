import type {BucketState, Gauge} from '../../domain/snapshot.ts';
import {formatTokens} from '../../text/numbers.ts';

const gaugeText = ({used, reserved, limit, others}: Gauge, unit: string): string =>
	[
		`${formatTokens(used)} used`,
		...(reserved > 0 ? [`${formatTokens(reserved)} reserved`] : []),
		...(others === undefined ? [] : [`others ${formatTokens(others)}`]),
		limit === null ? `no ${unit} quota known` : `of ${formatTokens(limit)} ${unit}`,
	].join(', ');

/** Both limits of a bucket in one line. */
export function gaugeWords({requests, tokens}: BucketState): string {
	return `${gaugeText(requests, 'RPM')} · ${gaugeText(tokens, 'TPM')}`;
}
