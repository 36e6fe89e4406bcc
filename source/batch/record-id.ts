/**
 * Names of the records of a batch: `r`, the variant in two digits and the request in eight, base 36. Eleven letters and
 * digits: as long as the ones that the service makes itself. They say all that a join needs, so nothing has to be kept.
 */

export type RecordPlace = {
	/** Index of the variant. */
	readonly variant: number;
	/** Number of the request within the variant, from 0. */
	readonly request: number;
};

const base = 36;

export const recordId = ({variant, request}: RecordPlace): string =>
	`r${variant.toString(base).padStart(2, '0')}${request.toString(base).padStart(8, '0')}`;

/** @returns undefined for a name that is not ours. */
export const parseRecordId = (id: string): RecordPlace | undefined => {
	const [, variant, request] = /^r([0-9a-z]{2})([0-9a-z]{8})$/.exec(id) ?? [];
	return variant === undefined || request === undefined
		? undefined
		: {variant: Number.parseInt(variant, base), request: Number.parseInt(request, base)};
};
