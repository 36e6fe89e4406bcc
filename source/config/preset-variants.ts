import type {Variant} from '../domain/task.ts';
import {UserError} from '../domain/user-error.ts';
import {builtInVariant, builtInVariantNames} from '../prompts/built-in-variants.ts';
import {didYouMean} from '../text/nearest-name.ts';
import type {Preset} from './preset-schema.ts';

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
