import {z} from 'zod';
import type {Item} from '../domain/task.ts';
import {itemFingerprint} from '../engine/attempts/request-records.ts';
import {readLines} from '../reports/answer-lines.ts';

/** What became of each item with each variant, from answers.jsonl: so an interrupted run knows what was paid for. */

/** Of one item with one variant. */
export type ItemRecord = {
	readonly isUseful: boolean;
	/** Settled, its part of those of a packed request. */
	readonly quotaTokens: number;
	readonly answer: string;
	/** The check that failed and what it wanted; undefined: useful. */
	readonly failed: string | undefined;
	readonly tokens: {readonly input: number; readonly output: number};
	/** Number of the request that carried it together with others; absent: it was alone in one. */
	readonly request?: number;
	/** No answer came: nothing is known of the variant by it. */
	readonly isLost: boolean;
	/** An answer came, and a judge gave no verdict on it: whether it is useful is not known. */
	readonly isUnjudged: boolean;
};

/** Outcomes by variant and index of the item. */
export type Outcomes = ReadonlyMap<string, ReadonlyMap<number, ItemRecord>>;

const verdict = z.object({
	item: z.number().nullable(),
	fingerprint: z.string().optional(),
	kind: z.string(),
	answer: z.string().nullable().optional(),
	failed: z.object({check: z.string(), why: z.string()}).optional(),
	judged: z.array(z.string()).optional(),
});

const answerSchema = z.object({
	run: z.string().optional(),
	variant: z.string(),
	answer: z.string(),
	isRefused: z.boolean().optional(),
	verdicts: z.array(verdict),
	usage: z.object({inputTokens: z.number(), outputTokens: z.number()}),
	quotaTokens: z.number(),
	attempts: z.number(),
});

const lostSchema = z.object({
	run: z.string().optional(),
	variant: z.string(),
	items: z.array(z.number()),
	attempts: z.number(),
	reason: z.string(),
});

type AnswerLine = z.infer<typeof answerSchema>;

/** The records of a folder. */
export type Records = {
	readonly outcomes: Outcomes;
	/** Answers of the rewriter, by run and number of the request. */
	readonly rewrites: ReadonlyMap<string, ReadonlyMap<number, RewriterReply>>;
	/** HTTP exchanges of all of them. */
	readonly attempts: number;
};

/** An answer of the rewriter, or why there is none. */
export type RewriterReply = {readonly text: string} | {readonly fault: string};

const failedOf = ({kind, failed}: z.infer<typeof verdict>): string | undefined =>
	kind === 'useful' ? undefined : failed === undefined ? kind : `${failed.check}: ${failed.why}`;

/** The outcome of an item after one more answer to it: a packed one that could not be read is asked again. */
const joined = (before: ItemRecord | undefined, next: ItemRecord): ItemRecord =>
	before === undefined || before.isLost
		? {...next, quotaTokens: next.quotaTokens + (before?.quotaTokens ?? 0)}
		: {
				...(before.isUseful ? before : next),
				...(before.request === undefined ? {} : {request: before.request}),
				quotaTokens: before.quotaTokens + next.quotaTokens,
				tokens: {
					input: before.tokens.input + next.tokens.input,
					output: before.tokens.output + next.tokens.output,
				},
			};

/**
 * Reads what a run kept.
 * @param answers Text of answers.jsonl.
 * @param lost Text of answers-lost.jsonl.
 * @param items Of the preset: an answer to another text is of none of them.
 * @param rewriter Name of the variant that asks the rewriter.
 */
export function readRecords(
	answers: string,
	lost: string,
	items: readonly Item[],
	rewriter: string,
): Records {
	const prints = new Map(items.map((item) => [item.index, itemFingerprint(item)]));
	const outcomes = new Map<string, Map<number, ItemRecord>>();
	const rewrites = new Map<string, Map<number, RewriterReply>>();
	let attempts = 0;
	const reply = (run: string | undefined, number: number, text: RewriterReply): void => {
		const ofRun = rewrites.get(run ?? '') ?? new Map<number, RewriterReply>();
		rewrites.set(run ?? '', ofRun.set(number, text));
	};
	const add = (variant: string, item: number, outcome: ItemRecord): void => {
		const ofVariant = outcomes.get(variant) ?? new Map<number, ItemRecord>();
		outcomes.set(variant, ofVariant.set(item, joined(ofVariant.get(item), outcome)));
	};
	for (const [number, line] of readLines(answers, answerSchema).lines.entries()) {
		attempts += line.attempts;
		if (line.variant === rewriter) {
			reply(line.run, line.verdicts[0]?.item ?? 0, replyOf(line));
		} else {
			for (const [item, outcome] of outcomesOf(line, number, prints)) {
				add(line.variant, item, outcome);
			}
		}
	}
	for (const {run, variant, items: asked, attempts: tried, reason} of readLines(lost, lostSchema).lines) {
		attempts += tried;
		if (variant === rewriter) {
			reply(run, asked[0] ?? 0, {fault: `the rewriter gave no answer: ${reason}`});
		} else if (reason !== 'stopped') {
			for (const item of asked.filter((each) => !outcomes.get(variant)?.has(each))) {
				add(variant, item, lostOutcome(reason));
			}
		}
	}
	return {outcomes, rewrites, attempts};
}

/** The outcomes of one answer, by item; those of items that have changed since are left out. */
const outcomesOf = (
	{answer, verdicts, quotaTokens, usage}: AnswerLine,
	request: number,
	prints: ReadonlyMap<number, string>,
): ReadonlyArray<readonly [item: number, outcome: ItemRecord]> => {
	const parts = Math.max(1, verdicts.length);
	return verdicts.flatMap((each) => {
		const isKnown = each.item !== null && prints.get(each.item) === each.fingerprint;
		return isKnown
			? [
					[
						each.item as number,
						{
							isUseful: each.kind === 'useful',
							quotaTokens: quotaTokens / parts,
							answer: each.answer ?? answer,
							failed: failedOf(each),
							tokens: {input: usage.inputTokens / parts, output: usage.outputTokens / parts},
							isLost: false,
							isUnjudged: each.judged?.includes('none') === true,
							...(parts > 1 ? {request} : {}),
						},
					] as const,
				]
			: [];
	});
};

const lostOutcome = (reason: string): ItemRecord => ({
	isUseful: false,
	quotaTokens: 0,
	answer: '',
	failed: reason,
	tokens: {input: 0, output: 0},
	isLost: true,
	isUnjudged: false,
});

const replyOf = ({answer, isRefused}: AnswerLine): RewriterReply =>
	isRefused ? {fault: 'the rewriter refused'} : {text: answer};
