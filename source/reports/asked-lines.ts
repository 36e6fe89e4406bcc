import {z} from 'zod';
import {itemFingerprint, type VariantParts, variantParts} from '../domain/fingerprint.ts';
import type {RunConfig} from '../domain/run-config.ts';

/** asked.jsonl: what each run into a folder was about to ask, by fingerprints; `--resume` says by it what has changed since. */

const lineSchema = z.object({
	run: z.string(),
	/** Index in the preset and fingerprint. */
	items: z.array(z.tuple([z.number(), z.string()])),
	variants: z.record(z.string(), z.record(z.string(), z.string())),
});

export type AskedLine = z.infer<typeof lineSchema>;

/** The parts of each variant, by its name. */
export const partsOf = ({
	variants,
	task,
	maxTokens,
	isMaxTokensAuto,
}: Pick<RunConfig, 'variants' | 'task' | 'maxTokens' | 'isMaxTokensAuto'>): Readonly<
	Record<string, VariantParts>
> =>
	Object.fromEntries(
		variants.map((variant) => [
			variant.name,
			variantParts(variant, task, isMaxTokensAuto ? 'auto' : maxTokens),
		]),
	);

export const askedLine = (run: string, config: RunConfig): string => {
	const line: AskedLine = {
		run,
		items: config.task.items.map((item) => [item.index, itemFingerprint(item)]),
		variants: partsOf(config),
	};
	return `${JSON.stringify(line)}\n`;
};

/** Lines that are damaged are left out: they would only say more of what has changed. */
export const readAskedLines = (text: string): readonly AskedLine[] =>
	text.split('\n').flatMap((line) => {
		try {
			return [lineSchema.parse(JSON.parse(line))];
		} catch {
			return [];
		}
	});
