import {TokenUsage$} from '@aws-sdk/client-bedrock-runtime';

/**
 * Cache counts have two spellings, of which the SDK's model has one. The SDK drops the other, and a count of cached
 * tokens would silently become 0.
 */
const unmodelled = ['cacheReadInputTokenCount', 'cacheWriteInputTokenCount'];

/** A number, in the terms of the SDK's schemas. */
const numeric = 1;

/** Lets the SDK keep every spelling of the counts. Calling it twice changes nothing. */
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
