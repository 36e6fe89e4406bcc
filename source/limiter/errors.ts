import type {Dimension} from '../domain/bucket-usage.ts';
import {formatCount} from '../text/numbers.ts';

/** Why a request is not sent. */

/** A request that is larger than its quota: it could never be sent. */
export class LargerThanQuotaError extends Error {
	override readonly name = 'LargerThanQuotaError';
	/** As it was called. */
	readonly model: string;
	readonly dimension: Dimension;
	/** What it would set aside. */
	readonly needed: number;
	/** What may be used per minute. */
	readonly limit: number;

	constructor(
		model: string,
		{
			dimension,
			needed,
			limit,
		}: {readonly dimension: Dimension; readonly needed: number; readonly limit: number},
	) {
		super(
			`The request sets aside ${formatCount(needed)} ${dimension === 'tokens' ? 'quota tokens' : 'request'} of ${model}, and ${formatCount(limit)} per minute may be used: it can never be sent. Lower max tokens or the input.`,
		);
		this.model = model;
		this.dimension = dimension;
		this.needed = needed;
		this.limit = limit;
	}
}

/** The tokens of this day are used up. */
export class DayUsedUpError extends Error {
	override readonly name = 'DayUsedUpError';
	readonly model: string;
	/** Null: the service said so. */
	readonly limit: number | null;

	constructor(model: string, limit: number | null) {
		super(
			`The quota of ${limit === null ? '' : `${formatCount(limit)} `}tokens per day of ${model} is used up.`,
		);
		this.model = model;
		this.limit = limit;
	}
}

/** The quota of a model was asked for by name, and none was given for it. */
export class UnknownQuotaError extends Error {
	override readonly name = 'UnknownQuotaError';
	readonly model: string;

	constructor(model: string) {
		super(`No quota is given for ${model}. Name it in \`quota\`, or give 'detect' for it.`);
		this.model = model;
	}
}

/** The limiter was closed. */
export class LimiterClosedError extends Error {
	override readonly name = 'LimiterClosedError';

	constructor() {
		super('The limiter is closed.');
	}
}
