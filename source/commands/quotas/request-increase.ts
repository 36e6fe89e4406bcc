import {destinationOf, type OpenAccount, openAccount} from '../../bedrock/account-access.ts';
import {assertReachable} from '../../bedrock/clients/reachability.ts';
import {collect} from '../../bedrock/quotas/account-lists.ts';
import {quotaIncreasesOf} from '../../bedrock/quotas/aws-quota-source.ts';
import {type AppliedAndDefault, joinAppliedAndDefault} from '../../bedrock/quotas/bucket-quota.ts';
import {parseQuotaName} from '../../bedrock/quotas/quota-name.ts';
import {type QuotaIncrease, type QuotaIncreases, SourceError} from '../../bedrock/quotas/quota-source.ts';
import type {WantedIncrease} from '../../config/values.ts';
import {UserError} from '../../domain/user-error.ts';
import {defaultFolder} from '../../reports/folder.ts';
import {hasFullMinute, quotaIncreaseMarkdown} from '../../reports/quota-increase-markdown.ts';
import type {TargetResults} from '../../reports/results-schema.ts';
import {listRuns, readKeptResults} from '../../reports/run-index.ts';
import {type Io, isConfirmed, withProgress, writeJson, writeLines} from '../../terminal/io.ts';
import {didYouMean} from '../../text/nearest-name.ts';
import {formatCount, formatRatio, unknownMark} from '../../text/numbers.ts';
import type {ListRequest} from '../account-lists.ts';

/** `quotas --request`: asks AWS to raise quotas of the account, each once, after a confirmation. */

type IncreaseRequest = ListRequest & {
	readonly wanted: readonly WantedIncrease[];
	readonly isConfirmed: boolean;
};

/** What the account says about the quotas and the requests for them. */
type Known = {
	readonly quotas: readonly AppliedAndDefault[];
	readonly open: readonly QuotaIncrease[];
};

/** One quota with what is asked for it. */
type Offer = {
	readonly quota: AppliedAndDefault & {readonly code: string};
	readonly value: number;
	/** The request for it that is open already. */
	readonly open: QuotaIncrease | undefined;
};

/** Where the account is, as the confirmation and the results name it. */
type Place = {
	readonly account: string | null;
	readonly region: string;
	readonly endpoint: string | null;
	readonly isSimulated: boolean;
	/** The folder of the runs that may have figures for it. */
	readonly runs: string;
};

const asUserError = (error: unknown, what: string): unknown =>
	error instanceof SourceError
		? new UserError(`${what}: ${error.message}`, {exitCode: 1, hint: error.advice, cause: error})
		: error;

const readKnown = async (account: OpenAccount, increases: QuotaIncreases): Promise<Known> => {
	const {source} = account.options;
	try {
		const [applied, defaults, open] = await Promise.all([
			collect(source.listApplied()),
			collect(source.listDefaults()),
			increases.listOpen(),
		]);
		return {quotas: joinAppliedAndDefault(applied, defaults), open};
	} catch (error) {
		await assertReachable({...destinationOf(account), needsLists: true}, new Map());
		throw asUserError(error, 'The quotas of the account cannot be read, so nothing was requested');
	}
};

const placeOf = async ({clients, options}: OpenAccount, runs: string): Promise<Place> => ({
	runs,
	account: (await clients.account()) ?? null,
	region: options.region,
	endpoint: clients.endpoint,
	isSimulated: options.source.isSimulated?.() ?? false,
});

/** A quota by its code and name. */
const named = ({code, name}: Pick<AppliedAndDefault, 'code' | 'name'>): string => `${code} (${name})`;

/** @throws UserError (exit 2) for a code that the account has no quota of. */
const quotaOf = async (
	code: string,
	quotas: readonly AppliedAndDefault[],
	region: string,
): Promise<Offer['quota']> => {
	const found = quotas.find((quota) => quota.code === code);
	if (found === undefined) {
		const {default: known} = await import('../../bedrock/data/quotas.json', {with: {type: 'json'}});
		const name = known.rows.find((row) => row.code === code)?.name;
		throw new UserError(
			name === undefined
				? `--request: no quota of Amazon Bedrock in ${region} has the code ${code}.`
				: `--request: ${region} has no quota ${named({code, name})}.`,
			{
				exitCode: 2,
				hint: `${
					name === undefined
						? didYouMean(
								code,
								quotas.map((quota) => quota.code ?? ''),
							)
						: ''
				}"bedrock-top quotas" lists the codes; --region names another Region.`,
			},
		);
	}
	return {...found, code};
};

/**
 * What AWS names as the way to more of a quota that is not adjustable: the request for the cross-Region tokens per
 * minute of the same model opens a case that can raise its other quotas too (user guide, quotas of bedrock-runtime, as
 * read on 2026-11-22); what has no such request is for AWS Support.
 */
const otherWay = (quota: AppliedAndDefault, quotas: readonly AppliedAndDefault[]): string => {
	const own = parseQuotaName(quota.name);
	const sibling = quotas.find((other) => {
		const its = parseQuotaName(other.name);
		return (
			other.adjustable === true &&
			own?.use === 'standard' &&
			its?.use === 'standard' &&
			its.metric === 'tokensPerMinute' &&
			its.label.toLowerCase() === own.label.toLowerCase()
		);
	});
	return sibling === undefined
		? "AWS's way is a case with AWS Support (service limit increase, Amazon Bedrock)."
		: `AWS's way is a request for ${named(sibling)}, applied ${formatCount(sibling.applied)}: it opens a case with AWS Support, and there you ask for this quota too: --request ${sibling.code}=VALUE.`;
};

/** The newest run on disk that measured a bucket with this quota for a whole minute: what AWS asks for. */
const figuresFor = async (
	code: string,
	{region, isSimulated, runs: folderOfRuns}: Place,
): Promise<{readonly folder: string; readonly markdown: string} | undefined> => {
	const isMeant = (target: TargetResults): boolean =>
		target.region === region && Object.values(target.quota).some((limit) => limit?.code === code);
	const {runs} = await listRuns(folderOfRuns).catch(() => ({runs: []}));
	for (const {folder, simulated} of runs) {
		const results =
			simulated === isSimulated ? await readKeptResults(folder).catch(() => undefined) : undefined;
		if (results !== undefined && hasFullMinute(results, isMeant)) {
			return {folder, markdown: quotaIncreaseMarkdown(results, isMeant)};
		}
	}
	return undefined;
};

const howToMeasure =
	'No run here has figures for the case: a run of a minute or more on this model writes them to quota-increase.md.';

/** @throws UserError (exit 2) for what Service Quotas would refuse. */
const assertFilable = async ({quota, value}: Offer, {quotas}: Known, place: Place, io: Io): Promise<void> => {
	if (quota.adjustable === false) {
		const figures = await figuresFor(quota.code, place);
		await writeLines(io.stdout, figures === undefined ? [] : [figures.markdown.trimEnd()]);
		throw new UserError(
			`--request: ${named(quota)} is not adjustable: Service Quotas takes no request for it, and nothing was requested.`,
			{
				exitCode: 2,
				hint: `${otherWay(quota, quotas)} ${figures === undefined ? howToMeasure : `Figures for it, as above: ${figures.folder}/quota-increase.md`}`,
			},
		);
	}
	const inForce = quota.applied ?? quota.default;
	if (inForce !== null && value <= inForce) {
		throw new UserError(
			`--request: ${formatCount(value)} is not above the ${quota.applied === null ? 'default' : 'applied'} value of ${named(quota)}, ${formatCount(inForce)}. Nothing was requested.`,
			{exitCode: 2, hint: `Ask for more than ${formatCount(inForce)}.`},
		);
	}
};

/** @throws UserError (exit 2) where less is asked for already: a second request is not possible. */
const assertNotLess = ({quota, value, open}: Offer): void => {
	if (open !== undefined && open.asked !== null && open.asked < value) {
		throw new UserError(
			`--request: ${openWords(open, quota.name)} Until AWS has decided about it, Service Quotas takes no other: nothing was requested.`,
			{exitCode: 2, hint: 'Answer its case with AWS Support, or ask again once it is decided.'},
		);
	}
};

/** A request that is open, in a sentence. */
export function openWords({code, asked, status, caseId, createdAt}: QuotaIncrease, name: string): string {
	const facts = [
		status,
		...(createdAt === null ? [] : [`since ${createdAt.slice(0, 10)}`]),
		...(caseId === null ? [] : [`case ${caseId}`]),
	];
	return `A request for ${formatCount(asked)} of ${named({code, name})} is open: ${facts.join(', ')}.`;
}

/** What is about to be filed, for the eyes of who confirms it. */
const offerLines = (offers: readonly Offer[], {open, quotas}: Known, place: Place): readonly string[] => {
	const line = (label: string, value: string): string => `  ${label.padEnd(8)} ${value}`;
	const nameOf = (code: string): string => quotas.find((quota) => quota.code === code)?.name ?? unknownMark;
	return [
		`${place.isSimulated ? 'SIMULATED: ' : ''}Request to raise ${offers.length === 1 ? 'a quota' : `${offers.length} quotas`} of Amazon Bedrock`,
		line('Account', place.account ?? unknownMark),
		line('Region', place.region),
		...(place.endpoint === null ? [] : [line('Endpoint', `${place.endpoint} (not AWS)`)]),
		...offers.flatMap(({quota, value}) => [
			'',
			line('Code', quota.code),
			line('Name', quota.name),
			line('Applied', formatCount(quota.applied)),
			line('Default', formatCount(quota.default)),
			line('Asked', `${formatCount(value)}${ratioWords(value, quota.applied ?? quota.default)}`),
			...(quota.default !== null && value <= quota.default
				? [line('', 'Not above the default: Service Quotas may refuse it, and AWS Support decides.')]
				: []),
		]),
		'',
		open.length === 0
			? 'No other request is open in this Region.'
			: `Open requests in this Region: ${open.length}`,
		...open.map((each) => `  ${openWords(each, nameOf(each.code))}`),
	];
};

const ratioWords = (value: number, inForce: number | null): string =>
	inForce === null || inForce === 0 ? '' : ` (${formatRatio(value / inForce)})`;

/** @throws UserError (exit 2) where nobody can be asked, or the answer is no. */
const confirm = async (lines: readonly string[], isYes: boolean, io: Io): Promise<void> => {
	if (!isYes && !(io.stdin.isTTY && io.stderr.isTTY)) {
		throw new UserError(
			[...lines, '', 'Nothing was requested: there is no terminal to confirm it.'].join('\n'),
			{
				exitCode: 2,
				hint: 'Confirm it with --yes.',
			},
		);
	}
	await writeLines(io.stderr, lines);
	if (!isYes && !(await isConfirmed(io, 'File it?'))) {
		throw new UserError('Not confirmed: nothing was requested.', {
			exitCode: 2,
			hint: '--yes files it unasked.',
		});
	}
};

/**
 * Files one request. Where the answer is lost, or somebody else was faster, the list of requests says whether it is there.
 * @throws UserError (exit 1) with the service's reason.
 */
const file = async ({quota, value}: Offer, increases: QuotaIncreases): Promise<QuotaIncrease> => {
	try {
		return await increases.request(quota.code, value);
	} catch (error) {
		const open = await increases.listOpen().catch(() => []);
		const found = open.find(({code, asked}) => code === quota.code && asked === value);
		if (found === undefined) {
			throw asUserError(error, `${named(quota)} was not requested`);
		}
		return found;
	}
};

/**
 * Asks AWS to raise quotas, after a confirmation. A quota whose request is open already is not asked for again.
 * @param folderOfRuns Where runs may have figures for the case.
 * @returns Exit code 0: each quota is asked for.
 * @throws UserError exit 2 for what was typed or not confirmed, exit 1 for what the service refused.
 */
export async function requestIncreases(
	{wanted, isConfirmed: isYes, isJson, ...request}: IncreaseRequest,
	io: Io,
	folderOfRuns = defaultFolder,
): Promise<number> {
	const account = await openAccount(request);
	try {
		const increases = quotaIncreasesOf(account.clients);
		const reading = readKnown(account, increases);
		const known = await withProgress(io.stderr, 'Reading the quotas of the account ...', reading);
		const place = await placeOf(account, folderOfRuns);
		const offers: Offer[] = [];
		for (const {code, value} of wanted) {
			const quota = await quotaOf(code, known.quotas, place.region);
			offers.push({quota, value, open: known.open.find((each) => each.code === code)});
		}
		for (const offer of offers) {
			await assertFilable(offer, known, place, io);
			assertNotLess(offer);
		}
		const fresh = offers.filter(({open}) => open === undefined);
		if (fresh.length > 0) {
			await confirm(offerLines(fresh, known, place), isYes, io);
		}
		for (const offer of offers) {
			const {quota, value, open} = offer;
			const made = open ?? (await file(offer, increases));
			const {applied, default: usual, name} = quota;
			const {isSimulated, account: number, region, endpoint} = place;
			await (isJson
				? writeJson(io.stdout, {
						account: number,
						region,
						endpoint,
						simulated: isSimulated,
						name,
						applied,
						default: usual,
						...made,
						filed: open === undefined,
					})
				: writeLines(
						io.stdout,
						open === undefined
							? await filedLines(made, offer, place)
							: [`${openWords(open, name)} It asks for ${formatCount(value)} or more, so none was filed.`],
					));
		}
		return 0;
	} finally {
		account.clients.close();
	}
}

const filedLines = async (
	{id, status, caseId}: QuotaIncrease,
	{quota, value}: Offer,
	place: Place,
): Promise<readonly string[]> => {
	const figures = await figuresFor(quota.code, place);
	return [
		`${place.isSimulated ? 'SIMULATED: ' : ''}Requested ${formatCount(value)} of ${named(quota)}: ${[
			status,
			...(id === null ? [] : [`request ${id}`]),
			...(caseId === null ? [] : [`case ${caseId}`]),
		].join(', ')}.`,
		figures === undefined
			? `AWS may ask for your use. ${howToMeasure}`
			: `AWS may ask for your use: ${figures.folder}/quota-increase.md`,
	];
};
