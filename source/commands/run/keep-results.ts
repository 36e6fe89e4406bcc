import {closeSync, mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {wordsOfRun} from '../../config/repeat.ts';
import type {RunConfig} from '../../domain/run-config.ts';
import type {Snapshot} from '../../domain/snapshot.ts';
import {faultOf} from '../../domain/user-error.ts';
import type {Recipe} from '../../reports/best-request.ts';
import {environmentOf} from '../../reports/environment.ts';
import {furtherFolder} from '../../reports/folder.ts';
import {resultsOf, resultsText, writeResults} from '../../reports/results.ts';
import type {Results} from '../../reports/results-schema.ts';
import {leaveWill} from '../../terminal/signals.ts';
import {openPrivate, privateFolderMode} from '../../text/private-file.ts';
import type {EngineHandle} from '../../threads/engine-handle.ts';
import type {AnswerSink} from '../../threads/messages.ts';
import {writeReports} from '../../threads/reports-handle.ts';
import {answersOf, type RunSetup} from './run-setup.ts';

/**
 * What runs leave on disk. A headless program has one run, whose results are kept when it is over; a screen has any
 * number, each with its own folder, kept when it ends, while the next one may run. Should the program have to end at
 * once, the results of the run under way are written up to there; earlier ones lie on disk and are not touched.
 */

/** The snapshot with a first event that says which earlier run it resumes. */
export function withResumption(snapshot: Snapshot, note: string | undefined): Snapshot {
	return note === undefined || snapshot.startedAt === null
		? snapshot
		: {...snapshot, events: [{at: snapshot.startedAt, kind: 'resumed', text: note}, ...snapshot.events]};
}

/** The snapshot with last events that say what is missing from it. */
function withWarnings(snapshot: Snapshot, warnings: readonly string[]): Snapshot {
	const at = snapshot.endedAt ?? snapshot.startedAt;
	return at === null
		? snapshot
		: {
				...snapshot,
				events: [...snapshot.events, ...warnings.map((text) => ({at, kind: 'incomplete', text}))],
			};
}

/** Whether anything was sent: otherwise nothing is written. */
export function wasSent(snapshot: Snapshot): boolean {
	return snapshot.variants.some(({requests}) => requests.attempts > 0);
}

/** Whether the service refused the model itself: without an answer nothing is reported. */
export function wasRefused(snapshot: Snapshot): boolean {
	return snapshot.stoppedBy === 'fault' && snapshot.variants.every(({requests}) => requests.succeeded === 0);
}

/**
 * The settings of a run that best-request.json is made from.
 * @returns undefined when the snapshot was made with another configuration.
 */
export function recipeOf(
	{task, variants, maxTokens, minQuality}: RunConfig,
	snapshot: Snapshot,
): Recipe | undefined {
	const names = variants.map(({name}) => name);
	const isOfRun =
		snapshot.spec.task === task.task && snapshot.variants.every(({name}) => names.includes(name));
	return isOfRun
		? {
				task: task.task,
				content: task.content,
				hasItems: task.items.length > 0 || task.chat !== undefined,
				maxTokens,
				minQuality,
				variants,
			}
		: undefined;
}

/** Files that were written, and why others could not be. */
export type Written = {readonly files: readonly string[]; readonly faults: readonly string[]};

/** What is kept of a run. */
export type Keeping = {
	readonly folder: string | undefined;
	/** Complete: with what the program has warned of. */
	readonly snapshot: Snapshot;
	readonly results: Results;
	/** `results.json`, in this thread: it cannot be measured again. */
	readonly first: Promise<Written>;
	/** All files. Never rejects. */
	readonly all: Promise<Written>;
};

export type KeptRuns = {
	/** Of the whole program, to print when it ends. */
	readonly warnings: () => readonly string[];
	readonly warn: (text: string) => void;
	/** A run of the screen begins: it gets its own folder, and is kept when it ends. @returns Where its answers go. */
	readonly begin: (config: RunConfig) => AnswerSink;
	/** Folder and configuration of a run, the newest one where the snapshot does not say. */
	readonly placeOf: (snapshot: Snapshot) => RunPlace;
	/** Keeps a run that is over. Where that has been done, it is not done again. */
	readonly keep: (snapshot: Snapshot, config?: RunConfig) => Keeping;
	/** What was kept so far, oldest first. */
	readonly kept: () => readonly Keeping[];
	/** Called when the results of a run are on disk. */
	readonly onKept: (listener: () => void) => void;
	/** The folder of the newest run, unless its results are on disk. */
	readonly underWay: () => string | undefined;
	/** Call it when the results are written, or nothing is to be written. */
	readonly release: () => void;
};

export type RunPlace = {
	readonly folder: string | undefined;
	readonly config: RunConfig;
	readonly answers: AnswerSink;
};

/** A run of this program. */
type OwnRun = RunPlace & {
	readonly warnings: string[];
	last: Snapshot | undefined;
	keeping: Keeping | undefined;
	/** Its results are whole on disk. */
	isOnDisk: boolean;
};

type Setup = Pick<RunSetup, 'config' | 'folder' | 'answers' | 'resumption' | 'output' | 'isDemo' | 'repeat'>;

const nothing: Written = {files: [], faults: []};

const faultLines = (what: string, error: unknown): readonly string[] => {
	const {message, hint} = faultOf(error);
	return [`${what}: ${message.replace(/\.$/, '')}.`, ...(hint === undefined ? [] : [hint])];
};

/** The results cannot be measured again: they are written first. */
const writeFirst = async (run: OwnRun, folder: string, results: Results): Promise<Written> => {
	try {
		const file = await writeResults(folder, results);
		run.isOnDisk = true;
		// Without its line in the index the run is found by its folder.
		await import('../../reports/run-index.ts').then(
			({noteRun}) => noteRun(results, folder),
			() => {},
		);
		return {files: [file], faults: []};
	} catch (error) {
		return {files: [], faults: faultLines(`results.json could not be written to ${folder}`, error)};
	}
};

/** All other files of a run, in the reports thread. */
const writeRest = async (
	{answers}: RunPlace,
	folder: string,
	results: Results,
	recipe: Recipe | undefined,
): Promise<Written> => {
	try {
		const files = await writeReports({
			type: 'write',
			results,
			folder,
			answersFile: answers?.file,
			requestsFile: answers?.requestsFile,
			recipe,
			hasResults: true,
		});
		return {files, faults: []};
	} catch (error) {
		return {files: [], faults: faultLines('The reports could not be written', error)};
	}
};

const joined = (one: Written, other: Written): Written => ({
	files: [...one.files, ...other.files],
	faults: [...one.faults, ...other.faults],
});

/** Whether this is how the run was kept: it may go on after its end, and end again. */
const isOf = (keeping: Keeping, {run, endedAt}: Snapshot): boolean =>
	keeping.snapshot.run === run && keeping.snapshot.endedAt === endedAt;

/**
 * @param setup Of the first run; those that begin later have folders beside its own.
 * @param isDemo Whether the simulator of a demo serves now; it may start later than the program.
 */
export function keepRuns(
	engine: Pick<EngineHandle, 'onReport'>,
	setup: Setup,
	isDemo: () => boolean = () => setup.isDemo,
): KeptRuns {
	const {resumption, output} = setup;
	const warnings: string[] = [];
	const runAt = (place: RunPlace): OwnRun => ({
		...place,
		warnings: [],
		last: undefined,
		keeping: undefined,
		isOnDisk: false,
	});
	const runs: OwnRun[] = [];
	let onKept: (() => void) | undefined;
	let current = runAt(setup);
	/** Charts are drawn for one run at a time. */
	let drawing: Promise<unknown> = Promise.resolve();

	/** A search ends in the configuration of its last rung; what is repeated is the whole. */
	const repeatOf = ({config}: RunPlace, {spec, targets, search}: Snapshot): readonly string[] =>
		setup.repeat?.(targets[0]?.region) ??
		wordsOfRun(
			{...config, goal: spec.goal},
			{
				isDemo: isDemo(),
				region: targets[0]?.region,
				searchBudget: search?.budget,
			},
		);

	const ownRun = ({run}: Snapshot): OwnRun =>
		runs.findLast(({last}) => run !== undefined && last?.run === run) ?? current;

	const keepRun = (run: OwnRun, last: Snapshot, config: RunConfig): Keeping => {
		if (run.keeping !== undefined && isOf(run.keeping, last)) {
			return run.keeping;
		}
		const snapshot = withWarnings(withResumption(last, resumption?.note), run.warnings);
		const results = resultsOf(snapshot, environmentOf(), repeatOf(run, snapshot));
		const {folder} = run;
		run.last = last;
		if (folder === undefined || !wasSent(snapshot) || wasRefused(snapshot)) {
			const done = Promise.resolve(nothing);
			return {folder: undefined, snapshot, results, first: done, all: done};
		}
		run.isOnDisk = false;
		const first = writeFirst(run, folder, results);
		void first.then(() => onKept?.());
		const recipe = recipeOf(config, snapshot);
		const rest = Promise.all([drawing, first]).then(async () => writeRest(run, folder, results, recipe));
		drawing = rest;
		const all = Promise.all([first, rest]).then(([one, other]) => joined(one, other));
		run.keeping = {folder, snapshot, results, first, all};
		return run.keeping;
	};

	const stopListening = engine.onReport((report) => {
		if (report.type === 'snapshot' || report.type === 'ended') {
			current.last = report.snapshot;
			current.isOnDisk &&= report.snapshot.endedAt !== null;
		} else if (report.type === 'warning') {
			warnings.push(report.text);
			current.warnings.push(report.text);
		}
		// A run of the screen is over; the engine may also fail while another is prepared.
		const isOver = report.type === 'ended' || (report.type === 'failed' && current.keeping === undefined);
		if (isOver && runs.includes(current) && current.last !== undefined) {
			keepRun(current, current.last, current.config);
		}
	});

	const revoke = leaveWill(() => {
		const {folder, last, isOnDisk} = current;
		if (folder === undefined || last === undefined || isOnDisk || !wasSent(last)) {
			return [];
		}
		const file = path.join(folder, 'results.json');
		const snapshot = withWarnings(withResumption(last, resumption?.note), current.warnings);
		mkdirSync(folder, {recursive: true, mode: privateFolderMode});
		const descriptor = openPrivate(file, 'replace');
		writeFileSync(descriptor, resultsText(resultsOf(snapshot, environmentOf(), repeatOf(current, snapshot))));
		closeSync(descriptor);
		return [`Results up to this point: ${file} ("bedrock-top report" draws its charts).`];
	});

	return {
		warnings: () => warnings,
		warn(text) {
			warnings.push(text);
			current.warnings.push(text);
		},
		begin(config) {
			const isNamed = output.folder !== undefined;
			const {folder: first} = setup;
			const folder =
				first === undefined || (isNamed && runs.length === 0) ? first : furtherFolder(first, isNamed);
			const answers = answersOf(folder, {...output, isForced: output.isForced && runs.length === 0}, config);
			current = runAt({folder, config, answers});
			runs.push(current);
			return answers;
		},
		placeOf: (snapshot) => ownRun(snapshot),
		keep(snapshot, config) {
			const run = ownRun(snapshot);
			return keepRun(run, snapshot, config ?? run.config);
		},
		kept: () => runs.flatMap(({keeping}) => keeping ?? []),
		onKept(listener) {
			onKept = listener;
		},
		underWay: () => (current.isOnDisk ? undefined : current.folder),
		release() {
			stopListening();
			revoke();
		},
	};
}
