import {closeSync, mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import type {Snapshot} from '../../domain/snapshot.ts';
import {environmentOf} from '../../reports/environment.ts';
import {resultsOf} from '../../reports/results.ts';
import {resultsText} from '../../reports/results-json.ts';
import {leaveWill} from '../../terminal/crash.ts';
import {openPrivate, privateFolderMode} from '../../text/private-file.ts';
import type {EngineHandle} from '../../threads/engine-handle.ts';
import type {RunSetup} from './run-setup.ts';

/** The snapshot with a first event that says which earlier run it resumes. */
export function withResumption(snapshot: Snapshot, note: string | undefined): Snapshot {
	return note === undefined || snapshot.startedAt === null
		? snapshot
		: {...snapshot, events: [{at: snapshot.startedAt, kind: 'resumed', text: note}, ...snapshot.events]};
}

/** The snapshot with last events that say what is missing from it. */
export function withWarnings(snapshot: Snapshot, warnings: readonly string[]): Snapshot {
	const at = snapshot.endedAt ?? snapshot.startedAt;
	return at === null
		? snapshot
		: {
				...snapshot,
				events: [...snapshot.events, ...warnings.map((text) => ({at, kind: 'incomplete', text}))],
			};
}

/** What a run leaves when the program ends before the run does. */
export type KeptRun = {
	/** Warnings to print when the run is over. */
	readonly warnings: () => readonly string[];
	readonly warn: (text: string) => void;
	/** Call it when the results are written, or nothing is to be written. */
	readonly release: () => void;
};

/** Whether anything was sent: otherwise nothing is written. */
export function wasSent(snapshot: Snapshot): boolean {
	return snapshot.variants.some(({requests}) => requests.attempts > 0);
}

/**
 * Keeps the last snapshot of a run: its results are written if the program has to end at once.
 */
export function keepResults(
	engine: EngineHandle,
	{folder, resumption}: Pick<RunSetup, 'folder' | 'resumption'>,
): KeptRun {
	let last: Snapshot | undefined;
	const warnings: string[] = [];
	const stopListening = engine.onReport((report) => {
		if (report.type === 'snapshot' || report.type === 'ended') {
			last = report.snapshot;
		} else if (report.type === 'warning') {
			warnings.push(report.text);
		}
	});
	const revoke = leaveWill(() => {
		if (folder === undefined || last === undefined || !wasSent(last)) {
			return [];
		}
		const file = path.join(folder, 'results.json');
		const snapshot = withWarnings(withResumption(last, resumption?.note), warnings);
		mkdirSync(folder, {recursive: true, mode: privateFolderMode});
		const descriptor = openPrivate(file, 'replace');
		writeFileSync(descriptor, resultsText(resultsOf(snapshot, environmentOf())));
		closeSync(descriptor);
		return [`Results up to this point: ${file} ("bedrock-top report" draws its charts).`];
	});
	return {
		warnings: () => warnings,
		warn(text) {
			warnings.push(text);
		},
		release() {
			stopListening();
			revoke();
		},
	};
}
