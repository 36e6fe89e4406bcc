import {methods} from '../domain/backend.ts';
import type {RunConfig} from '../domain/run-config.ts';
import {bursts, goals, policies} from '../domain/run-spec.ts';
import {UserError} from '../domain/user-error.ts';
import type {Check} from '../domain/variant.ts';
import {bounds} from './bounds.ts';
import {defaults} from './defaults.ts';
import {type LoadedPreset, loadPreset} from './load-preset.ts';
import type {FlagValues} from './parse-arguments.ts';
import {chatOf} from './preset-chat.ts';
import {shippedNames} from './preset-files.ts';
import {resolveVariants} from './preset-variants.ts';
import {resolveConnection, resolveOverride, resolveTier} from './resolve-account.ts';
import {resolveLanes} from './resolve-lanes.ts';
import {resolveLoad} from './resolve-load.ts';
import {readServiceLevel} from './service-level.ts';
import {textArgument} from './text-argument.ts';
import {readChoice, readInteger, readNumber} from './values.ts';

const pick = <T>(text: string | undefined, read: (text: string) => T): T | undefined =>
	text === undefined ? undefined : read(text);

const readMethod = (text: string): RunConfig['method'] => {
	if (text === 'batch') {
		throw new UserError('--method batch: batch jobs are not answered within a run.', {
			exitCode: 2,
			hint: 'Use the command: bedrock-top batch <preset>.',
		});
	}
	return readChoice('method', text, methods);
};

/** A run must have something to do: a preset, or a task from the command line. */
const assertTask = (text: string | undefined): string => {
	if (text === undefined || text.trim() === '') {
		throw new UserError(text === undefined ? 'There is nothing to run.' : `--task: "${text}" is empty.`, {
			exitCode: 2,
			hint: `Name a preset (${shippedNames().join(', ')}, or a path), or give --task TEXT.`,
		});
	}
	return text;
};

const readMaxTokens = (
	text: string | undefined,
	preset: number | undefined,
): {maxTokens: number; isMaxTokensAuto: boolean} =>
	text === undefined || text === 'auto'
		? {maxTokens: preset ?? defaults.maxTokens, isMaxTokensAuto: text === 'auto'}
		: {maxTokens: readInteger('max-tokens', text, bounds.maxTokens), isMaxTokensAuto: false};

/** @returns USD; null for `none`: no limit. */
const readMaxCost = (text: string | undefined): number | null => {
	if (text === undefined) {
		return defaults.maxCostUsd;
	}
	return text === 'none' ? null : readNumber('max-cost', text, {min: 0, max: 1_000_000, or: 'none'});
};

/** A number that was typed takes the place of what variants say of their own, and the plan says so. */
const underTypedMaxTokens = (
	variants: RunConfig['variants'],
	typed: string | undefined,
): {readonly variants: RunConfig['variants']; readonly remarks: readonly string[]} => {
	if (typed === undefined || typed === 'auto') {
		return {variants, remarks: []};
	}
	const own = variants.filter(({maxTokens}) => maxTokens !== undefined && String(maxTokens) !== typed);
	const names = own.map(({name, maxTokens}) => `${name} ${maxTokens}`).join(', ');
	return {
		variants: variants.map((variant) => ({...variant, maxTokens: undefined})),
		remarks: names === '' ? [] : [`--max-tokens ${typed} takes the place of the variants' own (${names}).`],
	};
};

/** What stops a run, and what it may cost. */
export const readGuards = (flags: FlagValues): RunConfig['guards'] => ({
	maxRequests:
		pick(flags.text('max-requests'), (text) => readInteger('max-requests', text, bounds.requests)) ?? null,
	maxCostUsd: readMaxCost(flags.text('max-cost')),
	isMaxCostGiven: flags.text('max-cost') !== undefined,
	isConfirmed: flags.isSet('yes') ?? false,
});

/** Whether the run is about choosing: a condition on the figures of every variant is not. */
const isChoosing = (variants: RunConfig['variants'], flags: FlagValues): boolean =>
	variants.length > 1 && flags.texts('fail-if').length === 0;

/**
 * Puts preset, flags and defaults together into one checked configuration: flag over preset over default.
 * @param given Shipped name or path, or a preset that was read already; undefined for a run from `--task` alone.
 * @throws UserError (exit 2) that quotes the offending value.
 */
export const resolveRun = async (
	given: string | LoadedPreset | undefined,
	flags: FlagValues,
	readStdin: () => Promise<string>,
): Promise<RunConfig> => {
	const loaded = typeof given === 'string' ? loadPreset(given) : given;
	const preset = loaded?.preset;
	const {text} = flags;
	const content = await textArgument(text('content'), readStdin);
	const typedModels = flags.texts('model');
	const models = [...new Set(typedModels.length === 0 ? (preset?.models ?? []) : typedModels)];
	const chosen = resolveVariants(
		preset,
		text('variants')
			?.split(',')
			.map((name) => name.trim()),
	);
	const {variants, remarks} = underTypedMaxTokens(chosen, text('max-tokens'));
	// Content from the command line takes the place of what the preset works on.
	const input = content === undefined && loaded !== undefined ? loaded : {items: [], remarks: []};
	const hasChoice = isChoosing(variants, flags);
	return {
		preset: preset?.name ?? null,
		task: {
			task: assertTask((await textArgument(text('task'), readStdin)) ?? preset?.task),
			content: content ?? preset?.content,
			items: input.items,
			checks: (preset?.checks ?? []) as readonly Check[],
			chat: chatOf(preset),
		},
		remarks: [...input.remarks, ...remarks],
		variants,
		models,
		connection: resolveConnection(flags, models),
		override: resolveOverride(flags),
		method: pick(text('method'), readMethod) ?? preset?.method ?? defaults.method,
		isMethodTyped: text('method') !== undefined,
		load: resolveLoad(flags, preset?.load, hasChoice),
		lanes: resolveLanes(loaded, variants),
		goal: pick(text('goal'), (goal) => readChoice('goal', goal, goals)) ?? preset?.goal ?? defaults.goal,
		policy:
			pick(text('policy'), (policy) => readChoice('policy', policy, policies)) ??
			preset?.policy ??
			defaults.policy,
		burst:
			pick(text('burst'), (burst) => readChoice('burst', burst, bursts)) ?? preset?.burst ?? defaults.burst,
		share:
			pick(text('share'), (share) => readNumber('share', share, bounds.share)) ??
			preset?.share ??
			defaults.share,
		isBalanced: flags.isSet('balance') ?? false,
		...readMaxTokens(text('max-tokens'), preset?.maxTokens),
		minQuality: preset?.minQuality ?? null,
		isEliminating: hasChoice && (flags.isSet('early-stop') ?? true),
		serviceLevel: readServiceLevel(text('slo')),
		guards: readGuards(flags),
		tier: resolveTier(flags),
		seed:
			pick(text('seed'), (seed) => readInteger('seed', seed, {min: 0, max: 2 ** 31})) ??
			preset?.seed ??
			defaults.seed,
		isRefreshing: flags.isSet('refresh') ?? false,
	};
};
