import {closeSync, mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import type {Snapshot} from '../../domain/snapshot.ts';
import {environmentOf} from '../../reports/environment.ts';
import {resultsOf} from '../../reports/results.ts';
import {resultsText} from '../../reports/results-text.ts';
import {leaveWill} from '../../terminal/last-will.ts';
import {openPrivate, privateFolderMode} from '../../text/private-file.ts';
import type {EngineHandle} from '../../threads/engine-handle.ts';
import {withResumption, withWarnings} from './notes.ts';
import type {RunSetup} from './run-setup.ts';

/** What a run leaves where it ends without its end. */
export type KeptRun = {
	/** What has to be read when the run is over. */
	readonly warnings: () => readonly string[];
	readonly warn: (text: string) => void;
	/** The results are written, or nothing is to be. */
	readonly release: () => void;
};

/** Whether anything went over the wire: nothing is written when nothing was sent. */
export const wasSent = (snapshot: Snapshot): boolean =>
	snapshot.variants.some(({requests}) => requests.attempts > 0);

/**
 * Keeps what a run has measured at hand: should the program have to end at once, the results of the last snapshot are
 * written.
 */
export const keepResults = (
	engine: EngineHandle,
	{folder, resumption}: Pick<RunSetup, 'folder' | 'resumption'>,
): KeptRun => {
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
		return [`What was measured until then: ${file} ("bedrock-top report" draws its charts).`];
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
};
