import {type MetricError, validationFault} from './metric-answer.ts';

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
