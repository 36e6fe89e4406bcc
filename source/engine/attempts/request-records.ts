import {hash} from 'node:crypto';
import type {Answer, Failure, FailureClass, Usage} from '../../domain/backend.ts';
import type {RequestTimes, RunEvent} from '../../domain/run-event.ts';
import type {FailedCheck, Item, ItemVerdict, JudgeVerdict, Task, Variant} from '../../domain/task.ts';
import {formatCount, formatPercent} from '../../text/numbers.ts';
import type {Cell} from '../cells/cell.ts';
import type {Attempt, LogicalRequest} from './attempts.ts';

/** What is kept of each request, and the fingerprints by which a resumed run recognises items and variants in any order. */

const shortHash = (value: unknown): string => hash('sha256', JSON.stringify(value) ?? '').slice(0, 16);

/** Fingerprint of an item: its text, its fields in any order, its right answer. */
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
	/** Why its check could not finish; absent where it did. */
	readonly reason?: string;
	/** The first check that the answer did not meet, and what it wanted. */
	readonly failed?: FailedCheck;
	/** What judges said of the answer; absent: none was asked. */
	readonly judged?: readonly JudgeVerdict[];
};

/** Verdicts as they are written. */
export function toVerdictRecords(verdicts: readonly ItemVerdict[]): readonly VerdictRecord[] {
	return verdicts.map(({item, kind, answer, checked, reason, failed, judged}) => ({
		item: item?.index ?? null,
		...(item === undefined ? {} : {fingerprint: itemFingerprint(item), text: item.text}),
		...(item?.expected === undefined ? {} : {expected: item.expected}),
		kind,
		answer: answer ?? null,
		checked,
		...(reason === undefined ? {} : {reason}),
		...(failed === undefined ? {} : {failed}),
		...(judged === undefined ? {} : {judged}),
	}));
}

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
	/** As echoed; absent where the answer has none. */
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
export function toUncheckedRecord(record: AnswerRecord): UncheckedRecord {
	return {
		...record,
		verdicts: record.verdicts.map((verdict) =>
			verdict.kind === 'useful' ? {...verdict, kind: 'unchecked'} : verdict,
		),
	};
}

/** Makes the record of an answer. */
export function toAnswerRecord(
	{request, cell}: Attempt,
	answer: Answer,
	verdicts: readonly ItemVerdict[],
	{at, usage, quotaTokens, latencyMs}: Pick<AnswerRecord, 'at' | 'usage' | 'quotaTokens' | 'latencyMs'>,
): AnswerRecord {
	return {
		at,
		usage,
		quotaTokens,
		latencyMs,
		variant: cell.variant.name,
		target: cell.spec.target,
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
	};
}

/**
 * ISO 8601 UTC of instants that mostly follow each other closely: the date is formatted once per second, because that is
 * expensive and every answer has a time.
 * @returns Takes milliseconds since 1970.
 */
export function createIsoTime(): (epochMs: number) => string {
	let second = Number.NaN;
	let date = '';
	return (epochMs) => {
		const wholeMs = Math.floor(epochMs);
		const ofInstant = Math.floor(wholeMs / 1000);
		if (ofInstant !== second) {
			second = ofInstant;
			date = new Date(second * 1000).toISOString().slice(0, -'000Z'.length);
		}
		return `${date}${String(wholeMs - second * 1000).padStart(3, '0')}Z`;
	};
}

/** One request that got no answer. */
export type LostRecord = {
	/** ISO 8601 UTC. */
	readonly at: string;
	readonly variant: string;
	/** Index of the target. */
	readonly target: number;
	readonly model: string;
	/** Indexes of the items; empty for a task without items. */
	readonly items: readonly number[];
	/** HTTP exchanges; 0 where it could never be sent. */
	readonly attempts: number;
	/** Class of its last failure; `stopped` where the run ended before its attempts were spent. */
	readonly reason: FailureClass | 'stopped';
};

/** Makes the record of a lost request. @param failure Undefined where the run ended first. */
export function toLostRecord(
	request: LogicalRequest,
	{variant, spec, target}: Cell,
	failure: Failure | undefined,
	at: string,
): LostRecord {
	return {
		at,
		variant: variant.name,
		target: spec.target,
		model: target.model,
		items: request.items.map(({index}) => index),
		attempts: request.attempts,
		reason: failure?.class ?? 'stopped',
	};
}

/** The event of a request that is given up. @param at Milliseconds since the start. */
export function lostEvent(request: LogicalRequest, failure: Failure, at: number): RunEvent {
	return {
		type: 'lost',
		at,
		cell: request.cell,
		isCounted: !request.isWarmUp,
		block: request.block && {...request.block, isUnitOver: true},
		broken: request.broken,
		carried: Math.max(1, request.items.length),
		failure,
		wasSent: request.attempts > 0,
	};
}

/** Maximum of requests whose items are named in the log. */
const maxNamed = 20;

/** Counts lost requests by reason, and keeps the items of the first ones. */
export class LostCount {
	readonly #byReason = new Map<LostRecord['reason'], number>();
	readonly #named: LostRecord[] = [];

	add(record: LostRecord): void {
		const {reason} = record;
		if (this.#named.length < maxNamed && record.items.length > 0) {
			this.#named.push(record);
		}
		this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + 1);
	}

	/** A sentence; undefined where nothing was lost. */
	toText(): string | undefined {
		const reasons = [...this.#byReason].sort((first, second) => second[1] - first[1]);
		const total = reasons.reduce((sum, [, count]) => sum + count, 0);
		const list = reasons.map(([reason, count]) => `${reason} ${count}`).join(', ');
		return total === 0
			? undefined
			: `${total} ${total === 1 ? 'request' : 'requests'} got no answer: ${list}. ${this.#items()}With --csv each is a line of requests.csv.`;
	}

	/** Items that were lost, by variant, numbered as in answers.jsonl. */
	#items(): string {
		const byVariant = Map.groupBy(this.#named, ({variant}) => variant);
		const lists = [...byVariant].map(
			([variant, records]) =>
				`${variant} ${records
					.flatMap(({items}) => items)
					.slice(0, maxNamed)
					.join(', ')}`,
		);
		return lists.length === 0 ? '' : `First items without one: ${lists.join('; ')}. `;
	}
}

/** Answers of a replay, and how many of them ended before the recorded length. */
export class ReplayedCount {
	#answers = 0;
	#shorter = 0;

	add(outputTokens: number, recordedTokens: number): void {
		this.#answers++;
		this.#shorter += outputTokens < recordedTokens ? 1 : 0;
	}

	/** A sentence; undefined without an answer. */
	toText(): string | undefined {
		return this.#answers === 0
			? undefined
			: `${formatCount(this.#shorter)} of ${formatCount(this.#answers)} answers (${formatPercent(this.#shorter / this.#answers)}) were shorter than recorded; the others were cut at the recorded length.`;
	}
}
