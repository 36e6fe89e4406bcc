import type {Backend} from '../domain/backend.ts';
import type {Clock} from '../domain/clock.ts';
import type {Goal} from '../domain/run-spec.ts';
import type {Phase, Snapshot, StoppedBy} from '../domain/snapshot.ts';
import type {LedgerEntry, Use} from '../domain/use.ts';
import type {AnswerRecord} from './attempts/answer-record.ts';
import type {LostRecord} from './attempts/lost-record.ts';

/** What a run needs of its surroundings. */
export type RunPorts = {
	readonly backend: Backend;
	readonly clock: Clock;
	readonly onAnswer?: (record: AnswerRecord) => void;
	/** A request got no answer: its attempts are spent, it can never be sent, or the run ended first. */
	readonly onLost?: (record: LostRecord) => void;
	/** Of each target: what earlier runs left in its bucket (`Run.exportUse`). */
	readonly initialUse?: ReadonlyArray<readonly LedgerEntry[]>;
};

/** One run, from ready to ended. */
export type Run = {
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
	/** Of each target: the last window of its bucket, for the next run. */
	/** What other runs used until now, in place of `initialUse`; before the start. */
	readonly importUse: (use: ReadonlyArray<readonly LedgerEntry[]>) => void;
	readonly exportUse: () => ReadonlyArray<readonly LedgerEntry[]>;
	/** What other applications are known to use of the bucket of a target, by the account monitor. */
	readonly setOthersUse: (target: number, use: Use) => void;
	/** Quota tokens of the day that are used without this run, by the account monitor. */
	readonly setOthersToday: (target: number, tokens: number) => void;
};
