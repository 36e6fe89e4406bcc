import {GetMetricDataCommand, type MetricDataQuery} from '@aws-sdk/client-cloudwatch';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {createMetricMath} from '../../source/simulator/cloudwatch/metric-math.ts';
import {
	type MathQuery,
	parseExpression,
	type SeriesQuery,
} from '../../source/simulator/cloudwatch/metric-query.ts';
import type {PeriodValues} from '../../source/simulator/cloudwatch/period-values.ts';
import {createMovableTime, inputOf, minuteMs, noon, query, startAt} from './metric-harness.ts';

/** Tests source/simulator/cloudwatch/metric-math.ts and metric-query.ts. */

const series: Readonly<Record<string, PeriodValues>> = {
	m1: {atSeconds: [0, 60, 120, 240], values: [1, 2, 4, 8]},
	m2: {atSeconds: [0, 120, 180], values: [10, 0, 5]},
	empty: {atSeconds: [], values: []},
};

const metricQueries = Object.keys(series).map(
	(id): SeriesQuery => ({
		kind: 'series',
		id,
		label: id,
		isReturned: true,
		modelId: id,
		metric: 'Invocations',
		periodMs: minuteMs,
		statistic: 'Sum',
	}),
);

const mathQuery = (id: string, text: string): MathQuery => ({
	kind: 'math',
	id,
	label: id,
	isReturned: true,
	expression: parseExpression(id, text),
});

/** Points of an expression over the three series, and of others that it may refer to. */
const work = (text: string, others: Readonly<Record<string, string>> = {}) => {
	const asked = mathQuery('e1', text);
	const queries = [
		...metricQueries,
		asked,
		...Object.entries(others).map(([id, other]) => mathQuery(id, other)),
	];
	const math = createMetricMath({
		queries,
		valuesOf: ({id}) => series[id] ?? {atSeconds: [], values: []},
		fromMs: 0,
		toMs: 300_000,
	});
	return math(asked).map(({atSeconds, values}) => atSeconds.map((at, index) => [at, values[index]]));
};

describe('metric math', () => {
	it.each([
		[
			'm1 * 2 + 1',
			[
				[0, 3],
				[60, 5],
				[120, 9],
				[240, 17],
			],
		],
		[
			'-m1 ^ 2',
			[
				[0, -1],
				[60, -4],
				[120, -16],
				[240, -64],
			],
		],
		[
			'1 - (m1 - 1) / 2',
			[
				[0, 1],
				[60, 0.5],
				[120, -0.5],
				[240, -2.5],
			],
		],
		[
			'm1 + m2',
			[
				[0, 11],
				[120, 4],
			],
		],
		['m1 / m2', [[0, 0.1]]],
		[
			'100 * m2 / m1',
			[
				[0, 1000],
				[120, 0],
			],
		],
		[
			'SUM([m1, m2])',
			[
				[0, 11],
				[60, 2],
				[120, 4],
				[180, 5],
				[240, 8],
			],
		],
		[
			'AVG([m1,m2])',
			[
				[0, 5.5],
				[60, 2],
				[120, 2],
				[180, 5],
				[240, 8],
			],
		],
		[
			'MAX(METRICS())',
			[
				[0, 10],
				[60, 2],
				[120, 4],
				[180, 5],
				[240, 8],
			],
		],
		[
			'MIN(METRICS("1"))',
			[
				[0, 1],
				[60, 2],
				[120, 4],
				[240, 8],
			],
		],
		[
			'm1 / SUM(m1)',
			[
				[0, 1 / 15],
				[60, 2 / 15],
				[120, 4 / 15],
				[240, 8 / 15],
			],
		],
		[
			'SUM(m2)',
			[
				[0, 15],
				[60, 15],
				[120, 15],
				[180, 15],
				[240, 15],
			],
		],
		[
			'RATE(m1)',
			[
				[60, 1 / 60],
				[120, 2 / 60],
				[240, 4 / 120],
			],
		],
		[
			'DIFF(m1)',
			[
				[60, 1],
				[120, 2],
				[240, 4],
			],
		],
		[
			'FILL(m2, 0)',
			[
				[0, 10],
				[60, 0],
				[120, 0],
				[180, 5],
				[240, 0],
			],
		],
		[
			'FILL(m2, REPEAT)',
			[
				[0, 10],
				[60, 10],
				[120, 0],
				[180, 5],
				[240, 5],
			],
		],
		[
			'm1 / PERIOD(m1) * 60',
			[
				[0, 1],
				[60, 2],
				[120, 4],
				[240, 8],
			],
		],
		[
			'ABS(-m1)',
			[
				[0, 1],
				[60, 2],
				[120, 4],
				[240, 8],
			],
		],
		['empty * 2', []],
		[
			'SUM(empty) + m1',
			[
				[0, 1],
				[60, 2],
				[120, 4],
				[240, 8],
			],
		],
		[
			'e2 + 1',
			[
				[0, 3],
				[60, 5],
				[120, 9],
				[240, 17],
			],
		],
	])('%s', (text, expected) => {
		expect(work(text, {e2: 'm1 * 2'})).toEqual([expected]);
	});

	it('gives a series for each of a list', () => {
		expect(work('[m1, m2] * 2')).toEqual([
			[
				[0, 2],
				[60, 4],
				[120, 8],
				[240, 16],
			],
			[
				[0, 20],
				[120, 0],
				[180, 10],
			],
		]);
	});

	it.each([
		['SEARCH(\'{AWS/Bedrock,ModelId} MetricName="Invocations"\', "Sum", 60)', "Function 'SEARCH' not found"],
		['m1 +', 'it ends too early'],
		['', 'it ends too early'],
		['m1 m2', "'m2' is not expected here"],
		['(m1', "')' is expected at the end"],
		['SUM(m1', "',' is expected at the end"],
		['m1 > 2', "'>' is not expected here"],
		['m9 + 1', "no query has the Id 'm9'"],
		['e1 + 1', 'it refers to itself'],
		['e2 + 1', 'it refers to itself'],
		['SUM()', 'SUM needs a parameter'],
		['FILL(m1, m2)', 'FILL needs a number or REPEAT'],
		['[m1, METRICS()]', 'an array cannot stand inside another one'],
		['[m1] + [m1, m2]', 'the lists are of different lengths'],
		['"m1"', 'a text, "m1", is not expected here'],
		['constructor(m1)', "Function 'constructor' not found"],
		['1'.repeat(2049), 'it is longer than 2048 characters'],
	])('refuses %s', (text, reason) => {
		expect(() => work(text, {e2: 'e1'})).toThrow(`Error in expression 'e`);
		expect(() => work(text, {e2: 'e1'})).toThrow(reason);
	});

	it('reckons numbers as the language does', () => {
		const tree = fc.letrec<{sum: string}>((tie) => ({
			sum: fc.oneof(
				{depthSize: 'medium'},
				fc.nat(1000).map(String),
				fc
					.tuple(tie('sum'), fc.constantFrom('+', '-', '*', '/'), tie('sum'))
					.map((parts) => `(${parts.join(' ')})`),
				fc.tuple(tie('sum'), fc.constantFrom('+', '-', '*', '/'), tie('sum')).map((parts) => parts.join('')),
				tie('sum').map((inner) => `(-${inner})`),
			),
		})).sum;
		fc.assert(
			fc.property(tree, (text) => {
				const expected: number = new Function(`return ${text}`)();
				const [found = []] = work(`${text} + 0 * SUM(m1)`);
				expect(found[0]?.[1]).toEqual(Number.isFinite(expected) ? expected + 0 : undefined);
			}),
		);
	});

	it('is asked for in pages, like metrics', async () => {
		const model = 'us.amazon.nova-lite-v1:0';
		const background = [{modelId: model, requestsPerMinute: 30, inputTokens: 500, outputTokens: 100}];
		const {client} = await startAt(createMovableTime(), {scenario: {background}});
		const queries: MetricDataQuery[] = [
			{...query('Invocations', model), ReturnData: false},
			{Id: 'e1', Expression: '[m1, m1 * 2]', Label: 'both'},
			{Id: 'e2', Expression: 'm1 * 3'},
		];
		const input = inputOf(queries, noon - 33 * minuteMs, noon - 3 * minuteMs);
		const whole = await client.send(new GetMetricDataCommand(input));
		expect(whole.MetricDataResults?.map(({Id, Label}) => [Id, Label])).toEqual([
			['e1', 'both'],
			['e1', 'both'],
			['e2', 'e2'],
		]);
		const values: number[] = [];
		let NextToken: string | undefined;
		do {
			const page = await client.send(
				new GetMetricDataCommand({
					...input,
					MaxDatapoints: 37,
					...(NextToken === undefined ? {} : {NextToken}),
				}),
			);
			values.push(...(page.MetricDataResults ?? []).flatMap(({Values = []}) => Values));
			NextToken = page.NextToken;
		} while (NextToken !== undefined);
		expect(values).toEqual(whole.MetricDataResults?.flatMap(({Values = []}) => Values));
		expect(values).toHaveLength(90);
	});
});
