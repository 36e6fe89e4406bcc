import type {RunConfig} from '../config/run-config.ts';
import type {Target} from '../engine/target.ts';
import type {Snapshot} from '../metrics/snapshot.ts';
import type {SimulatorOptions} from '../simulator/options.ts';

/** The typed messages between the threads: small, never one a request, exhaustive on both sides. */

/** What a run would do and cost, shown before anything is sent. */
export type Plan = {
	readonly targets: readonly Target[];
	/** Null when a duration ends the run. */
	readonly requests: number | null;
	readonly durationSeconds: number | null;
	/** Quota tokens that the requests are expected to cost; null when it cannot be told. */
	readonly quotaTokens: number | null;
	/** Greatest part of a one-minute quota that the plan takes, 0 to 1; null when no quota is known. */
	readonly quotaShare: number | null;
	/** Upper bound in USD; null when a price is not known. */
	readonly costUsd: number | null;
	readonly priceSource: string | null;
	/** Model names that came near an unmatched one, and other remarks, one sentence each. */
	readonly remarks: readonly string[];
};

/** Where answers are streamed to while the run goes on; undefined: nowhere. */
export type AnswerSink = {readonly file: string} | undefined;

export type EngineRequest =
	| {readonly type: 'prepare'; readonly config: RunConfig}
	| {readonly type: 'start'; readonly answers: AnswerSink}
	| {readonly type: 'pause'}
	| {readonly type: 'resume'}
	| {readonly type: 'stop'; readonly stoppedBy: 'key' | 'signal'; readonly deadlineMs: number}
	| {readonly type: 'close'};

/** A fault in words; `exitCode` as in UserError. */
export type Fault = {readonly message: string; readonly hint: string | undefined; readonly exitCode: 1 | 2};

export type EngineReport =
	| {readonly type: 'preparing'; readonly step: string}
	| {readonly type: 'prepared'; readonly plan: Plan; readonly snapshot: Snapshot}
	| {readonly type: 'snapshot'; readonly snapshot: Snapshot}
	| {readonly type: 'ended'; readonly snapshot: Snapshot}
	| {readonly type: 'failed'; readonly fault: Fault}
	| {readonly type: 'log'; readonly text: string}
	| {readonly type: 'closed'};

export type SimulatorRequest =
	| {readonly type: 'start'; readonly options: SimulatorOptions}
	| {readonly type: 'close'};
export type SimulatorReport =
	| {readonly type: 'listening'; readonly url: string}
	| {readonly type: 'failed'; readonly fault: Fault}
	| {readonly type: 'closed'};

export type ReportRequest = {
	readonly type: 'write';
	readonly snapshot: Snapshot;
	readonly folder: string;
	readonly answersFile: string | undefined;
};
export type ReportReport =
	| {readonly type: 'written'; readonly files: readonly string[]}
	| {readonly type: 'failed'; readonly fault: Fault};
