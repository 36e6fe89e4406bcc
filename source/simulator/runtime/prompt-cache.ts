import {hash} from 'node:crypto';
import {promptTokens, type Segment} from '../families/prompt.ts';

/** Prompt caching: prefixes that end at a cache point are kept for five minutes and cost no quota when read again. */

/** How the tokens of a prompt were served. */
export type CacheUse = {
	readonly inputTokens: number;
	readonly readTokens: number;
	readonly writeTokens: number;
	/** Whether any cache point was long enough to count. */
	readonly isCaching: boolean;
	/** Makes the written prefixes readable from `atMs` on. */
	readonly store: (atMs: number) => void;
};

export type PromptCache = {
	/** @param bucket Owner of the cache; prefixes of one are invisible to others. */
	readonly use: (bucket: string, segments: readonly Segment[], nowMs: number) => CacheUse;
	readonly clear: () => void;
};

/** Shortest prefix that is cached, in tokens. */
const minPrefixTokens = 1024;
const lifetimeMs = 300_000;
const maxEntries = 10_000;

type Prefix = {readonly key: string; readonly tokens: number};

export function createPromptCache(): PromptCache {
	const entries = new Map<string, {readableAtMs: number; expiresAtMs: number}>();

	const isReadable = (key: string, nowMs: number): boolean => {
		const entry = entries.get(key);
		return entry !== undefined && entry.readableAtMs <= nowMs && nowMs < entry.expiresAtMs;
	};

	return {
		use(bucket, segments, nowMs) {
			const total = promptTokens(segments);
			const hasCachePoints = segments.some((segment) => segment.isCachePoint);
			const prefixes = hasCachePoints ? prefixesOf(bucket, segments) : [];
			const read = prefixes.findLast((prefix) => isReadable(prefix.key, nowMs))?.tokens ?? 0;
			const longest = prefixes.at(-1)?.tokens ?? 0;
			return {
				inputTokens: total - longest,
				readTokens: read,
				writeTokens: longest - read,
				isCaching: prefixes.length > 0,
				store(atMs) {
					if (entries.size > maxEntries) {
						entries.clear();
					}
					for (const {key} of prefixes) {
						const readableAtMs = Math.min(entries.get(key)?.readableAtMs ?? atMs, atMs);
						entries.set(key, {readableAtMs, expiresAtMs: atMs + lifetimeMs});
					}
				},
			};
		},
		clear: () => entries.clear(),
	};
}

/** Every prefix that ends at a cache point and is long enough, the shortest first. */
const prefixesOf = (bucket: string, segments: readonly Segment[]): readonly Prefix[] => {
	const prefixes: Prefix[] = [];
	let key = bucket;
	let tokens = 0;
	for (const segment of segments) {
		key = hash('md5', `${key}\n${segment.text}`, 'hex');
		tokens += segment.tokens;
		if (segment.isCachePoint && tokens >= minPrefixTokens) {
			prefixes.push({key, tokens});
		}
	}
	return prefixes;
};
