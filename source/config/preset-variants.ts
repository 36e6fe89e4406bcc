import type {Variant} from '../domain/task.ts';
import {UserError} from '../domain/user-error.ts';
import {didYouMean} from '../text/nearest-name.ts';
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
