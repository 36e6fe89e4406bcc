import {methods} from '../domain/backend.ts';
import type {Lane} from '../domain/bucket-usage.ts';
import {
	bursts,
	goals,
	type LaneConfig,
	type Load,
	loadShapes,
	policies,
	type RunConfig,
	type RunOrigin,
} from '../domain/run-config.ts';
import {type Check, typicalOf, type Variant} from '../domain/task.ts';
import {UserError} from '../domain/user-error.ts';
import {bounds, defaults} from './defaults.ts';
import type {TextFlag} from './flags.ts';
import {textArgument} from './input/text-file.ts';
import {type LoadedPreset, loadPreset} from './load-preset.ts';
import type {FlagValues} from './parse-arguments.ts';
import {faultAt, type ParsedPreset} from './parse-preset.ts';
import {shippedNames} from './preset-files.ts';
import type {Preset} from './preset-schema.ts';
import {chatOf, resolveVariants} from './preset-variants.ts';
import {readReplay, recordedVariant, variantForReplay} from './recording.ts';
import {resolveConnection, resolveOverride, resolveTier} from './resolve-account.ts';
import {resolveLedger} from './resolve-ledger.ts';
import {
	readChoice,
	readDurationMs,
	readInteger,
	readMaxCost,
	readNumber,
	readServiceLevel,
} from './values.ts';

/** Reads a value where one was typed. */
const ifTyped = <T>(text: string | undefined, read: (text: string) => T): T | undefined =>
	text === undefined ? undefined : read(text);

/** The value of a setting: flag over preset over the user's configuration. */
const chosen = <T>(
	flags: FlagValues,
	name: TextFlag,
	read: (text: string) => T,
	ofPreset: T | undefined,
	fallback: T,
): T => ifTyped(flags.text(name), read) ?? ofPreset ?? ifTyped(flags.afterPreset(name)[0], read) ?? fallback;

/** Default of `--requests`, per variant: fewer where there is nothing to choose. */
const defaultRequests = (hasChoice: boolean): number =>
	hasChoice ? defaults.requestsPerVariant : defaults.requestsWithoutChoice;

/**
 * The load: flag over preset over default.
 * @param hasChoice Whether the run chooses among variants: then the number of requests is only an upper bound.
 * @throws UserError (exit 2) for a bad value, or a `rate` load without a rate.
 */
export function resolveLoad(flags: FlagValues, preset: Preset['load'], hasChoice = true): Load {
	const shape = chosen(flags, 'load', readShape, preset?.shape, defaults.loadShape);
	const isMeasure = shape === 'measure';
	// Requests and duration of a preset belong to its own shape: 20 per variant would not be enough to saturate a quota.
	const own = preset !== undefined && (preset.shape ?? defaults.loadShape) === shape ? preset : undefined;
	const ratePerMinute = chosen<number | null>(
		flags,
		'rate',
		(text) => readNumber('rate', text, bounds.rate),
		preset?.ratePerMinute,
		null,
	);
	if (shape === 'rate' && ratePerMinute === null) {
		throw new UserError('--load rate needs --rate N (requests per minute).', {
			exitCode: 2,
			hint: 'For example: --load rate --rate 120.',
		});
	}
	const requests = chosen<number | null>(
		flags,
		'requests',
		(text) => readInteger('requests', text, bounds.requests),
		own?.requests,
		isMeasure ? defaultRequests(hasChoice) : null,
	);
	const readDuration = (text: string) => readDurationMs('duration', text);
	const ownDuration = own?.duration === undefined ? undefined : readDuration(String(own.duration));
	const durationMs = chosen<number | null>(
		flags,
		'duration',
		readDuration,
		ownDuration,
		isMeasure || (shape === 'serial' && requests !== null) ? null : defaults.durationMs,
	);
	return {
		shape,
		requests,
		durationMs,
		concurrency: chosen(
			flags,
			'concurrency',
			(text) => readInteger('concurrency', text, bounds.concurrency),
			preset?.concurrency,
			defaults.concurrency,
		),
		ratePerMinute: shape === 'rate' ? ratePerMinute : null,
		arrival: preset?.arrival ?? 'constant',
		warmUpRequests: preset?.warmUp ?? 0,
		rampUpMs: preset?.rampUp === undefined ? 0 : readDurationMs('load.rampUp', String(preset.rampUp)),
	};
}

const readShape = (text: string): Load['shape'] => {
	if (text === 'replay') {
		throw new UserError('--load replay: a replay needs its recording.', {
			exitCode: 2,
			hint: 'Write --replay FILE instead.',
		});
	}
	return readChoice('load', text, loadShapes);
};

/** A recording says when its requests are sent; a number or a time may still end it. */
const replayLoad = (flags: FlagValues, load: Load): Load => ({
	...load,
	shape: 'replay',
	requests: flags.text('requests') === undefined ? null : load.requests,
	durationMs: flags.text('duration') === undefined ? null : load.durationMs,
	ratePerMinute: null,
	warmUpRequests: 0,
	rampUpMs: 0,
});

/** The lane of variants that no lane names. */
const defaultLane: Lane = 'normal';

/**
 * The lanes of a run; none where the preset has none. A variant that no lane names runs in `normal`.
 * @param variants Of the run.
 * @throws UserError (exit 2) with file and line, for a lane with a variant that is not run.
 */
export function resolveLanes(
	parsed: ParsedPreset | undefined,
	variants: readonly Variant[],
): readonly LaneConfig[] {
	const given = parsed?.preset.lanes;
	if (parsed === undefined || given === undefined) {
		return [];
	}
	const names = variants.map(({name}) => name);
	const own = Object.entries(given).map(([lane, config]): LaneConfig => {
		const unknown = config.variants.findIndex((name) => !names.includes(name));
		if (unknown !== -1) {
			throw faultAt(
				parsed,
				['lanes', lane, 'variants', unknown],
				`lane "${lane}" names the variant "${config.variants[unknown]}", which is not run.`,
				`Variants of this run: ${names.join(', ')}.`,
			);
		}
		return {lane: lane as Lane, variants: config.variants, ratePerMinute: config.ratePerMinute ?? null};
	});
	const rest = names.filter((name) => !own.some((lane) => lane.variants.includes(name)));
	if (rest.length === 0) {
		return own;
	}
	const normal = own.find(({lane}) => lane === defaultLane);
	return [
		...own.filter((lane) => lane !== normal),
		{
			lane: defaultLane,
			variants: [...(normal?.variants ?? []), ...rest],
			ratePerMinute: normal?.ratePerMinute ?? null,
		},
	];
}

const readMethod = (text: string): RunConfig['method'] => {
	if (text === 'batch') {
		throw new UserError('--method batch: a run cannot wait for batch jobs.', {
			exitCode: 2,
			hint: 'Use the command: bedrock-top batch <preset>.',
		});
	}
	return readChoice('method', text, methods);
};

/** A run needs a task, from a preset or the command line. @throws UserError (exit 2). */
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

/** A typed number replaces the variants' own, and the plan says so. */
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
		remarks: names === '' ? [] : [`--max-tokens ${typed} replaces the variants' own (${names}).`],
	};
};

/** The limits that stop a run. */
export function readGuards(flags: FlagValues): RunConfig['guards'] {
	return {
		maxRequests:
			ifTyped(flags.text('max-requests'), (text) => readInteger('max-requests', text, bounds.requests)) ??
			null,
		maxCostUsd: readMaxCost(flags.text('max-cost')),
		isMaxCostGiven: flags.text('max-cost') !== undefined,
		isConfirmed: flags.isSet('yes') ?? false,
	};
}

/** Whether the run chooses among variants: with `--fail-if` all of them are measured. */
const isChoosing = (variants: RunConfig['variants'], flags: FlagValues): boolean =>
	variants.length > 1 && flags.texts('fail-if').length === 0;

/** Models as typed, else those of the recording or the preset, else the user's own default; each once. */
const modelsOf = (flags: FlagValues, given: readonly string[] | undefined): readonly string[] => {
	const typed = flags.texts('model');
	return [...new Set(typed.length === 0 ? (given ?? flags.afterPreset('model')) : typed)];
};

const typedVariantsOf = ({text}: FlagValues): readonly string[] | undefined =>
	text('variants')
		?.split(',')
		.map((name) => name.trim());

/** What a preset asks for; a recording has only sizes. */
const taskOf = (preset: Preset | undefined, replay: object | undefined): string | undefined =>
	preset?.task ?? (replay === undefined ? undefined : 'Replay of a recording');

/** A recording has no answers that checks could hold. */
const checksOf = (preset: Preset | undefined, replay: object | undefined): readonly Check[] =>
	(replay === undefined ? (preset?.checks ?? []) : []) as readonly Check[];

/** The load as typed, or that of a recording. */
const loadOf = (flags: FlagValues, load: Load, replay: object | undefined): Load =>
	replay === undefined ? load : replayLoad(flags, load);

const noInput = {items: [], remarks: []};

const originOf = (given: string | LoadedPreset | undefined, {text, texts}: FlagValues): RunOrigin => {
	const replay = text('replay');
	return {
		preset: typeof given === 'string' ? given : given?.file,
		task: text('task'),
		content: text('content'),
		replay: replay === undefined ? undefined : {file: replay, speed: text('speed')},
		failIf: texts('fail-if'),
	};
};

/** The variants as a recording sends them; without any it is one variant of its own. */
const variantsOfReplay = (preset: Preset | undefined, typed: readonly string[] | undefined) =>
	preset?.variants === undefined && typed === undefined
		? [variantForReplay(recordedVariant)]
		: resolveVariants(preset, typed).map(variantForReplay);

/**
 * Merges flags, preset and defaults into one checked configuration: flag over preset over default.
 * @param given Shipped name or path, or a preset that was read already; undefined for a run from `--task` alone.
 * @throws UserError (exit 2) that quotes the offending value.
 */
export async function resolveRun(
	given: string | LoadedPreset | undefined,
	flags: FlagValues,
	readStdin: () => Promise<string>,
): Promise<RunConfig> {
	const loaded = typeof given === 'string' ? loadPreset(given) : given;
	const preset = loaded?.preset;
	const {text} = flags;
	const content = await textArgument(text('content'), readStdin);
	const replay = readReplay(flags, preset);
	const models = modelsOf(flags, replay?.models ?? preset?.models);
	const typedVariants = typedVariantsOf(flags);
	const selected =
		replay === undefined ? resolveVariants(preset, typedVariants) : variantsOfReplay(preset, typedVariants);
	const {variants, remarks} = underTypedMaxTokens(selected, text('max-tokens'));
	// Content from the command line, and a recording, replace the preset's items.
	const input = replay ?? (content === undefined ? (loaded ?? noInput) : noInput);
	const hasChoice = isChoosing(variants, flags);
	const load = resolveLoad(flags, preset?.load, hasChoice);
	return {
		preset: preset?.name ?? null,
		origin: originOf(given, flags),
		task: {
			task: assertTask((await textArgument(text('task'), readStdin)) ?? taskOf(preset, replay)),
			content: content ?? preset?.content,
			items: 'items' in input ? input.items : [],
			checks: checksOf(preset, replay),
			expectedIn: preset?.expectedIn,
			recorded: replay?.recorded,
			chat: chatOf(preset),
		},
		remarks: [...input.remarks, ...remarks],
		variants,
		models,
		connection: resolveConnection(flags, models),
		ledger: resolveLedger(flags),
		override: resolveOverride(flags),
		method: chosen(flags, 'method', readMethod, preset?.method, defaults.method),
		isMethodTyped: text('method') !== undefined,
		load: loadOf(flags, load, replay),
		lanes: resolveLanes(loaded, variants),
		goal: chosen(flags, 'goal', (goal) => readChoice('goal', goal, goals), preset?.goal, defaults.goal),
		policy: chosen(
			flags,
			'policy',
			(policy) => readChoice('policy', policy, policies),
			preset?.policy,
			defaults.policy,
		),
		burst: chosen(
			flags,
			'burst',
			(burst) => readChoice('burst', burst, bursts),
			preset?.burst,
			defaults.burst,
		),
		share: chosen(
			flags,
			'share',
			(share) => readNumber('share', share, bounds.share),
			preset?.share,
			defaults.share,
		),
		isBalanced: flags.isSet('balance') ?? false,
		...(replay === undefined
			? readMaxTokens(
					text('max-tokens') ??
						(preset?.maxTokens === undefined ? flags.afterPreset('max-tokens')[0] : undefined),
					preset?.maxTokens,
				)
			: {maxTokens: typicalOf(replay.recorded).outputTokens, isMaxTokensAuto: false}),
		minQuality: replay === undefined ? (preset?.minQuality ?? null) : null,
		isEliminating: replay === undefined && hasChoice && (flags.isSet('early-stop') ?? true),
		serviceLevel: readServiceLevel(text('slo')),
		guards: readGuards(flags),
		tier: resolveTier(flags),
		seed: chosen(
			flags,
			'seed',
			(seed) => readInteger('seed', seed, {min: 0, max: 2 ** 31}),
			preset?.seed,
			defaults.seed,
		),
		isRefreshing: flags.isSet('refresh') ?? false,
	};
}
