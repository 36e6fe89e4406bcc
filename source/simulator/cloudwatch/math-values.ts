import type {Operator} from './math-expression.ts';
import type {PeriodValues} from './period-values.ts';

/** What an expression can come to. */
export type MathValue =
	| {readonly kind: 'scalar'; readonly value: number}
	| {readonly kind: 'series'; readonly series: PeriodValues; readonly periodMs: number}
	| {readonly kind: 'list'; readonly elements: readonly MathValue[]};

/** Values at their moments; where nothing sensible comes out there is no value. */
const seriesOf = (points: ReadonlyArray<readonly [atSeconds: number, value: number]>): PeriodValues => {
	const known = points.filter(([, value]) => Number.isFinite(value));
	return {atSeconds: known.map(([at]) => at), values: known.map(([, value]) => value)};
};

export const pointsOf = ({
	atSeconds,
	values,
}: PeriodValues): ReadonlyArray<readonly [atSeconds: number, value: number]> =>
	atSeconds.map((at, index) => [at, values[index] ?? Number.NaN]);

const scalar = (value: number): MathValue => ({kind: 'scalar', value});

/** The same for every value. */
export const mapValues = (value: MathValue, change: (value: number) => number): MathValue => {
	switch (value.kind) {
		case 'scalar':
			return scalar(change(value.value));
		case 'series':
			return {
				...value,
				series: seriesOf(pointsOf(value.series).map(([at, each]) => [at, change(each)])),
			};
		case 'list':
			return {kind: 'list', elements: value.elements.map((each) => mapValues(each, change))};
	}
};

const operations: Readonly<Record<Operator, (left: number, right: number) => number>> = {
	'+': (left, right) => left + right,
	'-': (left, right) => left - right,
	'*': (left, right) => left * right,
	'/': (left, right) => left / right,
	'^': (left, right) => left ** right,
};

/**
 * Value by value: of two series only the moments at which both have one.
 * @returns undefined for two lists of different lengths.
 */
export const operate = (operator: Operator, left: MathValue, right: MathValue): MathValue | undefined => {
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
};

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

/** Of a series: one number for all of it. Of a list of series: a series of what they have at each moment. */
export const fold = (value: MathValue, act: (values: readonly number[]) => number): MathValue => {
	switch (value.kind) {
		case 'scalar':
			return value;
		case 'series':
			return scalar(act(value.series.values));
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
				return scalar(act(constants));
			}
			const points = [...found]
				.sort(([first], [second]) => first - second)
				.map(([at, all]) => [at, act([...all, ...constants])] as const);
			return {kind: 'series', series: seriesOf(points), periodMs};
		}
	}
};

/** What changed since the value before. @param isRate Per second. */
export const differences = (value: MathValue, isRate: boolean): MathValue => {
	switch (value.kind) {
		case 'scalar':
			return scalar(0);
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
};

/** Puts a value where a period has none. @param filler `repeat`: the one before. */
export const fill = (
	value: MathValue,
	filler: number | 'repeat',
	{fromMs, toMs}: {readonly fromMs: number; readonly toMs: number},
): MathValue => {
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
				elements: value.elements.map((each) => fill(each, filler, {fromMs, toMs})),
			};
	}
};
