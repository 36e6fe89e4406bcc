import {
	type Expression,
	expressionFault,
	type MathQuery,
	type MetricQuery,
	type Operator,
	type SeriesQuery,
} from './metric-query.ts';
import type {PeriodValues} from './period-values.ts';

/** Computes the expressions of metric math. This is the value of an expression. */
type MathValue =
	| {readonly kind: 'scalar'; readonly value: number}
	| {readonly kind: 'series'; readonly series: PeriodValues; readonly periodMs: number}
	| {readonly kind: 'list'; readonly elements: readonly MathValue[]};

/** Values at their moments; points without a finite result are left out. */
const seriesOf = (points: ReadonlyArray<readonly [atSeconds: number, value: number]>): PeriodValues => {
	const known = points.filter(([, value]) => Number.isFinite(value));
	return {atSeconds: known.map(([at]) => at), values: known.map(([, value]) => value)};
};

function pointsOf({
	atSeconds,
	values,
}: PeriodValues): ReadonlyArray<readonly [atSeconds: number, value: number]> {
	return atSeconds.map((at, index) => [at, values[index] ?? Number.NaN]);
}

const scalarOf = (value: number): MathValue => ({kind: 'scalar', value});

/** Applies a function to every value. */
function mapValues(value: MathValue, change: (value: number) => number): MathValue {
	switch (value.kind) {
		case 'scalar':
			return scalarOf(change(value.value));
		case 'series':
			return {
				...value,
				series: seriesOf(pointsOf(value.series).map(([at, each]) => [at, change(each)])),
			};
		case 'list':
			return {kind: 'list', elements: value.elements.map((each) => mapValues(each, change))};
	}
}

const operations: Readonly<Record<Operator, (left: number, right: number) => number>> = {
	'+': (left, right) => left + right,
	'-': (left, right) => left - right,
	'*': (left, right) => left * right,
	'/': (left, right) => left / right,
	'^': (left, right) => left ** right,
};

/**
 * Combines two values point by point: of two series only the moments that both have.
 * @returns undefined for two lists of different lengths.
 */
function operate(operator: Operator, left: MathValue, right: MathValue): MathValue | undefined {
	const act = operations[operator];
	if (right.kind === 'scalar') {
		return mapValues(left, (value) => act(value, right.value));
	}
	if (left.kind === 'scalar') {
		return mapValues(right, (value) => act(left.value, value));
	}
	if (left.kind === 'series' && right.kind === 'series') {
		const others = new Map(pointsOf(right.series));
		const points = pointsOf(left.series).map(
			([at, value]) => [at, act(value, others.get(at) ?? Number.NaN)] as const,
		);
		return {...left, series: seriesOf(points)};
	}
	return operateLists(operator, left, right);
}

const operateLists = (operator: Operator, left: MathValue, right: MathValue): MathValue | undefined => {
	const lists = [left, right].flatMap((side) => (side.kind === 'list' ? [side.elements] : []));
	const length = lists[0]?.length ?? 0;
	if (lists.some((elements) => elements.length !== length)) {
		return undefined;
	}
	const at = (side: MathValue, index: number): MathValue =>
		side.kind === 'list' ? (side.elements[index] ?? side) : side;
	const elements = Array.from({length}, (_unused, index) =>
		operate(operator, at(left, index), at(right, index)),
	);
	return elements.includes(undefined) ? undefined : {kind: 'list', elements: elements as MathValue[]};
};

/** Aggregates: one number of a series; of a list, a series over what its series have at each moment. */
function foldValues(value: MathValue, act: (values: readonly number[]) => number): MathValue {
	switch (value.kind) {
		case 'scalar':
			return value;
		case 'series':
			return scalarOf(act(value.series.values));
		case 'list': {
			const found = new Map<number, number[]>();
			let periodMs = 0;
			const constants: number[] = [];
			for (const each of value.elements) {
				if (each.kind === 'scalar') {
					constants.push(each.value);
				} else if (each.kind === 'series') {
					periodMs ||= each.periodMs;
					for (const [at, one] of pointsOf(each.series)) {
						const others = found.get(at);
						if (others === undefined) {
							found.set(at, [one]);
						} else {
							others.push(one);
						}
					}
				}
			}
			if (periodMs === 0) {
				return scalarOf(act(constants));
			}
			const points = [...found]
				.sort(([first], [second]) => first - second)
				.map(([at, all]) => [at, act([...all, ...constants])] as const);
			return {kind: 'series', series: seriesOf(points), periodMs};
		}
	}
}

/** Differences between neighboring values. @param isRate Per second. */
function differences(value: MathValue, isRate: boolean): MathValue {
	switch (value.kind) {
		case 'scalar':
			return scalarOf(0);
		case 'series': {
			const points = pointsOf(value.series);
			const changes = points.slice(1).map(([at, each], index) => {
				const [before = 0, earlier = 0] = points[index] ?? [];
				return [at, (each - earlier) / (isRate ? at - before : 1)] as const;
			});
			return {...value, series: seriesOf(changes)};
		}
		case 'list':
			return {kind: 'list', elements: value.elements.map((each) => differences(each, isRate))};
	}
}

/** Fills periods without a value. @param filler `repeat`: the value before. */
function fillGaps(
	value: MathValue,
	filler: number | 'repeat',
	{fromMs, toMs}: {readonly fromMs: number; readonly toMs: number},
): MathValue {
	switch (value.kind) {
		case 'scalar':
			return value;
		case 'series': {
			const {periodMs} = value;
			const known = new Map(pointsOf(value.series));
			const points: Array<readonly [number, number]> = [];
			let before = Number.NaN;
			for (let at = Math.floor(fromMs / periodMs) * periodMs; at < toMs; at += periodMs) {
				before = known.get(at / 1000) ?? (filler === 'repeat' ? before : filler);
				points.push([at / 1000, before]);
			}
			return {...value, series: seriesOf(points)};
		}
		case 'list':
			return {
				kind: 'list',
				elements: value.elements.map((each) => fillGaps(each, filler, {fromMs, toMs})),
			};
	}
}

/** Computes the expressions of one request. */

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

type MathScope = {
	readonly queries: readonly MetricQuery[];
	readonly valuesOf: (query: SeriesQuery) => PeriodValues;
	readonly fromMs: number;
	readonly toMs: number;
};

/** The series of a query: one of a metric, one or several of an expression. */
type MetricMath = (query: MathQuery) => readonly PeriodValues[];

/** @throws MetricError while iterated, for an expression that cannot be computed. */
export function createMetricMath({queries, valuesOf, fromMs, toMs}: MathScope): MetricMath {
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
			return foldValues(value, folding);
		}
		if (mapping !== undefined) {
			return mapValues(value, mapping);
		}
		switch (name) {
			case 'PERIOD':
				return {kind: 'scalar', value: value.kind === 'series' ? value.periodMs / 1000 : 0};
			case 'FILL':
				return fillGaps(value, fillerOf(id, second), {fromMs, toMs});
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

	/** A single number has a value at every moment at which any metric has one. */
	const constant = (value: number): PeriodValues => {
		const all = foldValues(metrics(''), total);
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
}
