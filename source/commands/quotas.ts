import {type AccountRequest, assertListed, openAccount, placeOf} from '../bedrock/account-access.ts';
import {assertReachable} from '../bedrock/clients/reachability.ts';
import {readCatalog} from '../bedrock/identify/catalog.ts';
import {resolveTargets} from '../bedrock/quotas/resolve-targets.ts';
import type {Target} from '../domain/target.ts';
import {limitColumns, limitRows, placeLine} from '../plain/quota-report.ts';
import {withProgress} from '../terminal/with-progress.ts';
import {renderTable} from '../text/table.ts';
import {cleanText, escapeUnseen} from '../text/width.ts';

export type ReportIo = {
	readonly stdout: NodeJS.WritableStream;
	readonly stderr: NodeJS.WritableStream;
	/** Cells of a line on stdout. */
	readonly columns: number;
};

export type QuotasOptions = AccountRequest & {
	/** Identifiers of any kind; all that can be run when none is named. */
	readonly models: readonly string[];
	readonly isJson: boolean;
};

/** A target as `quotas --json` prints it; `near` only where no quota name matched. */
export type QuotaReport = Target & {readonly near?: readonly string[]};

/**
 * Prints the resolved quotas of models.
 * @returns the exit code: 0 also where limits are unknown, which the report says.
 * @throws UserError (exit 1) without a Region, credentials or a reachable service.
 */
export const quotas = async (options: QuotasOptions, io: ReportIo): Promise<number> => {
	const account = await openAccount(options);
	try {
		const finding = findTargets(options.models, account.options);
		const found = await withProgress(io.stderr, 'Reading the quotas of the account ...', finding);
		await assertReachable({...placeOf(account), needsLists: true}, found.failures);
		assertListed(found.targets.length, found.failures);
		const reports = found.targets.map(
			(target, index): QuotaReport => withNear(target, found.near[index] ?? []),
		);
		const isSimulated = account.options.source.isSimulated?.() ?? false;
		const lines = options.isJson
			? [escapeUnseen(JSON.stringify(reports, null, 2))]
			: [
					cleanText(
						placeLine(
							account.options.region,
							account.clients.endpoint,
							isSimulated,
							await account.clients.account(),
						),
					),
					...renderTable(limitColumns, limitRows(reports), io.columns),
					// Of all models there are too many that nothing is known about.
					...(options.models.length === 0 ? [] : reports.flatMap((report) => nearLines(report))),
				];
		io.stdout.write(`${lines.join('\n')}\n`);
		writeRemarks([...account.clients.remarks, ...found.remarks], io);
		return 0;
	} finally {
		account.clients.close();
	}
};

/** One sentence a line on stderr, beside the result. */
export const writeRemarks = (remarks: readonly string[], io: ReportIo): void => {
	if (remarks.length > 0) {
		io.stderr.write(`${remarks.map((remark) => cleanText(remark)).join('\n')}\n`);
	}
};

const findTargets = async (
	models: readonly string[],
	options: Parameters<typeof resolveTargets>[1],
): Promise<Awaited<ReturnType<typeof resolveTargets>>> => {
	if (models.length > 0) {
		return resolveTargets(models, options);
	}
	const {entries, ...rest} = await readCatalog(options);
	return {...rest, targets: entries.map(({name, provider, isStreaming, lifecycle, ...target}) => target)};
};

/** Where no quota is known, the names that came close are part of the answer, even when there are none. */
const withNear = (target: Target, near: readonly string[]): QuotaReport => {
	const {state, name} = target.quota.requestsPerMinute;
	const isUnmatched = state === 'unknown' || (name === null && near.length > 0);
	return isUnmatched ? {...target, near} : target;
};

const nearLines = ({model, near = []}: QuotaReport): readonly string[] =>
	near.length === 0
		? []
		: ['', `Quota names near ${cleanText(model)}:`, ...near.map((name) => `  ${cleanText(name)}`)];
