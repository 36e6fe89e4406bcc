import type {OpenAccount} from '../bedrock/account-access.ts';
import {listRunnableModels} from '../bedrock/identify/runnable-models.ts';
import {resolveTargets} from '../bedrock/quotas/resolve-targets.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import type {Target} from '../domain/target.ts';
import type {Io} from '../terminal/io.ts';
import {formatCount} from '../text/numbers.ts';
import {renderTable} from '../text/table.ts';
import {cleanText, wrapText} from '../text/width.ts';
import {factorWords, limitColumns, limitFactor, limitRows} from '../view/quotas.ts';
import {type ListIo, type ListRequest, printList, withListRequest} from './account-lists.ts';

type QuotasRequest = ListRequest & {
	/** Identifiers of any kind; without one, all models that can be run. */
	readonly models: readonly string[];
};

/** A target as `quotas --json` prints it; `near` only where no quota name matched. */
type QuotaReport = Target & {readonly near?: readonly string[]};

/** Where a quota is unknown, the names that came close are part of the answer, even when there are none. */
const withNear = (target: Target, near: readonly string[]): QuotaReport => {
	const {state, name} = target.quota.requestsPerMinute;
	const isUnmatched = state === 'unknown' || (name === null && near.length > 0);
	return isUnmatched ? {...target, near} : target;
};

const readQuotas = async (models: readonly string[], options: OpenAccount['options']) => {
	if (models.length === 0) {
		const {entries, ...rest} = await listRunnableModels(options);
		const targets = entries.map(({name, provider, isStreaming, lifecycle, ...target}) => target);
		return {...rest, entries: targets.map((target, index) => withNear(target, rest.near[index] ?? []))};
	}
	const {targets, near, ...rest} = await resolveTargets(models, options);
	return {...rest, entries: targets.map((target, index) => withNear(target, near[index] ?? []))};
};

const nearLines = ({model, near = []}: QuotaReport): readonly string[] =>
	near.length === 0
		? []
		: ['', `Quota names near ${cleanText(model)}:`, ...near.map((name) => `  ${cleanText(name)}`)];

/** Why some limits are a multiple of what is applied; nothing where none is. */
const factorLines = (reports: readonly QuotaReport[], columns: number): readonly string[] => {
	const multiple = limitRows(reports).find(({limit}) => limitFactor(limit) > 1);
	return multiple === undefined
		? []
		: ['', ...wrapText(`x${limitFactor(multiple.limit)}: ${factorWords(multiple.limit)}`, columns)];
};

/**
 * Prints the resolved quotas of models.
 * @returns Exit code 0, also where limits are unknown: the report says so.
 * @throws UserError (exit 1) without a Region, credentials or a reachable service.
 */
export async function printQuotas({models, ...request}: QuotasRequest, io: ListIo): Promise<number> {
	return printList<QuotaReport>(request, io, {
		what: 'quotas',
		read: async (options) => readQuotas(models, options),
		tableOf: (reports, columns) => [
			...renderTable(limitColumns(formatCount), limitRows(reports), columns),
			...factorLines(reports, columns),
			// Too many of all models have no known quota.
			...(models.length === 0 ? [] : reports.flatMap(nearLines)),
		],
	});
}

/** The command `quotas`. @returns Exit code. */
export async function quotas(given: Arguments, io: Io): Promise<number> {
	return withListRequest(given, io, printQuotas);
}
