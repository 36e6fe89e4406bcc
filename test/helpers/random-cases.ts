/** `npm run soak`: what takes long is tried whole. */
export const isSoak = process.env.BEDROCK_TOP_SOAK !== undefined;

/** Random cases of a property that is about what a user loses: few in every run of the suite, many in `npm run soak`. */
export const randomCases = {numRuns: isSoak ? 1000 : 50} as const;
