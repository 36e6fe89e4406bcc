import {type Distribution, variantSchema} from '../domain/figures-schema.ts';
import {UserError} from '../domain/user-error.ts';
import {minSamples, percentileBounds} from '../metrics/statistics/intervals.ts';
import type {Results} from './results-schema.ts';

/** Conditions of `--fail-if` on the figures of a run: `quality.low<0.8`, `terse:items.useful<10`. */

const operators = {
	'<=': (a: number, b: number): boolean => a <= b,
	'>=': (a: number, b: number): boolean => a >= b,
	'==': (a: number, b: number): boolean => a === b,
	'!=': (a: number, b: number): boolean => a !== b,
	'<': (a: number, b: number): boolean => a < b,
	'>': (a: number, b: number): boolean => a > b,
} as const;
type Operator = keyof typeof operators;

export type Condition = {
	/** As typed. */
	readonly text: string;
	/** Undefined: any variant. */
	readonly variant: string | undefined;
	/** Keys into a variant of the results. */
	readonly path: readonly string[];
	readonly operator: Operator;
	readonly bound: number;
};

type Shape = {shape?: Record<string, Shape>; valueType?: Shape; unwrap?: () => Shape; def?: {type: string}};

/** Whether a path leads to a number in the schema of a variant; records (stop reasons, classes) take any key. */
const leadsToNumber = (schema: Shape, path: readonly string[]): boolean => {
	const [key, ...rest] = path;
	if (schema.def?.type === 'nullable' || schema.def?.type === 'optional') {
		return leadsToNumber(schema.unwrap?.() ?? {}, path);
	}
	if (key === undefined) {
		return schema.def?.type === 'number';
	}
	const next = schema.shape?.[key] ?? schema.valueType;
	return next !== undefined && leadsToNumber(next, rest);
};

/** Whether anything below a part of the schema is a number. */
const holdsNumber = (schema: Shape): boolean => {
	switch (schema.def?.type) {
		case 'number':
			return true;
		case 'nullable':
		case 'optional':
			return holdsNumber(schema.unwrap?.() ?? {});
		default: {
			const {shape = {}, valueType} = schema;
			return [...Object.values(shape), ...(valueType === undefined ? [] : [valueType])].some(holdsNumber);
		}
	}
};

/** Useful items are called requests, too. */
const aliases: Readonly<Record<string, string>> = {'requests.useful': 'items.useful'};

const form = /^(?:([^:<>=!]+):)?([\w.-]+)\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?)$/;

const figureKeys = (): readonly string[] =>
	Object.entries(variantSchema.shape as unknown as Record<string, Shape>).flatMap(([key, part]) =>
		holdsNumber(part) ? [key] : [],
	);

/**
 * Reads a condition.
 * @throws UserError (exit 2) when it has another form or its path does not lead to a figure of the results.
 */
export function readCondition(text: string): Condition {
	const match = form.exec(text.trim());
	if (match === null) {
		throw new UserError(`--fail-if: "${text}" is not of the form PATH OP NUMBER.`, {
			exitCode: 2,
			hint: 'For example: --fail-if "quality.low<0.8", or "terse:latencyMs.total.p50>2000" for one variant.',
		});
	}
	const [, variant, typed = '', operator, bound] = match;
	const path = (aliases[typed] ?? typed).split('.');
	if (!leadsToNumber(variantSchema as unknown as Shape, path)) {
		throw new UserError(`--fail-if: "${typed}" is not a figure of a variant in results.json.`, {
			exitCode: 2,
			hint: `Figures begin with: ${figureKeys().join(', ')}.`,
		});
	}
	return {text, variant, path, operator: operator as Operator, bound: Number(bound)};
}

/** @throws UserError (exit 2) for a condition on a variant that the run does not have. */
export function assertVariants(conditions: readonly Condition[], names: readonly string[]): void {
	const stray = conditions.find(({variant}) => variant !== undefined && !names.includes(variant));
	if (stray !== undefined) {
		throw new UserError(`--fail-if "${stray.text}": no variant "${stray.variant}" in this run.`, {
			exitCode: 2,
			hint: `Variants of this run: ${names.join(', ')}.`,
		});
	}
}

const at = (part: unknown, key: string): unknown =>
	typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[key] : undefined;

/** Counts by class or reason: an absent one did not occur and is 0. */
const isCounter = (path: readonly string[]): boolean =>
	path[0] === 'stopReasons' || (path[0] === 'requests' && path[1] === 'failed');

const figureAt = (variant: unknown, path: readonly string[]): number | null => {
	const value = path.reduce(at, variant);
	return typeof value === 'number' ? value : value === undefined && isCounter(path) ? 0 : null;
};

const percentileParts = {p50: 0.5, p90: 0.9, p99: 0.99} as const;
type Percentile = keyof typeof percentileParts;

const percentileOf = ({path}: Condition): Percentile | undefined => {
	const key = path.at(-1) ?? '';
	return Object.hasOwn(percentileParts, key) ? (key as Percentile) : undefined;
};

/**
 * Conditions that a `measure` run cannot decide, because it asks too seldom for their percentile: one sentence each.
 * @param load Of the run.
 */
export function undecidable(
	conditions: readonly Condition[],
	{shape, requests}: {readonly shape: string; readonly requests: number | null},
): readonly string[] {
	return shape !== 'measure' || requests === null
		? []
		: conditions.flatMap((condition) => {
				const key = percentileOf(condition);
				const needed = key === undefined ? 0 : minSamples[key];
				return requests >= needed
					? []
					: [
							`--fail-if "${condition.text}": a ${key} needs ${needed} answers per variant, and this run asks for at most ${requests}: --requests ${needed}.`,
						];
			});
}

const isDistribution = (value: unknown): value is Distribution =>
	typeof value === 'object' && value !== null && 'histogram' in value;

/**
 * A percentile as a condition compares it: the end of its binomial 95% interval that is harder to pass, so that chance
 * alone does not fail a run. A percentile of too few answers is not known.
 */
const percentileAgainst = (
	variant: unknown,
	condition: Condition,
	{plan}: Pick<Results, 'plan'>,
): {readonly figure: number | null; readonly words: string} | undefined => {
	const {path, operator} = condition;
	const key = percentileOf(condition);
	const distribution = path.slice(0, -1).reduce(at, variant);
	if (key === undefined || !isDistribution(distribution)) {
		return undefined;
	}
	const {count, histogram} = distribution;
	const point = distribution[key];
	const bounds = percentileBounds(histogram, percentileParts[key]);
	if (point === null || bounds === undefined) {
		const remedy = plan.load === 'measure' ? `--requests ${minSamples[key]}` : 'a longer --duration';
		const needed = `it needs ${minSamples[key]} answers, and has ${count}: ${remedy}`;
		return {figure: null, words: `is not known: ${needed}`};
	}
	const end = operator.startsWith('>') ? bounds.low : operator.startsWith('<') ? bounds.high : point;
	const interval = `${rounded(bounds.low)} to ${rounded(bounds.high)}`;
	return {figure: end, words: `is ${rounded(point)} (95%: ${interval})`};
};

/** Counts stay whole. */
const rounded = (value: number): number => (Number.isInteger(value) ? value : Number(value.toPrecision(4)));

const reasonOf = (condition: Condition, results: Results): string | undefined => {
	const variants = results.variants.filter(
		({name}) => condition.variant === undefined || name === condition.variant,
	);
	if (variants.length === 0) {
		return `no variant "${condition.variant}" in these results`;
	}
	for (const variant of variants) {
		const percentile = percentileAgainst(variant, condition, results);
		const figure = percentile === undefined ? figureAt(variant, condition.path) : percentile.figure;
		const subject = `${condition.path.join('.')} of ${variant.name}`;
		if (figure === null) {
			return `${subject} ${percentile?.words ?? 'is not known'}`;
		}
		if (operators[condition.operator](figure, condition.bound)) {
			return `${subject} ${percentile?.words ?? `is ${rounded(figure)}`}`;
		}
	}
	return undefined;
};

/** A condition of `--fail-if` that was held against results. */
export type JudgedCondition = {
	/** As typed. */
	readonly text: string;
	/** Why it is true; undefined where it is not. */
	readonly reason: string | undefined;
};

/** Holds conditions against the results of a run; a figure that is not known makes one true. */
export function judge(conditions: readonly Condition[], results: Results): readonly JudgedCondition[] {
	return conditions.map((condition) => ({text: condition.text, reason: reasonOf(condition, results)}));
}

/** A sentence for each condition that is true. */
export function metSentences(judged: readonly JudgedCondition[]): readonly string[] {
	return judged.flatMap(({text, reason}) =>
		reason === undefined ? [] : [`--fail-if "${text}": ${reason}.`],
	);
}
