import {appendFileSync, closeSync} from 'node:fs';
import type {OutputConfig} from '../../config/resolve-output.ts';
import type {AccountRegion} from '../../domain/account-snapshot.ts';
import type {Snapshot} from '../../domain/snapshot.ts';
import {errorOf, faultOf, reasonOf, UserError} from '../../domain/user-error.ts';
import {tapBlock, tapJson, tapSummary} from '../../plain/tap.ts';
import {environmentOf} from '../../reports/environment.ts';
import {resultsOf, writeResults} from '../../reports/results.ts';
import {noteRun} from '../../reports/run-index.ts';
import {columnsOf, type Io, writeClean, writeLines} from '../../terminal/io.ts';
import {openPrivate} from '../../text/private-file.ts';
import {escapeUnseen} from '../../text/width.ts';
import type {TapHandle} from '../../threads/engine-handle.ts';
import type {TapReport} from '../../threads/messages.ts';
import {writeReports} from '../../threads/reports-handle.ts';

/** What is printed of a tap: while it runs a line of JSON or a block of lines per minute; at its end figures, reports and a summary. */

/** Milliseconds between two lines or blocks. */
const everyMs = 60_000;

type Lines = {readonly write: (line: string) => Promise<void>; readonly close: () => void};

/** Lines of JSON go to the file that was named, else to stdout. @throws UserError (exit 1) where the file cannot be written. */
const openLines = (file: string | undefined, io: Io): Lines => {
	if (file === undefined) {
		return {write: async (line) => writeClean(io.stdout, [line]), close() {}};
	}
	try {
		const descriptor = openPrivate(file, 'replace');
		return {
			write: async (line) => appendFileSync(descriptor, `${line}\n`),
			close: () => closeSync(descriptor),
		};
	} catch (error) {
		throw new UserError(`--json: "${file}" cannot be written: ${reasonOf(error)}.`, {
			exitCode: 1,
			hint: 'Name a file in a folder that you may write to, or write --json > FILE.',
		});
	}
};

export type Printing = {
	/** The last line, then nothing more. */
	readonly stop: () => Promise<void>;
};

/**
 * Prints once per minute.
 * @param output `json`: lines of JSON; else blocks.
 * @param hasStdout False where stdout belongs to a program: then only a file is written.
 */
export function printWhileRunning(
	tap: Pick<TapHandle, 'onReport'>,
	{json, isAscii}: Pick<OutputConfig, 'json' | 'isAscii'>,
	{io, hasStdout, region}: {readonly io: Io; readonly hasStdout: boolean; readonly region: string},
): Printing {
	let snapshot: Snapshot | undefined;
	let regions: readonly AccountRegion[] = [];
	const lines = json === undefined ? undefined : openLines(json.file, io);
	const releaseReports = tap.onReport((report) => {
		if (report.type === 'snapshot' || report.type === 'ended') {
			({snapshot} = report);
		} else if (report.type === 'account') {
			({regions} = report.account);
		}
	});
	const print = async (): Promise<void> => {
		if (snapshot === undefined) {
			return;
		}
		if (lines !== undefined) {
			const account = regions.find((each) => each.region === region);
			await lines.write(escapeUnseen(tapJson(snapshot, account, region)));
		} else if (hasStdout && snapshot.variants.length > 0) {
			await writeLines(io.stdout, tapBlock(snapshot, {width: columnsOf(io.stdout), ascii: isAscii}));
		}
	};
	const report = (error: unknown): void => {
		clearInterval(timer);
		void (hasStdout
			? writeLines(io.stderr, [`--json: nothing more is written: ${reasonOf(error)}.`])
			: undefined);
	};
	const timer = setInterval(() => void print().catch(report), everyMs);
	return {
		async stop() {
			clearInterval(timer);
			releaseReports();
			if (lines !== undefined) {
				await print().catch(report);
				lines.close();
			}
		},
	};
}

/** What the thread of a tap reports. */
export type TapReports = {
	/** The first report of a kind from now on. Rejects with the fault that ended the thread. */
	readonly first: <Kind extends TapReport['type']>(kind: Kind) => Promise<Extract<TapReport, {type: Kind}>>;
	readonly latest: () => Snapshot | undefined;
};

/** Reads the reports of a tap from now on. */
export function readReports(tap: TapHandle): TapReports {
	let latest: Snapshot | undefined;
	const {promise: failed, reject} = Promise.withResolvers<never>();
	failed.catch(() => undefined);
	tap.onReport((report) => {
		if (report.type === 'snapshot' || report.type === 'ended') {
			latest = report.snapshot;
		} else if (report.type === 'failed') {
			reject(errorOf(report.fault));
		}
	});
	return {
		latest: () => latest,
		async first<Kind extends TapReport['type']>(kind: Kind) {
			const {promise, resolve} = Promise.withResolvers<Extract<TapReport, {type: Kind}>>();
			const release = tap.onReport((report) => {
				if (report.type === kind) {
					release();
					resolve(report as Extract<TapReport, {type: Kind}>);
				}
			});
			return Promise.race([promise, failed]);
		},
	};
}

/** Whether a request was sent. */
export function wasUsed(snapshot: Snapshot | undefined): boolean {
	return snapshot?.variants.some(({requests}) => requests.attempts > 0) ?? false;
}

/** Writes results and reports of a tap that has ended. @returns The files, and sentences about what could not be written. */
const keep = async (
	snapshot: Snapshot,
	{folder, repeat}: Pick<Started, 'folder' | 'repeat'>,
): Promise<{readonly files: readonly string[]; readonly faults: readonly string[]}> => {
	if (folder === undefined || !wasUsed(snapshot)) {
		return {files: [], faults: []};
	}
	try {
		const results = resultsOf(snapshot, environmentOf(), repeat);
		const file = await writeResults(folder, results);
		noteRun(results, folder);
		const files = await writeReports({
			type: 'write',
			results,
			folder,
			answersFile: undefined,
			hasResults: true,
		});
		return {files: [file, ...files], faults: []};
	} catch (error) {
		const {message, hint} = faultOf(error);
		return {
			files: [],
			faults: [`The reports could not be written: ${message}`, ...(hint === undefined ? [] : [hint])],
		};
	}
};

/** A tap that serves, with all that its end needs. */
export type Started = {
	readonly tap: TapHandle;
	readonly reports: TapReports;
	readonly url: string;
	readonly region: string;
	readonly output: OutputConfig;
	readonly folder: string | undefined;
	/** Words of the command line that starts it again. */
	readonly repeat: readonly string[];
};

/**
 * Ends the tap, and reports what has passed.
 * @param stream Where the summary goes; undefined: nowhere.
 * @param last The newest snapshot, where the tap may have ended already.
 * @throws UserError where the thread of the tap is gone; what it last said is kept.
 */
export async function finish(
	started: Started,
	{stoppedBy, deadlineMs}: {readonly stoppedBy: 'key' | 'signal'; readonly deadlineMs: number},
	io: Io,
	stream: NodeJS.WriteStream | undefined,
	last?: Snapshot,
): Promise<Snapshot> {
	const {tap, reports, output} = started;
	const stopped = async (): Promise<Snapshot> => {
		const ended = reports.first('ended');
		tap.send({type: 'stop', stoppedBy, deadlineMs});
		return (await ended).snapshot;
	};
	let fault: unknown;
	const snapshot =
		last?.phase === 'ended'
			? last
			: await stopped().catch((error: unknown) => {
					fault = error;
					return reports.latest();
				});
	if (snapshot === undefined) {
		throw fault;
	}
	const {files, faults} = await keep(snapshot, started);
	if (stream !== undefined) {
		await writeLines(stream, [
			...tapSummary(snapshot, {width: columnsOf(stream), ascii: output.isAscii}),
			...(files.length === 0 ? [] : ['Written:', ...files.map((file) => `  ${file}`)]),
		]);
	}
	await writeLines(io.stderr, faults);
	if (fault !== undefined) {
		throw fault;
	}
	return snapshot;
}
