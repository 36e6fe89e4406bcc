/** What one finished request adds to the statistics of its cell, lost ones with nothing useful included. */

/** The measures of a request, in the order in which they stand in a vector. */
export const measures = ['quotaTokens', 'useful', 'costUsd', 'serviceMs'] as const;
export type Measure = (typeof measures)[number];
export type RequestMeasures = Readonly<Record<Measure, number>>;

export const toVector = (request: RequestMeasures): readonly number[] =>
	measures.map((measure) => request[measure]);

/** Index of a measure of one cell in the vector of a block. */
export const indexOf = (measure: Measure, cellInBlock = 0): number =>
	cellInBlock * measures.length + measures.indexOf(measure);
