import type {RequestTimes} from '../metrics/run-event.ts';
import type {ItemVerdict} from '../prompts/judge.ts';
import type {Usage} from './backend.ts';

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
	/** The whole text as it came. */
	readonly answer: string;
	readonly isTruncated: boolean;
	readonly isRefused: boolean;
	readonly verdicts: ReadonlyArray<{
		readonly item: number | null;
		readonly kind: ItemVerdict['kind'];
		readonly answer: string | null;
		readonly checked: boolean;
	}>;
	readonly usage: Usage;
	readonly quotaTokens: number;
	readonly stopReason: string;
	readonly attempts: number;
	readonly latencyMs: RequestTimes;
};
