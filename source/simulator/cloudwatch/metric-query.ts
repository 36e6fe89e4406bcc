import {isJson, type Json} from '../families/prompt.ts';
import {dimensionSets, isPublished, mantleNamespace, namespace} from './metric-source.ts';
import {type MetricName, mantleMetrics, mantlePrefix, metricNames} from './minute-sums.ts';

/** What a request asks of CloudWatch: its fields, its queries and expressions, and the errors of the service about them. */

/** An error in the form of CloudWatch; the older form of its name travels in a header. */
export class MetricError extends Error {
	readonly status: number;
	readonly type: string;
	/** Name in the older query protocol. */
	readonly queryName: string;

	constructor(type: string, message: string, {status = 400, queryName = type} = {}) {
		super(message);
		this.name = 'MetricError';
		this.type = type;
		this.status = status;
		this.queryName = queryName;
	}
}

export function invalidParameter(message: string): MetricError {
	return new MetricError('InvalidParameterValueException', message, {queryName: 'InvalidParameterValue'});
}

export function validationFault(message: string): MetricError {
	return new MetricError('ValidationError', message, {queryName: 'ValidationError'});
}

/** A text field of a request; undefined for other types. */
export function textOf(input: Json, key: string): string | undefined {
	const value = input[key];
	return typeof value === 'string' ? value : undefined;
}

/** A number of a request; the query protocol sends it as text. @returns undefined for other values. */
export function numberOf(input: Json, key: string): number | undefined {
	const value = input[key];
	const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	return typeof number === 'number' && !Number.isNaN(number) ? number : undefined;
}

/** A moment in milliseconds since 1970, from seconds or from a date as text. @throws MetricError without one. */
export function momentOf(input: Json, key: string): number {
	const seconds = numberOf(input, key);
	const atMs = seconds === undefined ? Date.parse(textOf(input, key) ?? '') : seconds * 1000;
	if (Number.isNaN(atMs)) {
		throw validationFault(`The parameter ${key} is required.`);
	}
	return atMs;
}

/** Elements of a list of texts. */
export function textListOf(input: Json, key: string): readonly string[] {
	const value = input[key];
	return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

/** Elements of a list of structures. */
function structuresOf(input: Json, key: string): readonly Json[] {
	const value = input[key];
	return Array.isArray(value) ? value.filter(isJson) : [];
}

/** Dimensions as one text, their order and white space apart. */
export function dimensionsOf(input: Json): ReadonlyArray<readonly [name: string, value: string | undefined]> {
	return structuresOf(input, 'Dimensions').map((each) => [textOf(each, 'Name') ?? '', textOf(each, 'Value')]);
}

/** A position in a list as an opaque token. */
export function tokenOf(place: readonly number[]): string {
	return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @throws MetricError for an unknown token. */
export function pagePositionOf(token: string | undefined): readonly number[] {
	if (token === undefined) {
		return [];
	}
	try {
		const place: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
		if (Array.isArray(place) && place.every((part) => Number.isInteger(part) && part >= 0)) {
			return place as readonly number[];
		}
	} catch {
		// Refused below.
	}
	throw new MetricError('InvalidNextToken', 'Invalid nextToken', {queryName: 'InvalidNextToken'});
}

/** Parses expressions of metric math. */

export type Operator = '+' | '-' | '*' | '/' | '^';

export type Expression =
	| {readonly kind: 'number'; readonly value: number}
	| {readonly kind: 'text'; readonly text: string}
	/** The Id of another query, or a word such as REPEAT that a function takes. */
	| {readonly kind: 'name'; readonly name: string}
	| {readonly kind: 'list'; readonly elements: readonly Expression[]}
	| {readonly kind: 'call'; readonly name: string; readonly parts: readonly Expression[]}
	| {readonly kind: 'negative'; readonly inner: Expression}
	| {
			readonly kind: 'operation';
			readonly operator: Operator;
			readonly left: Expression;
			readonly right: Expression;
	  };

/** A fault of an expression, in the service's form. */
export function expressionFault(id: string, reason: string): MetricError {
	return validationFault(`Error in expression '${id}': ${reason}`);
}

const longestExpression = 2048;

const tokenPattern = /\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|"([^"]*)"|'([^']*)'|(\S))/y;

type Token = {readonly kind: 'number' | 'name' | 'text' | 'sign'; readonly text: string};

/** Reads the expression of the query `id`. @throws MetricError where it is not valid. */
export function parseExpression(id: string, text: string): Expression {
	if (text.length > longestExpression) {
		throw expressionFault(id, `it is longer than ${longestExpression} characters`);
	}
	const tokens = tokensOf(text);
	let at = 0;

	const isSign = (...signs: readonly string[]): boolean => {
		const token = tokens[at];
		return token?.kind === 'sign' && signs.includes(token.text);
	};

	const take = (sign: string): void => {
		if (!isSign(sign)) {
			throw expressionFault(
				id,
				`'${sign}' is expected ${tokens[at] === undefined ? 'at the end' : `before '${tokens[at]?.text}'`}`,
			);
		}
		at++;
	};

	/** Expressions separated by commas, up to a closing sign. */
	const readParts = (closing: string): readonly Expression[] => {
		const parts: Expression[] = [];
		while (!isSign(closing)) {
			if (parts.length > 0) {
				take(',');
			}
			parts.push(readSum());
		}
		take(closing);
		return parts;
	};

	const readPrimary = (): Expression => {
		const token = tokens[at++];
		switch (token?.kind) {
			case 'number':
				return {kind: 'number', value: Number(token.text)};
			case 'text':
				return {kind: 'text', text: token.text};
			case 'name':
				if (!isSign('(')) {
					return {kind: 'name', name: token.text};
				}
				at++;
				return {kind: 'call', name: token.text, parts: readParts(')')};
			case 'sign':
				if (token.text === '[') {
					return {kind: 'list', elements: readParts(']')};
				}
				if (token.text === '(') {
					const inner = readSum();
					take(')');
					return inner;
				}
				throw expressionFault(id, `'${token.text}' is not expected here`);
			default:
				throw expressionFault(id, 'it ends too early');
		}
	};

	const readPower = (): Expression => {
		const left = readPrimary();
		if (!isSign('^')) {
			return left;
		}
		at++;
		return {kind: 'operation', operator: '^', left, right: readUnary()};
	};

	const readUnary = (): Expression => {
		if (!isSign('-')) {
			return readPower();
		}
		at++;
		return {kind: 'negative', inner: readUnary()};
	};

	const readLeft = (operators: readonly Operator[], readInner: () => Expression): Expression => {
		let left = readInner();
		while (isSign(...operators)) {
			const operator = tokens[at++]?.text as Operator;
			left = {kind: 'operation', operator, left, right: readInner()};
		}
		return left;
	};

	const readProduct = (): Expression => readLeft(['*', '/'], readUnary);
	const readSum = (): Expression => readLeft(['+', '-'], readProduct);

	const expression = readSum();
	if (tokens[at] !== undefined) {
		throw expressionFault(id, `'${tokens[at]?.text}' is not expected here`);
	}
	return expression;
}

const tokensOf = (text: string): readonly Token[] => {
	const tokens: Token[] = [];
	tokenPattern.lastIndex = 0;
	for (let match = tokenPattern.exec(text); match !== null; match = tokenPattern.exec(text)) {
		const [, number, name, double, single, sign = ''] = match;
		if (number !== undefined) {
			tokens.push({kind: 'number', text: number});
		} else if (name !== undefined) {
			tokens.push({kind: 'name', text: name});
		} else {
			const quoted = double ?? single;
			tokens.push(quoted === undefined ? {kind: 'sign', text: sign} : {kind: 'text', text: quoted});
		}
	}
	return tokens;
};

/** A query of one metric. */
export type SeriesQuery = {
	readonly kind: 'series';
	readonly id: string;
	readonly label: string;
	/** Whether its values are part of the answer, or used by expressions only. */
	readonly isReturned: boolean;
	/** Undefined where no such metric exists: CloudWatch then answers with no values. */
	readonly modelId: string | undefined;
	readonly metric: MetricName | undefined;
	readonly periodMs: number;
	readonly statistic: string;
};

/** An expression over other queries. */
export type MathQuery = {
	readonly kind: 'math';
	readonly id: string;
	readonly label: string;
	readonly isReturned: boolean;
	readonly expression: Expression;
};

/** One parsed query of GetMetricData. */
export type MetricQuery = SeriesQuery | MathQuery;

const maxQueries = 500;
const statistics = /^(?:Sum|Average|SampleCount|Minimum|Maximum|p(?:\d{1,2}(?:\.\d+)?|100))$/;

/** Reads the metric of a query. @param asked Name space, name and dimensions. */
export function readSeries(
	asked: Json,
	period: number | undefined,
	statistic: string,
): Pick<SeriesQuery, 'modelId' | 'metric' | 'periodMs' | 'statistic'> {
	if (period === undefined || !(period > 0) || period % 60 !== 0) {
		throw validationFault(`Invalid period ${String(period)}: it has to be a multiple of 60.`);
	}
	if (!statistics.test(statistic)) {
		throw validationFault(`The statistic '${statistic}' is not supported.`);
	}
	const place = textOf(asked, 'Namespace');
	const name = textOf(asked, 'MetricName') ?? '';
	const known = place === mantleNamespace ? mantleMetrics[name] : metricNames.find((each) => each === name);
	const modelId = modelIdIn(place, asked);
	const exists = known !== undefined && modelId !== undefined && isPublished(modelId, known);
	return {modelId: exists ? modelId : undefined, metric: known, periodMs: period * 1000, statistic};
}

/** The ModelId whose series in a namespace has exactly these dimensions. */
const modelIdIn = (place: string | undefined, metric: Json): string | undefined => {
	const asked = dimensionsOf(metric);
	const dimension = (key: string) => asked.find(([name]) => name === key)?.[1];
	const model = dimension('Model');
	const modelId =
		place === namespace
			? dimension('ModelId')
			: place === mantleNamespace && model !== undefined
				? `${mantlePrefix}${model}`
				: undefined;
	const isKnown =
		modelId !== undefined &&
		dimensionSets(modelId).some(
			(set) =>
				set.length === asked.length &&
				set.every(([name, value]) => asked.some(([key, text]) => key === name && text === value)),
		);
	return isKnown ? modelId : undefined;
};

/** The queries of a request. @throws MetricError for more than 500 and for what the service refuses. */
export function readQueries(input: Json): readonly MetricQuery[] {
	const queries = structuresOf(input, 'MetricDataQueries').map((query) => readQuery(query));
	if (queries.length === 0 || queries.length > maxQueries) {
		throw validationFault(
			`The collection MetricDataQueries must have a size between 1 and ${maxQueries}; it has ${queries.length}.`,
		);
	}
	if (new Set(queries.map(({id}) => id)).size < queries.length) {
		throw validationFault('The values for parameter Id in MetricDataQueries are not unique.');
	}
	return queries;
}

const readQuery = (query: Json): MetricQuery => {
	const id = textOf(query, 'Id') ?? '';
	if (!/^[a-z]\w*$/.test(id)) {
		throw validationFault(`The value '${id}' for parameter MetricDataQueries.member.Id is not matching.`);
	}
	const isReturned = String(query.ReturnData ?? true) !== 'false';
	const stat = query.MetricStat;
	const expression = textOf(query, 'Expression');
	if (isJson(stat) === (expression !== undefined)) {
		throw validationFault(`The query '${id}' needs either a MetricStat or an Expression.`);
	}
	const label = textOf(query, 'Label');
	if (expression !== undefined) {
		return {kind: 'math', id, label: label ?? id, isReturned, expression: parseExpression(id, expression)};
	}
	const {Metric: metric} = stat as Json;
	if (!isJson(metric)) {
		throw validationFault(`The MetricStat of the query '${id}' has no Metric.`);
	}
	return {
		kind: 'series',
		id,
		label: label ?? textOf(metric, 'MetricName') ?? '',
		isReturned,
		...readSeries(metric, numberOf(stat as Json, 'Period'), textOf(stat as Json, 'Stat') ?? ''),
	};
};
