import {appendFileSync, closeSync} from 'node:fs';
import type {OutputConfig} from '../../config/resolve-output.ts';
import type {AccountRegion} from '../../domain/account-snapshot.ts';
import type {Snapshot} from '../../domain/snapshot.ts';
import {reasonOf, UserError} from '../../domain/user-error.ts';
import {tapBlock, tapJson} from '../../plain/tap.ts';
import {columnsOf, type Io, writeClean, writeLines} from '../../terminal/io.ts';
import {openPrivate} from '../../text/private-file.ts';
import {escapeUnseen} from '../../text/width.ts';
import type {TapHandle} from '../../threads/engine-handle.ts';

/** What is printed while a tap runs: a line of JSON per minute, or a block of lines. */

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
