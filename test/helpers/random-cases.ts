import fc from 'fast-check';

/** `npm run soak`: what takes long is tried whole. */
export const isSoak = process.env.BEDROCK_TOP_SOAK !== undefined;

/** Random cases of a property: few in every run of the suite, which are other ones each time, many in `npm run soak`. */
export const randomCases = {numRuns: isSoak ? 1000 : 30} as const;

// Also where a property names no number. The suite loads this file before all others.
fc.configureGlobal(randomCases);
