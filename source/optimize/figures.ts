import {existsSync} from 'node:fs';
import {copyFile, mkdir} from 'node:fs/promises';
import path from 'node:path';
import {isMap, parseDocument} from 'yaml';
import {findPreset} from '../config/preset-files.ts';
import {builtInVariantNames} from '../config/preset-variants.ts';
import type {OptimizeFigures} from '../domain/figures-schema.ts';
import type {Variant} from '../domain/task.ts';
import {itemsForMargin} from '../metrics/statistics/intervals.ts';
import {formatCount, formatPercent} from '../text/numbers.ts';
import {privateFolderMode, writeAtomically} from '../text/private-file.ts';
import type {Outcomes} from './outcomes.ts';
import {frontAmong, type Proof, standingOn} from './race.ts';
import type {OptimizeSetup, OptimizeState} from './state.ts';

/** An optimisation as results and views have it, at any time of it. */

/** More items than this are not suggested. */
const maxItems = 20_000;

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Points of a share: 4.2. */
const points = (share: number): string => `${(Math.abs(share) * 100).toFixed(1)} points`;

/** Whether a proof holds. */
export function isProven(proof: Proof | undefined): boolean {
	return proof !== undefined ? proof.isAsGood && proof.isSaving : false;
}

/** Held-out items that would prove it, if all figures stay as they are; undefined where no number would. */
const itemsThatProve = (
	{items, difference, saving, counts, isAsGood, isSaving}: Proof,
	margin: number,
	minSaving: number,
): number | undefined => {
	const differing = (counts.gained + counts.lost + 1) / (items + 2);
	const room = margin + difference.mean;
	const forQuality = isAsGood ? items : room <= 0 ? undefined : itemsForMargin(room, differing);
	const half = saving.mean - saving.low;
	const gain = saving.mean - minSaving;
	const forSaving = isSaving
		? items
		: gain <= 0 || !Number.isFinite(half)
			? undefined
			: Math.ceil(items * (half / gain) ** 2);
	const needed =
		forQuality === undefined || forSaving === undefined
			? undefined
			: Math.max(forQuality, forSaving, items + 1);
	return needed === undefined || needed > maxItems ? undefined : needed;
};

const boundText = (
	{low, high}: {readonly low: number | null; readonly high: number | null},
	format: (value: number) => string,
): string => (low === null || high === null ? '' : ` (${format(low)} to ${format(high)})`);

/** The verdict and what would prove more, in words. */
const wordsOf = (
	{chosen, proof, endedBy, candidates, rounds}: OptimizeState,
	{bar: {margin, minSaving}, baseline, rounds: planned}: OptimizeSetup,
): Pick<OptimizeFigures, 'verdict' | 'next'> => {
	const none = 'No rewrite is proven';
	if (proof !== undefined && chosen != null) {
		const percent = (value: number): string => formatPercent(value);
		const saved = `${formatPercent(proof.saving.mean)}${boundText({low: finite(proof.saving.low), high: finite(proof.saving.high)}, percent)}`;
		const signed = (value: number): string => `${value < 0 ? '-' : '+'}${points(value)}`;
		const quality = `${signed(proof.difference.mean)} useful (${signed(proof.difference.low)} to ${signed(proof.difference.high)}), margin ${points(margin)}`;
		const facts = `${saved} fewer quota tokens per useful item than ${baseline.name}, ${quality}, on ${formatCount(proof.items)} held-out items`;
		if (isProven(proof)) {
			return {verdict: `Use ${chosen.name}: ${facts}.`, next: null};
		}
		const why = [
			...(proof.isAsGood ? [] : ['its answers may be worse than the margin allows']),
			...(proof.isSaving
				? []
				: [minSaving > 0 ? `it may save less than ${formatPercent(minSaving)}` : 'it may save nothing']),
		];
		const needed = itemsThatProve(proof, margin, minSaving);
		return {
			verdict: `${none}: of ${chosen.name} ${why.join(', and ')}: ${facts}.`,
			next:
				needed === undefined
					? null
					: `About ${formatCount(needed)} held-out items would prove it (${formatCount(Math.ceil(needed / 0.4))} items in all), if the figures stay as they are.`,
		};
	}
	if (endedBy !== undefined) {
		return {
			verdict: `${none}: it ended before the held-out items, because ${endedBy}.`,
			next: 'Continue with --resume, with more --requests or a higher --max-cost where they were used up.',
		};
	}
	if (chosen === null) {
		const offered =
			candidates.length === 0
				? 'there was nothing to try'
				: `none of ${formatCount(candidates.length)} promised a saving at the same quality`;
		return {verdict: `${none}: ${offered}. Held-out items were not asked.`, next: null};
	}
	return {
		verdict: `Round ${formatCount(Math.max(1, rounds.length))} of ${formatCount(planned)}: nothing is proven yet.`,
		next: null,
	};
};

/** @param rewriter Model that writes. */
export function optimizeFigures(
	setup: OptimizeSetup,
	state: OptimizeState,
	outcomes: Outcomes,
	{rewriter, seed}: {readonly rewriter: string; readonly seed: number},
): OptimizeFigures {
	const {split, baseline, bar, budget} = setup;
	const {chosen, proof, model, rewriter: byRewriter} = state;
	const names = [baseline.name, ...state.candidates.map(({variant}) => variant.name)];
	const most = Math.max(
		0,
		...state.candidates.map(({variant}) => standingOn(outcomes, variant.name, split.select).items),
	);
	const measured = names.filter((name) => standingOn(outcomes, name, split.select).items * 2 >= most);
	const variantOf = (name: string | null) =>
		state.candidates.find(({variant}) => variant.name === name)?.variant ?? baseline;
	return {
		baseline: baseline.name,
		rewriter,
		margin: bar.margin,
		minSaving: bar.minSaving,
		split: {seed, ...split},
		budget,
		spend: {model, rewriter: byRewriter},
		rounds: state.rounds.map(({number, parents, candidates, rungs, left}) => ({
			round: number,
			parents,
			candidates,
			rungs,
			left,
		})),
		candidates: state.candidates.map(({variant: {name}, parent, kind, round}) => {
			const {items, usefulRate, quotaTokensPerUseful} = standingOn(outcomes, name, split.select);
			return {
				name,
				parent,
				kind,
				round,
				items,
				usefulRate,
				quotaTokensPerUseful,
				out: state.out[name] ?? null,
			};
		}),
		front: frontAmong(outcomes, measured, split.select).map(({name}) => name),
		dropped: state.dropped,
		heldOut:
			proof === undefined || chosen == null
				? null
				: {
						candidate: chosen.name,
						items: proof.items,
						difference: proof.difference,
						saving: {mean: proof.saving.mean, low: finite(proof.saving.low), high: finite(proof.saving.high)},
						margin: bar.margin,
						isProven: isProven(proof),
					},
		rewrites: state.candidates.flatMap(({variant, parent, kind, why}) =>
			parent === null
				? []
				: [
						{
							name: variant.name,
							parent,
							kind,
							why: why ?? null,
							diff: variantDiff(variantOf(parent), variant),
						},
					],
		),
		...wordsOf(state, setup),
	};
}

/** The preset with a proven variant: a copy beside the results; the preset itself stays as it is. */

/** A variant as a preset has it: only what it sets. */
const entryOf = (
	{name, instruction, system, maxTokens, stop, parameters, itemsPerRequest, cache, compress}: Variant,
	hasSystem: boolean,
): Readonly<Record<string, unknown>> => ({
	name,
	instruction,
	// An empty one keeps that of the preset away.
	...(system === undefined ? (hasSystem ? {system: ''} : {}) : {system}),
	...(maxTokens === undefined ? {} : {maxTokens}),
	...(stop.length === 0 ? {} : {stop}),
	...(Object.keys(parameters).length === 0 ? {} : {parameters}),
	...(itemsPerRequest === 1 ? {} : {itemsPerRequest}),
	...(cache ? {cache} : {}),
	...(compress.length === 0 ? {} : {compress}),
});

/** The text of a preset with one more variant; comments and order stay. */
export function withVariant(text: string, variant: Variant): string {
	const document = parseDocument(text);
	if (document.get('variants') === undefined) {
		// Without variants of its own a preset has the built-in ones, which one of its own would replace.
		document.set('variants', document.createNode([...builtInVariantNames]));
	}
	document.addIn(['variants'], document.createNode(entryOf(variant, document.has('system'))));
	return document.toString({lineWidth: 0});
}

/** The first name that no file has. */
const freeFile = (folder: string, name: string, extension: string): string => {
	for (let number = 1; ; number++) {
		const file = path.join(folder, `${name}${number === 1 ? '' : `-${number}`}${extension}`);
		if (!existsSync(file)) {
			return file;
		}
	}
};

/**
 * Writes the preset with the variant into a folder, and the file of its items beside it.
 * @param nameOrPath Of the preset.
 * @returns The files.
 */
export async function writeOptimizedPreset(
	nameOrPath: string,
	folder: string,
	variant: Variant,
): Promise<readonly string[]> {
	const source = findPreset(nameOrPath);
	const document = parseDocument(source.text);
	const items = document.get('items');
	const itemsFile = isMap(items) ? items.get('file') : undefined;
	const name = path.basename(source.file).replace(/\.ya?ml$/, '');
	await mkdir(folder, {recursive: true, mode: privateFolderMode});
	const file = freeFile(folder, `${name}-optimized`, '.yaml');
	await writeAtomically(file, withVariant(source.text, variant));
	if (typeof itemsFile !== 'string') {
		return [file];
	}
	const copy = path.join(folder, itemsFile);
	if (!existsSync(copy)) {
		await mkdir(path.dirname(copy), {recursive: true, mode: privateFolderMode});
		await copyFile(path.join(source.folder, itemsFile), copy);
	}
	return [file, copy];
}

/** Two versions of a variant, line by line, as people read it. */

/** Lines in common, longest first (the usual table; prompts are short). */
const commonOf = (one: readonly string[], other: readonly string[]): readonly (readonly number[])[] => {
	const table = Array.from({length: one.length + 1}, () => new Array<number>(other.length + 1).fill(0));
	for (let row = one.length - 1; row >= 0; row--) {
		for (let column = other.length - 1; column >= 0; column--) {
			const [here = [], below = []] = [table[row], table[row + 1]];
			here[column] =
				one[row] === other[column]
					? (below[column + 1] ?? 0) + 1
					: Math.max(below[column] ?? 0, here[column + 1] ?? 0);
		}
	}
	return table;
};

/** Removed lines begin with `-`, added ones with `+`, kept ones with a blank. */
const diffLines = (one: readonly string[], other: readonly string[]): readonly string[] => {
	const table = commonOf(one, other);
	const lines: string[] = [];
	let [row, column] = [0, 0];
	while (row < one.length || column < other.length) {
		if (row < one.length && column < other.length && one[row] === other[column]) {
			lines.push(`  ${one[row]}`);
			row++;
			column++;
		} else if (
			column >= other.length ||
			(row < one.length && (table[row + 1]?.[column] ?? 0) >= (table[row]?.[column + 1] ?? 0))
		) {
			lines.push(`- ${one[row]}`);
			row++;
		} else {
			lines.push(`+ ${other[column]}`);
			column++;
		}
	}
	return lines;
};

const linesOf = (text: string | undefined): readonly string[] => (text === undefined ? [] : text.split('\n'));

/** What a variant sets beside its texts. */
const settingsOf = ({maxTokens, stop, itemsPerRequest, cache, compress}: Variant): readonly string[] => [
	`max tokens: ${maxTokens ?? 'of the run'}`,
	`stop sequences: ${stop.length === 0 ? 'none' : stop.map((each) => JSON.stringify(each)).join(', ')}`,
	`items per request: ${itemsPerRequest}`,
	`cache: ${cache ? 'on' : 'off'}`,
	`compress: ${compress.length === 0 ? 'none' : compress.join(', ')}`,
];

const section = (title: string, one: readonly string[], other: readonly string[]): readonly string[] => {
	const lines = diffLines(one, other);
	return lines.every((line) => line.startsWith(' ')) ? [] : [title, ...lines];
};

/** What changed from a variant to another: template, system prompt, settings; empty where nothing did. */
export function variantDiff(from: Variant, to: Variant): string {
	return [
		...section('template', linesOf(from.instruction), linesOf(to.instruction)),
		...section('system prompt', linesOf(from.system), linesOf(to.system)),
		...section('settings', settingsOf(from), settingsOf(to)),
	].join('\n');
}
