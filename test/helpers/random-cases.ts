/** Random cases of a property that is about what a user loses: few in every run of the suite, many in `npm run soak`. */
export const randomCases = {numRuns: process.env.BEDROCK_TOP_SOAK === undefined ? 50 : 1000} as const;
