import {z} from 'zod';
import {bounds} from '../config/defaults.ts';
import type {Variant} from '../domain/task.ts';
import {type RewriteKind, rewriteKinds} from './candidates.ts';

/** What a rewriter wrote, read as text and numbers only. */

/** Most stop sequences that every model takes. */
const maxStops = 4;
const maxPacked = 50;

const settings = {
	template: z.string(),
	system: z.string().nullish(),
	maxTokens: z.int().min(bounds.maxTokens.min).max(bounds.maxTokens.max).nullish(),
	stopSequences: z.array(z.string().min(1)).max(maxStops).nullish(),
	itemsPerRequest: z.int().min(1).max(maxPacked).nullish(),
};

const rewriteSchema = z.object({
	...settings,
	kind: z.string().optional(),
	why: z.string().optional(),
});

/** One rewrite: a variant without its name, or why it cannot be read. */
export type Rewrite =
	| {
			readonly kind: RewriteKind;
			readonly variant: Omit<Variant, 'name'>;
			readonly why: string | undefined;
	  }
	| {readonly kind: RewriteKind; readonly fault: string};

/** Beginnings of JSON objects that are tried in a text. */
const maxStarts = 50;

/** The object in a text that has rewrites, whatever stands around it. */
const objectIn = (text: string): {readonly rewrites: readonly unknown[]} | undefined => {
	const end = text.lastIndexOf('}');
	let start = text.indexOf('{');
	for (let tried = 0; start !== -1 && start < end && tried < maxStarts; tried++) {
		try {
			const value: unknown = JSON.parse(text.slice(start, end + 1));
			if (
				typeof value === 'object' &&
				value !== null &&
				'rewrites' in value &&
				Array.isArray(value.rewrites)
			) {
				return {rewrites: value.rewrites};
			}
		} catch {
			// Another brace may begin it.
		}
		start = text.indexOf('{', start + 1);
	}
	return undefined;
};

const isRewriteKind = (kind: string | undefined): kind is RewriteKind =>
	rewriteKinds.some((each) => each === kind);

const readOne = (value: unknown, asked: RewriteKind, parent: Variant): Rewrite => {
	const read = rewriteSchema.safeParse(value);
	if (!read.success) {
		const [issue] = read.error.issues;
		const where = issue?.path.join('.') ?? '';
		return {kind: asked, fault: `its ${where === '' ? 'form' : `"${where}"`} is not as asked`};
	}
	const {kind, template, system, maxTokens, stopSequences, itemsPerRequest, why} = read.data;
	return {
		kind: isRewriteKind(kind) ? kind : asked,
		why,
		variant: {
			...parent,
			instruction: template,
			system: system === '' ? undefined : (system ?? parent.system),
			maxTokens: maxTokens ?? parent.maxTokens,
			stop: stopSequences ?? parent.stop,
			itemsPerRequest: itemsPerRequest ?? parent.itemsPerRequest,
		},
	};
};

/**
 * Reads an answer of the rewriter.
 * @param count Rewrites that were asked for; those beyond it are not read.
 * @returns Why there are none, or each rewrite by itself.
 */
export function readRewrites(
	text: string,
	asked: RewriteKind,
	count: number,
	parent: Variant,
): {readonly fault: string} | {readonly rewrites: readonly Rewrite[]} {
	const object = objectIn(text);
	if (object === undefined) {
		return {
			fault:
				text.trim() === '' ? 'the rewriter answered nothing' : 'the rewriter answered no JSON with rewrites',
		};
	}
	return object.rewrites.length === 0
		? {fault: 'the rewriter offered none'}
		: {rewrites: object.rewrites.slice(0, count).map((each) => readOne(each, asked, parent))};
}
