import type {AccountReport, MonitorRequest} from '../account/account-session.ts';
import type {ItemEntries} from '../domain/item-results.ts';
import type {Goal, Plan, RunConfig} from '../domain/run-config.ts';
import type {KeptRun, Snapshot} from '../domain/snapshot.ts';
import type {TapConfig} from '../domain/tap.ts';
import type {ListedModel} from '../domain/target.ts';
import type {Fault} from '../domain/user-error.ts';
import type {PatternResult} from '../prompts/checks.ts';
import type {Recipe} from '../reports/best-request.ts';
import type {NamedRun} from '../reports/compare/comparison.ts';
import type {Results} from '../reports/results-schema.ts';
import type {ChartFile} from '../reports/specs/charts.ts';
import type {HtmlPage} from '../reports/write.ts';
import type {SimulatorOptions} from '../simulator/options.ts';
import type {ComparedRuns} from '../view/state.ts';
import type {ListingConfig} from './prepare.ts';

/** The typed messages between the threads: small, never one per request, exhaustive on both sides. */

// Views know plans and faults without knowing threads.
export type {Fault, Plan};

/** Files that answers are streamed to during the run; undefined: none. */
export type AnswerSink =
	| {
			/** answers.jsonl; undefined: not kept. */
			readonly file: string | undefined;
			/** requests.csv; undefined: not kept. */
			readonly requestsFile?: string | undefined;
			/** Replaces what earlier programs left in these files; otherwise continues it. */
			readonly isReplacing?: boolean;
	  }
	| undefined;

export type EngineRequest =
	| {readonly type: 'prepare'; readonly config: RunConfig}
	| {readonly type: 'list-models'; readonly config: ListingConfig}
	| {readonly type: 'start'; readonly answers: AnswerSink}
	/** To the run that has ended: what its last snapshot offers. */
	| {readonly type: 'send-more'}
	| {readonly type: 'pause'}
	| {readonly type: 'resume'}
	/** Of the current run. */
	| {readonly type: 'set-goal'; readonly goal: Goal}
	| {readonly type: 'stop'; readonly stoppedBy: 'key' | 'signal'; readonly deadlineMs: number}
	| MonitorRequest
	| {readonly type: 'close'};

/** What became of items since the last such report: with each snapshot at most one. */
type ItemsReport = {
	readonly type: 'items';
	/** Unique name of the run. */
	readonly run: string;
	/** answers.jsonl; null where answers are not kept. */
	readonly file: string | null;
	readonly entries: ItemEntries;
};

export type EngineReport =
	| {readonly type: 'preparing'; readonly step: string}
	| {readonly type: 'prepared'; readonly plan: Plan; readonly snapshot: Snapshot}
	| {readonly type: 'models-listed'; readonly models: readonly ListedModel[]}
	| {readonly type: 'models-failed'; readonly fault: Fault}
	| {readonly type: 'snapshot'; readonly snapshot: Snapshot}
	| {readonly type: 'ended'; readonly snapshot: Snapshot}
	| ItemsReport
	| {readonly type: 'failed'; readonly fault: Fault}
	| {readonly type: 'log'; readonly text: string}
	/** Shown when the run is over: names what is missing from the results. */
	| {readonly type: 'warning'; readonly text: string}
	| AccountReport
	| {readonly type: 'closed'};

export type TapRequest =
	| {readonly type: 'start-tap'; readonly config: TapConfig}
	/** New requests are refused with a time to come back. */
	| {readonly type: 'pause'}
	| {readonly type: 'resume'}
	/** Takes no new requests; a second one ends at once. */
	| {readonly type: 'stop'; readonly stoppedBy: 'key' | 'signal'; readonly deadlineMs: number}
	| MonitorRequest
	| {readonly type: 'close'};

export type TapReport =
	| {
			readonly type: 'tap-listening';
			readonly port: number;
			readonly region: string;
			readonly endpoint: string | null;
	  }
	| Extract<EngineReport, {type: 'snapshot' | 'ended' | 'failed' | 'log' | 'closed'}>
	| AccountReport;

/** Beside requests and reports: whether the engine's thread still runs. */
export type Ping = {readonly type: 'ping'};
export type Pong = {readonly type: 'pong'};

export type SimulatorRequest =
	| {readonly type: 'start'; readonly options: SimulatorOptions}
	| {readonly type: 'close'};
export type SimulatorReport =
	| {readonly type: 'listening'; readonly url: string}
	| {readonly type: 'failed'; readonly fault: Fault}
	| {readonly type: 'closed'};

/** The texts of some answers, each to be checked by the patterns that the thread was started with. */
export type ChecksRequest = {readonly answers: ReadonlyArray<readonly string[]>};
export type ChecksReport =
	| {readonly type: 'ready'}
	/** Of one answer, in order of arrival. */
	| {readonly type: 'checked'; readonly results: readonly PatternResult[]};

export type ReportRequest = {
	readonly type: 'write';
	readonly results: Results;
	readonly folder: string;
	readonly answersFile: string | undefined;
	/** requests.csv, where it was streamed. */
	readonly requestsFile?: string | undefined;
	/** What the run was configured to ask: with it the winning requests are written. */
	readonly recipe?: Recipe | undefined;
	/** results.json is there already. */
	readonly hasResults?: boolean;
	/** Pictures of this moment of a running run: SVGs only, no results. */
	readonly isExport?: boolean;
};
/** Draws the reports of results that were read back. */
type RedrawRequest = {
	readonly type: 'redraw';
	readonly results: Results;
	readonly folder: string;
	/** answers.jsonl beside the results, where it is there. */
	readonly answersFile?: string | undefined;
};
/** Draws runs side by side; the first is the one that the others are compared with. */
type CompareRequest = {
	readonly type: 'compare';
	readonly runs: readonly NamedRun[];
	readonly folder: string;
	/** As HTML too. */
	readonly hasHtml: boolean;
};
/** Asks for kept runs: those of a folder, one of them, or some side by side. */
export type HistoryRequest =
	/** `underWay`: the folder of a run that has no results yet. */
	| {readonly type: 'list-runs'; readonly folder: string; readonly underWay: string | undefined}
	| {readonly type: 'read-run'; readonly folder: string}
	| {readonly type: 'compare-runs'; readonly folder: string; readonly runs: readonly KeptRun[]};
/** Writes figures, and the charts that were made of them. */
type DrawRequest = {
	readonly type: 'draw';
	readonly folder: string;
	readonly figures: {readonly fileName: string; readonly value: unknown};
	readonly charts: readonly ChartFile[];
	/** Page of all of it; undefined: not wanted. */
	readonly html: HtmlPage | undefined;
};
export type ReportsRequest = ReportRequest | RedrawRequest | CompareRequest | DrawRequest | HistoryRequest;
export type ReportReport =
	| {readonly type: 'written'; readonly files: readonly string[]}
	| {readonly type: 'runs-listed'; readonly runs: readonly KeptRun[]; readonly faults: readonly string[]}
	| {readonly type: 'run-read'; readonly snapshot: Snapshot}
	| {readonly type: 'runs-compared'; readonly table: ComparedRuns}
	| {readonly type: 'failed'; readonly fault: Fault};
