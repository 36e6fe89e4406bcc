import {type Distribution, variantSchema} from '../domain/figures-schema.ts';
import {UserError} from '../domain/user-error.ts';
import {minSamples, percentileBounds} from '../metrics/statistics/intervals.ts';
import type {Results} from './results-schema.ts';

/** Conditions of `--fail-if` on the figures of a run: `latencyMs.total.p99>2000`, `terse:items.useful<10`. */

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
			hint: 'For example: --fail-if "latencyMs.total.p99>2000", or "terse:items.useful<10" for one variant.',
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

const isDistribution = (value: unknown): value is Distribution =>
	typeof value === 'object' && value !== null && 'histogram' in value;

/**
 * A percentile as a condition compares it: the end of its binomial 95% interval that is harder to pass, so that chance
 * alone does not fail a run. A percentile of too few answers is not known.
 */
const percentileAgainst = (
	variant: unknown,
	{path, operator}: Condition,
): {readonly figure: number | null; readonly words: string} | undefined => {
	const key = path.at(-1);
	const distribution = path.slice(0, -1).reduce(at, variant);
	if ((key !== 'p50' && key !== 'p90' && key !== 'p99') || !isDistribution(distribution)) {
		return undefined;
	}
	const {count, histogram} = distribution;
	const point = distribution[key];
	const bounds = percentileBounds(histogram, percentileParts[key]);
	if (point === null || bounds === undefined) {
		const needed = `it needs ${minSamples[key]} answers, and has ${count}`;
		return {figure: null, words: `is not known: ${needed}`};
	}
	const end = operator.startsWith('>') ? bounds.low : operator.startsWith('<') ? bounds.high : point;
	const interval = `${rounded(bounds.low)} to ${rounded(bounds.high)}`;
	return {figure: end, words: `is ${rounded(point)} (95%: ${interval})`};
};

const rounded = (value: number): number => Number(value.toPrecision(4));

const reasonOf = (condition: Condition, results: Results): string | undefined => {
	const variants = results.variants.filter(
		({name}) => condition.variant === undefined || name === condition.variant,
	);
	if (variants.length === 0) {
		return `no variant "${condition.variant}" in these results`;
	}
	for (const variant of variants) {
		const percentile = percentileAgainst(variant, condition);
		const figure = percentile === undefined ? figureAt(variant, condition.path) : percentile.figure;
		const subject = `${condition.path.join('.')} of ${variant.name}`;
		if (figure === null) {
			return `${subject} ${percentile?.words ?? 'is not known'}`;
		}
		if (operators[condition.operator](figure, condition.bound)) {
			return `${subject} ${percentile?.words ?? `is ${figure}`}`;
		}
	}
	return undefined;
};

/** A sentence for each condition that is true; a figure that is not known counts as true. */
export function metConditions(conditions: readonly Condition[], results: Results): readonly string[] {
	return conditions.flatMap((condition) => {
		const reason = reasonOf(condition, results);
		return reason === undefined ? [] : [`--fail-if "${condition.text}": ${reason}.`];
	});
}
