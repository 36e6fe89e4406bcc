import {type Expression, expressionFault} from './math-expression.ts';
import {differences, fill, fold, type MathValue, mapValues, operate, pointsOf} from './math-values.ts';
import type {MathQuery, MetricQuery, SeriesQuery} from './metric-query.ts';
import type {PeriodValues} from './period-values.ts';

/** Works out the expressions of one request. */

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Functions that make one number of many. */
const folds: Readonly<Record<string, (values: readonly number[]) => number>> = {
	SUM: total,
	AVG: (values) => total(values) / values.length,
	MIN: (values) => values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
	MAX: (values) => values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
};

/** Functions of each value. */
const maps: Readonly<Record<string, (value: number) => number>> = {
	ABS: Math.abs,
	CEIL: Math.ceil,
	FLOOR: Math.floor,
};

const otherFunctions = ['DIFF', 'FILL', 'METRICS', 'PERIOD', 'RATE'];
const functionNames = [...Object.keys(folds), ...Object.keys(maps), ...otherFunctions].sort();

export type MathScope = {
	readonly queries: readonly MetricQuery[];
	readonly valuesOf: (query: SeriesQuery) => PeriodValues;
	readonly fromMs: number;
	readonly toMs: number;
};

/** The series that a query comes to: one of a metric, one or several of an expression. */
export type MetricMath = (query: MathQuery) => readonly PeriodValues[];

/** @throws MetricError, from what it gives, for an expression that cannot be worked out. */
export const createMetricMath = ({queries, valuesOf, fromMs, toMs}: MathScope): MetricMath => {
	const known = new Map<string, MathValue>();
	const open = new Set<string>();

	const evaluateQuery = (query: MetricQuery): MathValue => {
		const before = known.get(query.id);
		if (before !== undefined) {
			return before;
		}
		if (query.kind === 'series') {
			const value: MathValue = {kind: 'series', series: valuesOf(query), periodMs: query.periodMs};
			known.set(query.id, value);
			return value;
		}
		if (open.has(query.id)) {
			throw expressionFault(query.id, 'it refers to itself');
		}
		open.add(query.id);
		const value = evaluate(query.id, query.expression);
		open.delete(query.id);
		known.set(query.id, value);
		return value;
	};

	const metrics = (filter: string): MathValue => ({
		kind: 'list',
		elements: queries
			.filter(({kind, id}) => kind === 'series' && id.includes(filter))
			.map((query) => evaluateQuery(query)),
	});

	const listOf = (id: string, elements: readonly MathValue[]): MathValue => {
		if (elements.some(({kind}) => kind === 'list')) {
			throw expressionFault(id, 'an array cannot stand inside another one');
		}
		return {kind: 'list', elements};
	};

	const fillerOf = (id: string, filler: Expression | undefined): number | 'repeat' => {
		if (filler?.kind === 'name' && filler.name === 'REPEAT') {
			return 'repeat';
		}
		const value = filler === undefined ? undefined : evaluate(id, filler);
		if (value?.kind !== 'scalar') {
			throw expressionFault(id, 'FILL needs a number or REPEAT as its second parameter');
		}
		return value.value;
	};

	const call = (id: string, name: string, parts: readonly Expression[]): MathValue => {
		const [first, second] = parts;
		if (name === 'METRICS') {
			return metrics(first?.kind === 'text' ? first.text : '');
		}
		if (!functionNames.includes(name)) {
			throw expressionFault(
				id,
				`Function '${name}' not found. The simulator has ${functionNames.join(', ')}.`,
			);
		}
		if (first === undefined) {
			throw expressionFault(id, `${name} needs a parameter`);
		}
		const value = evaluate(id, first);
		const [folding, mapping] = [folds[name], maps[name]];
		if (folding !== undefined) {
			return fold(value, folding);
		}
		if (mapping !== undefined) {
			return mapValues(value, mapping);
		}
		switch (name) {
			case 'PERIOD':
				return {kind: 'scalar', value: value.kind === 'series' ? value.periodMs / 1000 : 0};
			case 'FILL':
				return fill(value, fillerOf(id, second), {fromMs, toMs});
			default:
				return differences(value, name === 'RATE');
		}
	};

	const evaluate = (id: string, expression: Expression): MathValue => {
		switch (expression.kind) {
			case 'number':
				return {kind: 'scalar', value: expression.value};
			case 'text':
				throw expressionFault(id, `a text, "${expression.text}", is not expected here`);
			case 'name': {
				const query = queries.find((each) => each.id === expression.name);
				if (query === undefined) {
					throw expressionFault(id, `no query has the Id '${expression.name}'`);
				}
				return evaluateQuery(query);
			}
			case 'list':
				return listOf(
					id,
					expression.elements.map((each) => evaluate(id, each)),
				);
			case 'call':
				return call(id, expression.name, expression.parts);
			case 'negative':
				return mapValues(evaluate(id, expression.inner), (value) => -value);
			case 'operation': {
				const {operator, left, right} = expression;
				const value = operate(operator, evaluate(id, left), evaluate(id, right));
				if (value === undefined) {
					throw expressionFault(id, 'the lists are of different lengths');
				}
				return value;
			}
		}
	};

	/** A single number stands at every moment at which any metric has a value. */
	const constant = (value: number): PeriodValues => {
		const all = fold(metrics(''), total);
		const moments = all.kind === 'series' ? pointsOf(all.series) : [];
		return Number.isFinite(value)
			? {atSeconds: moments.map(([at]) => at), values: moments.map(() => value)}
			: {atSeconds: [], values: []};
	};

	const seriesIn = (value: MathValue): readonly PeriodValues[] => {
		switch (value.kind) {
			case 'scalar':
				return [constant(value.value)];
			case 'series':
				return [value.series];
			case 'list':
				return value.elements.flatMap(seriesIn);
		}
	};

	return (query) => seriesIn(evaluateQuery(query));
};
