import type {RunConfig, RunOrigin, ServiceLevel} from '../domain/run-config.ts';
import {hasOwnMaxTokens} from '../domain/task.ts';
import {bounds, defaults} from './defaults.ts';
import {type FlagName, flags as flagTable} from './flags.ts';
import type {Arguments} from './parse-arguments.ts';
import {recordedVariant} from './recording.ts';

/** From the settings of what was done back to the words of a command line that does it again. */

/** Where a run took place, as far as its settings do not say it. */
type Place = {
	readonly isDemo: boolean;
	/** Of its targets; undefined where it is not known. */
	readonly region: string | undefined;
	/** Requests of a search, where it was one. */
	readonly searchBudget: number | undefined;
};

type Setting = readonly [name: FlagName, value: string | number | boolean | null | undefined];

/** Longest text that is a word of the command line; above it, it is read from stdin. */
const maxText = 2000;

/**
 * The words that repeat a run, after the name of the program: parsed and resolved they give the same settings. What is said
 * by the preset alone is left to it; answers to questions (`--yes`) and places of the output are not repeated.
 */
export function wordsOfRun(config: RunConfig, {isDemo, region, searchBudget}: Place): readonly string[] {
	const {origin = {}, connection, override, ledger, guards, tier, seed, goal, policy, burst} = config;
	const isTypedRegion = connection.region !== undefined && connection.isRegionOfArn !== true;
	const settings: readonly Setting[] = [
		['demo', isDemo || null],
		...inputSettings(config, origin),
		...config.models.map((model): Setting => ['model', model]),
		['region', isTypedRegion ? connection.region : isDemo ? null : region],
		['profile', connection.profile],
		['method', config.isMethodTyped === true || config.method !== defaults.method ? config.method : null],
		['search', searchBudget !== undefined || null],
		...loadSettings(config, origin, searchBudget),
		['balance', config.isBalanced || null],
		['goal', goal],
		['policy', policy],
		// Above 1 only the preset can say it.
		['share', config.share > bounds.share.max ? null : config.share],
		['burst', burst],
		['tier', tier],
		['slo', config.serviceLevel === null ? null : serviceLevelText(config.serviceLevel)],
		['rpm', override.requestsPerMinute],
		['tpm', override.tokensPerMinute],
		['burndown', override.burndown],
		['timeout', connection.timeoutMs === undefined ? null : durationText(connection.timeoutMs)],
		...ledgerSettings(ledger),
		['max-requests', guards.maxRequests],
		['max-cost', guards.isMaxCostGiven === true ? (guards.maxCostUsd ?? 'none') : null],
		...(origin.failIf ?? []).map((condition): Setting => ['fail-if', condition]),
		['seed', seed],
	];
	return ['run', ...(origin.preset === undefined ? [] : [origin.preset]), ...settings.flatMap(wordsOf)];
}

/** What is asked, and how. */
function inputSettings({task, variants}: RunConfig, origin: RunOrigin): readonly Setting[] {
	const {replay} = origin;
	const names = variants.map(({name}) => name);
	const isRecorded = replay !== undefined && names.join() === recordedVariant.name;
	return [
		['task', textOf(origin.task, task.task)],
		['content', textOf(origin.content, task.content)],
		['replay', replay?.file],
		['speed', replay?.speed],
		['variants', isRecorded ? null : names.join(',')],
	];
}

/** A text as it was typed; one from stdin itself, where it is short and does not read as the name of a file. */
function textOf(typed: string | undefined, text: string | undefined): string | undefined {
	if (typed === undefined || typed.startsWith('@')) {
		return typed;
	}
	const isWord = text !== undefined && text.length <= maxText && !text.startsWith('@') && text !== '-';
	return isWord ? text : '-';
}

/** How much is sent, and how fast; a recording says most of it itself. */
function loadSettings(
	{load, variants, isEliminating, ...config}: RunConfig,
	{replay, failIf = []}: RunOrigin,
	searchBudget: number | undefined,
): readonly Setting[] {
	const isReplay = replay !== undefined;
	const hasChoice = !isReplay && variants.length > 1 && failIf.length === 0;
	const maxTokens = config.isMaxTokensAuto ? 'auto' : config.maxTokens;
	// As a flag it would replace the variants' own.
	const isOfVariants = hasOwnMaxTokens(variants) && maxTokens !== 'auto';
	return [
		['load', isReplay ? null : load.shape],
		['requests', searchBudget ?? load.requests],
		['early-stop', hasChoice && isEliminating === false ? false : null],
		['duration', load.durationMs === null ? null : durationText(load.durationMs)],
		['concurrency', isReplay ? null : load.concurrency],
		['rate', isReplay ? null : load.ratePerMinute],
		['max-tokens', isReplay || isOfVariants ? null : maxTokens],
	];
}

/** A ledger with a user or a password stays in the environment, which the command finds again. */
function ledgerSettings(ledger: RunConfig['ledger']): readonly Setting[] {
	const {user, password} = ledger?.address ?? {};
	return ledger === undefined || user !== undefined || password !== undefined
		? []
		: [
				['ledger', ledger.name],
				['ledger-down', ledger.whenLost],
				['members', ledger.members],
			];
}

const durationText = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);

function serviceLevelText({timeToFirstTokenMs, totalMs}: ServiceLevel): string {
	return [
		...(timeToFirstTokenMs === undefined ? [] : [`ttft=${durationText(timeToFirstTokenMs)}`]),
		...(totalMs === undefined ? [] : [`total=${durationText(totalMs)}`]),
	].join(',');
}

/** A flag as it is typed. */
function wordsOf([name, value]: Setting): readonly string[] {
	if (value === null || value === undefined) {
		return [];
	}
	if (typeof value === 'boolean') {
		return [value ? `--${name}` : `--no-${name}`];
	}
	const flag = name === 'model' ? '-m' : `--${name}`;
	const text = String(value);
	// A value that begins like a flag.
	return text.startsWith('-') && text !== '-' ? [`--${name}=${text}`] : [flag, text];
}

/** Flags that answer a question, or say where output goes and what it looks like: not what is done. */
const notRepeated: ReadonlySet<FlagName> = new Set<FlagName>([
	'yes',
	'dry-run',
	'out',
	'force',
	'reports',
	'answers',
	'csv',
	'json',
	'html',
	'markdown',
	'junit',
	'resume',
	'plain',
	'theme',
	'mouse',
	'bell',
	'screen',
	'log-file',
	'alert',
	'alert-url',
	'new-secret',
	'refresh',
	'color',
	'ascii',
	'debug',
	'help',
	'version',
]);

/** Flags of a ledger whose URL has a user or a password. */
const ofLedger: ReadonlySet<FlagName> = new Set<FlagName>(['ledger', 'ledger-down', 'members']);

/**
 * The words that repeat what a command was typed to do, after the name of the program.
 * @param found Flags that were not typed, with the values that were found for them.
 */
export function wordsAsTyped(
	{command, words, program, flags}: Arguments,
	found: ReadonlyArray<readonly [name: FlagName, value: string | number | undefined]> = [],
): readonly string[] {
	const isSecret = (flags.typed('ledger').at(-1) ?? '').includes('@');
	const values = flagTable.flatMap(({name, kind}): readonly string[] => {
		const typed = flags.typed(name);
		if (notRepeated.has(name) || (isSecret && ofLedger.has(name))) {
			return [];
		}
		return typed.length === 0
			? found.filter(([each]) => each === name).flatMap(wordsOf)
			: typed.flatMap((value) =>
					kind === 'boolean'
						? wordsOf([name, value === 'true'])
						: kind === 'optional'
							? [value === '' ? `--${name}` : `--${name}=${value}`]
							: wordsOf([name, value]),
				);
	});
	return [command.name, ...words, ...values, ...(program.length === 0 ? [] : ['--', ...program])];
}
