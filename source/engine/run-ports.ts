import type {MemberStore} from '../admission/member-store.ts';
import type {Backend} from '../domain/backend.ts';
import type {Clock} from '../domain/clock.ts';
import type {Goal} from '../domain/run-spec.ts';
import type {Phase, Snapshot, StoppedBy} from '../domain/snapshot.ts';
import type {LedgerEntry, MinuteOfUse, Use} from '../domain/use.ts';
import type {PatternChecker} from '../prompts/judge.ts';
import type {AnswerRecord, UncheckedRecord} from './attempts/answer-record.ts';
import type {LostRecord} from './attempts/lost-record.ts';

/** What a run needs of its surroundings. */
export type RunPorts = {
	readonly backend: Backend;
	readonly clock: Clock;
	readonly onAnswer?: (record: AnswerRecord) => void;
	/** An answer whose check takes its time; it comes again when it is judged. */
	readonly onUnjudged?: (record: UncheckedRecord) => void;
	/** Checks answers by the patterns of the task; absent: in this thread. */
	readonly checker?: PatternChecker | undefined;
	/** A request got no answer: its attempts are spent, it can never be sent, or the run ended first. */
	readonly onLost?: (record: LostRecord) => void;
	/** Of each target: what other runs use of its bucket, as a first look; at the start it is read again. */
	readonly initialUse?: ReadonlyArray<readonly LedgerEntry[]>;
	/** Where the runs of one user share each target's bucket, and what this one is called there; absent: it is alone. */
	readonly sharing?: {
		readonly id: string;
		/** The program that the run belongs to. */
		readonly process: string;
		readonly stores: readonly MemberStore[];
	};
};

/** One run, from ready to ended. */
export type Run = {
	/** Takes its part of the buckets that other runs of the user share; before the start. Without it the run is alone. */
	readonly join: () => Promise<void>;
	/** Leaves what it used to the others; an ended run has done so by itself. */
	readonly leave: () => Promise<void>;
	/** Of each target: what other programs of the user had answered of its bucket in the last minutes. */
	readonly usedElsewhere: () => ReadonlyArray<readonly MinuteOfUse[]>;
	/** Sends until the load ends, the run is stopped or a guard holds; resolves when the last answer is in. */
	readonly start: () => Promise<void>;
	/** Nothing new is sent; what is in flight goes on. */
	readonly pause: () => void;
	readonly resume: () => void;
	/** Nothing new is sent; what is in flight after `deadlineMs` is cut off. */
	readonly stop: (stoppedBy: StoppedBy, deadlineMs: number) => void;
	/** Another goal decides from here on; variants that were out may come back. */
	readonly setGoal: (goal: Goal) => void;
	readonly snapshot: () => Snapshot;
	/** Calls back after each change of the phase; returns a function that ends it. */
	readonly onPhaseChange: (listener: (phase: Phase) => void) => () => void;
	/** What other applications are known to use of the bucket of a target, by the account monitor. */
	readonly setOthersUse: (target: number, use: Use) => void;
	/** Quota tokens of the day that are used without this run, by the account monitor. */
	readonly setOthersToday: (target: number, tokens: number) => void;
};
