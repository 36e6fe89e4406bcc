import type {Answer, Usage} from '../../domain/backend.ts';
import {itemFingerprint} from '../../domain/fingerprint.ts';
import type {RequestTimes} from '../../domain/run-event.ts';
import type {ItemVerdict} from '../../domain/variant.ts';
import type {Attempt} from './attempts.ts';

/** What became of one item, for answers.jsonl; `item` is its index. */
export type VerdictRecord = {
	readonly item: number | null;
	/** Of the item, with its text and its right answer; absent for a task without items. */
	readonly fingerprint?: string;
	readonly text?: string;
	readonly expected?: string;
	readonly kind: ItemVerdict['kind'];
	readonly answer: string | null;
	readonly checked: boolean;
	/** Why it was not checked to the end; absent where it was. */
	readonly reason?: string;
};

/** Verdicts as they are written. */
export const toVerdictRecords = (verdicts: readonly ItemVerdict[]): readonly VerdictRecord[] =>
	verdicts.map(({item, kind, answer, checked, reason}) => ({
		item: item?.index ?? null,
		...(item === undefined ? {} : {fingerprint: itemFingerprint(item), text: item.text}),
		...(item?.expected === undefined ? {} : {expected: item.expected}),
		kind,
		answer: answer ?? null,
		checked,
		...(reason === undefined ? {} : {reason}),
	}));

/** One answered request, for answers.jsonl. */
export type AnswerRecord = {
	/** ISO 8601 UTC of the last byte. */
	readonly at: string;
	readonly variant: string;
	/** Index of the target. */
	readonly target: number;
	readonly model: string;
	/** Indexes of the items; empty for a task without items. */
	readonly items: readonly number[];
	/** In a chat only: number of the conversation among those of its variant and model, from 0. */
	readonly conversation?: number;
	/** In a chat only: place in the conversation, from 1. */
	readonly turn?: number;
	/** The whole text as it came. */
	readonly answer: string;
	readonly isTruncated: boolean;
	readonly isRefused: boolean;
	readonly verdicts: readonly VerdictRecord[];
	readonly usage: Usage;
	readonly quotaTokens: number;
	readonly stopReason: string;
	/** As echoed; absent where the answer does not say. */
	readonly tier?: string;
	readonly latencyMode?: string;
	readonly attempts: number;
	readonly latencyMs: RequestTimes;
};

/** An answer whose check goes on: `unchecked` is what patterns alone still decide. */
export type UncheckedRecord = Omit<AnswerRecord, 'verdicts'> & {
	readonly verdicts: ReadonlyArray<
		Omit<VerdictRecord, 'kind'> & {readonly kind: VerdictRecord['kind'] | 'unchecked'}
	>;
};

/** @param record As it will be if all patterns are met. */
export const toUncheckedRecord = (record: AnswerRecord): UncheckedRecord => ({
	...record,
	verdicts: record.verdicts.map((verdict) =>
		verdict.kind === 'useful' ? {...verdict, kind: 'unchecked'} : verdict,
	),
});

/** Makes the record of an answer. */
export const toAnswerRecord = (
	{request, cell}: Attempt,
	answer: Answer,
	verdicts: readonly ItemVerdict[],
	{at, usage, quotaTokens, latencyMs}: Pick<AnswerRecord, 'at' | 'usage' | 'quotaTokens' | 'latencyMs'>,
): AnswerRecord => ({
	at,
	usage,
	quotaTokens,
	latencyMs,
	variant: cell.variant.name,
	target: cell.cell.target,
	model: cell.target.model,
	items: request.items.map(({index}) => index),
	...(cell.isChat ? {conversation: request.conversation, turn: request.turn + 1} : {}),
	answer: answer.text,
	isTruncated: answer.isTruncated,
	isRefused: answer.isRefused,
	verdicts: toVerdictRecords(verdicts),
	stopReason: answer.stopReason,
	...(answer.tier === undefined ? {} : {tier: answer.tier}),
	...(answer.latencyMode === undefined ? {} : {latencyMode: answer.latencyMode}),
	attempts: request.attempts,
});
