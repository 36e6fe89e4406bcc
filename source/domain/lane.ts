/** Priorities of requests, the most urgent first. */
export const lanes = ['high', 'normal', 'low'] as const;
export type Lane = (typeof lanes)[number];
