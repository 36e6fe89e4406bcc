import type {Admission} from '../../admission/bucket.ts';
import type {Failure} from '../../domain/failure.ts';
import type {CellState} from '../cells/cell-state.ts';

/** Why a request can never be sent. */
export type Refusal = Extract<Admission, {kind: 'never' | 'day'}>;

const whole = (value: number): string => Math.floor(value).toLocaleString('en-US');

/** The failure of a request that cannot be sent: it is larger than its bucket, or the bucket's day is used up. */
export const refusal = (admission: Refusal, {variant, target, maxTokens}: CellState): Failure => {
	if (admission.kind === 'day') {
		return {
			class: 'throttled-day',
			message: `The day's quota of ${target.model} is used up.`,
			advice: 'Go on tomorrow (UTC), or ask for a higher quota per day.',
			isRetryable: false,
			charge: 'none',
		};
	}
	const {dimension, needed, limit} = admission;
	if (dimension === 'requests') {
		return {
			class: 'validation',
			message: `The quota of ${target.model} allows no request at all (${whole(limit)} a minute).`,
			advice: 'Ask AWS Support to enable the model for the account, or take another model or scope.',
			isRetryable: false,
			charge: 'none',
		};
	}
	const fitting = maxTokens - (needed - limit);
	const advice =
		fitting > 0
			? `Lower its max tokens to ${whole(fitting)} or less, or ask for a higher quota.`
			: 'Shorten its prompt, or ask for a higher quota.';
	return {
		class: 'validation',
		message: `A request of ${variant.name} takes ${whole(needed)} quota tokens, but ${target.model} may use ${whole(limit)} a minute: it can never be sent.`,
		advice,
		isRetryable: false,
		charge: 'none',
	};
};
