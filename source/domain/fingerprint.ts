import {hash} from 'node:crypto';
import type {Item, Task, Variant} from './task.ts';

/** Fingerprints of items and variants, by which a resumed run recognises them in any order. */

const shortHash = (value: unknown): string => hash('sha256', JSON.stringify(value) ?? '').slice(0, 16);

/** Of an item: its text, its fields in any order, its right answer. */
export function itemFingerprint({
	text,
	fields,
	expected,
}: Pick<Item, 'text' | 'fields' | 'expected'>): string {
	return shortHash([text, Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1)), expected ?? null]);
}

/** Fingerprints of the parts of a variant's requests, beside the item: so a message can name the part that changed. */
export type VariantParts = Readonly<Record<string, string>>;

/** @param maxTokens Of the run: a number or `auto`; a variant's own takes precedence. */
export function variantParts(
	variant: Variant,
	{task, content}: Pick<Task, 'task' | 'content'>,
	maxTokens: number | 'auto',
): VariantParts {
	return {
		task: shortHash(task),
		content: shortHash(content ?? null),
		instruction: shortHash(variant.instruction),
		'system prompt': shortHash(variant.system ?? null),
		'max tokens': shortHash(variant.maxTokens ?? maxTokens),
		stop: shortHash(variant.stop),
		parameters: shortHash(variant.parameters),
		'items per request': shortHash(variant.itemsPerRequest),
		compression: shortHash(variant.compress),
	};
}

/** Of all parts together. */
export function variantFingerprint(parts: VariantParts): string {
	return shortHash(Object.entries(parts).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
