import type {Lane} from '../domain/bucket-usage.ts';
import type {Chat, Variant} from '../domain/task.ts';
import {UserError} from '../domain/user-error.ts';
import {placeholdersOf} from '../prompts/compose.ts';
import {didYouMean} from '../text/nearest-name.ts';
import {faultAt, type ParsedPreset} from './parse-preset.ts';
import type {Preset} from './preset-schema.ts';

/** A built-in variant adds a style as system prompt, and an instruction after the task. */
type Style = {readonly name: string; readonly system: string | undefined; readonly wish: string | undefined};

const styles: readonly Style[] = [
	{
		name: 'detailed',
		system: 'You are a careful expert. Give a thorough answer that covers everything of relevance.',
		wish: 'Be thorough: cover every point of relevance, explain your reasons, and name details and exceptions.',
	},
	{
		name: 'concise',
		system: 'You answer briefly and directly.',
		wish: 'Be brief: only what was asked for, without introduction or closing remark.',
	},
	{
		name: 'structured',
		system: 'You work step by step and present the result in a clear structure.',
		wish: 'Work through it in steps, then give the answer under clear headings.',
	},
	{name: 'minimal', system: undefined, wish: undefined},
];

/** Names of the built-in variants, from the longest way to ask to the shortest. */
export const builtInVariantNames: readonly string[] = styles.map((style) => style.name);

/**
 * A built-in variant.
 * @param system The preset's own system prompt; the variant's style follows it.
 * @returns undefined for a name that is not built in.
 */
export function builtInVariant(name: string, system: string | undefined): Variant | undefined {
	const style = styles.find((candidate) => candidate.name === name);
	if (style === undefined) {
		return undefined;
	}
	const systems = [system, style.system].filter((text) => text !== undefined);
	return {
		name,
		instruction: ['{{task}}', style.wish, '{{input}}'].filter((part) => part !== undefined).join('\n\n'),
		system: systems.length === 0 ? undefined : systems.join('\n'),
		maxTokens: undefined,
		stop: [],
		parameters: {},
		itemsPerRequest: 1,
		cache: false,
		compress: [],
	};
}

type VariantConfig = NonNullable<Preset['variants']>[number];

const unknownVariant = (name: string, known: readonly string[]): UserError =>
	new UserError(`"${name}" is not the name of a variant.`, {
		exitCode: 2,
		hint: `${didYouMean(name, known)}Known: ${known.join(', ')}.`,
	});

const variantOf = (config: VariantConfig, system: string | undefined): Variant => {
	if (typeof config === 'string') {
		const variant = builtInVariant(config, system);
		if (variant === undefined) {
			throw unknownVariant(config, builtInVariantNames);
		}
		return variant;
	}
	return {
		name: config.name,
		instruction: config.instruction ?? '{{task}}\n\n{{input}}',
		system: config.system ?? system,
		maxTokens: config.maxTokens,
		stop: config.stop ?? [],
		parameters: config.parameters ?? {},
		itemsPerRequest: config.itemsPerRequest ?? 1,
		cache: config.cache ?? false,
		compress: config.compress ?? [],
	};
};

/**
 * The variants of a run.
 * @param preset Undefined for a run without a preset: the built-in variants.
 * @param chosen Names from `--variants`; undefined for all. Built-in names are always known.
 * @throws UserError (exit 2) for an unknown name.
 */
export function resolveVariants(
	preset: Preset | undefined,
	chosen: readonly string[] | undefined,
): readonly Variant[] {
	const own = (preset?.variants ?? builtInVariantNames).map((config) => variantOf(config, preset?.system));
	const names = own.map(({name}) => name);
	if (chosen === undefined) {
		return own;
	}
	return [...new Set(chosen)].map((name) => {
		const variant = own.find((candidate) => candidate.name === name) ?? builtInVariant(name, preset?.system);
		if (variant === undefined) {
			throw unknownVariant(name, [...new Set([...names, ...builtInVariantNames])]);
		}
		return variant;
	});
}

/** A variant with its own templates, and its index in the preset. */
type OwnVariant = Exclude<NonNullable<Preset['variants']>[number], string> & {readonly index: number};

/** A key of a preset that does not go with its chat. */
type Fault = {readonly path: readonly PropertyKey[]; readonly reason: string; readonly hint: string};

/** Whether a variant runs in a lane. One that no lane names runs in `normal`. */
const isIn = ({lanes}: Preset, lane: Lane, name: string): boolean =>
	lanes?.[lane]?.variants.includes(name) === true ||
	(lane === 'normal' && !Object.values(lanes ?? {}).some(({variants}) => variants.includes(name)));

/** The preset's own variants in the lane of the chat; without a lane, all of them. */
const chatVariants = (preset: Preset): readonly OwnVariant[] =>
	(preset.variants ?? [])
		.flatMap((variant, index) => (typeof variant === 'string' ? [] : [{...variant, index}]))
		.filter(({name}) => preset.chat?.lane === undefined || isIn(preset, preset.chat.lane, name));

const packingFault = (preset: Preset): Fault | undefined => {
	const packed = chatVariants(preset).find(({itemsPerRequest}) => (itemsPerRequest ?? 1) > 1);
	return packed === undefined
		? undefined
		: {
				path: ['variants', packed.index, 'itemsPerRequest'],
				reason: `packing and chat exclude each other: "${packed.name}" packs ${packed.itemsPerRequest} items into a request, a chat has turns instead`,
				hint: 'Remove itemsPerRequest, or move the items to another preset.',
			};
};

/** An instruction without a placeholder for the first turn would never send it. */
const silentFault = (preset: Preset): Fault | undefined => {
	const silent = chatVariants(preset).find(
		({instruction}) =>
			instruction !== undefined &&
			!placeholdersOf(instruction).some((name) => name === 'turn' || name === 'input'),
	);
	return silent === undefined
		? undefined
		: {
				path: ['variants', silent.index, 'name'],
				reason: `the instruction of "${silent.name}" has no placeholder for the first turn of the chat`,
				hint: 'Put {{turn}} into it, or {{input}} for the content and the turn.',
			};
};

const faultOf = (preset: Preset): Fault | undefined => {
	const lane = preset.chat?.lane;
	if (lane !== undefined && preset.lanes?.[lane] === undefined) {
		return {
			path: ['chat'],
			reason: `chat names the lane "${lane}", which the preset does not have`,
			hint: `Say under lanes which variants run in "${lane}".`,
		};
	}
	if (lane === undefined && preset.items !== undefined) {
		return {
			path: ['chat'],
			reason: 'items and chat exclude each other: a conversation takes the place of items',
			hint: 'Remove one of the two, or name a lane for the chat (lane: high).',
		};
	}
	if (lane === undefined && preset.expected !== undefined) {
		return {
			path: ['expected'],
			reason: 'expected belongs to items, and a chat has none',
			hint: 'Remove it; checks apply to the answer of every turn.',
		};
	}
	return packingFault(preset) ?? silentFault(preset);
};

/** @throws UserError (exit 2) with file and line, when a preset with a chat says something that does not go with one. */
export function assertChat(parsed: ParsedPreset): void {
	const fault = parsed.preset.chat === undefined ? undefined : faultOf(parsed.preset);
	if (fault !== undefined) {
		throw faultAt(parsed, fault.path, `${fault.reason}.`, fault.hint);
	}
}

/** The chat of a preset; undefined where it has none. */
export function chatOf(preset: Preset | undefined): Chat | undefined {
	return preset?.chat === undefined
		? undefined
		: {
				turns: preset.chat.turns,
				thinkMs: (preset.chat.thinkSeconds ?? 0) * 1000,
				lane: preset.chat.lane,
			};
}
