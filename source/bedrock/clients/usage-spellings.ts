import {TokenUsage$} from '@aws-sdk/client-bedrock-runtime';

/**
 * Cache counts come under two spellings, of which the SDK's model has one; what its model does not name it drops, and a
 * count of cached tokens would silently become 0. Naming the others costs nothing and serves answers and streams alike.
 */
const unmodelled = ['cacheReadInputTokenCount', 'cacheWriteInputTokenCount'];

/** A number, in the terms of the SDK's schemas. */
const numeric = 1;

/** Lets the SDK keep every spelling of the counts. Doing it twice changes nothing. */
export function keepUsageSpellings(): void {
	const names = TokenUsage$[4] as string[];
	const types = TokenUsage$[5] as unknown[];
	for (const name of unmodelled) {
		if (!names.includes(name)) {
			names.push(name);
			types.push(numeric);
		}
	}
}
