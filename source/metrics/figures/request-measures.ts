/** What one finished request adds to the statistics of its cell, lost ones with nothing useful at what they cost. */

/** The measures of a request, in the order in which they stand in a vector. */
export const measures = [
	'useful',
	'quotaTokens',
	/** Token-seconds and request-seconds that it occupies its bucket, in units of one window (DESIGN 1). */
	'occupiedTokens',
	'occupiedRequests',
	'costUsd',
	'serviceMs',
	'setAside',
	'logTotalMs',
	/** Answers, of which alone a latency is known. */
	'answers',
	'requests',
	/** Items that it carried; 1 where there are none. */
	'items',
] as const;
/** The first of them have moments in each cell. */
export const momentCount = measures.indexOf('setAside') + 1;
/** Those whose products a comparison needs. */
export const compared = [
	'useful',
	'quotaTokens',
	'occupiedTokens',
	'occupiedRequests',
	'costUsd',
	'logTotalMs',
	'answers',
] as const satisfies readonly Measure[];
export type Measure = (typeof measures)[number];
export type RequestMeasures = Readonly<Record<Measure, number>>;

/** @returns A vector that the next call changes: it is made for every answer. */
export const toVector = (request: RequestMeasures): Float64Array => {
	for (let index = 0; index < measures.length; index++) {
		scratch[index] = request[measures[index] ?? 'useful'];
	}
	return scratch;
};

const scratch = new Float64Array(measures.length);

/** Index of a measure of one cell in the vector of a pair. */
export const indexOf = (measure: Measure, cellInPair = 0): number =>
	cellInPair * measures.length + measures.indexOf(measure);
