import type {MetricName} from './minute-sums.ts';

/** The metrics of one ModelId, each under several sets of dimensions that say the same twice. */

export const namespace = 'AWS/Bedrock';

export type Dimensions = ReadonlyArray<readonly [name: string, value: string]>;

/** Sets of dimensions under which the traffic of a ModelId appears: adding them up would count it twice. */
export const dimensionSets = (modelId: string): readonly Dimensions[] => [
	[['ModelId', modelId]],
	[
		['ModelId', modelId],
		['ServiceTier', 'default'],
		['ResolvedServiceTier', 'default'],
	],
];

export type Series = {readonly metric: MetricName; readonly dimensions: Dimensions};
