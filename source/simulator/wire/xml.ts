import type {Json} from '../families/prompt.ts';
import {type Exchange, ServiceError, serviceOf} from './exchange.ts';

/** XML as AWS's older protocols write it: elements and texts, no attributes but a name space at the root. */

const entities: Readonly<Record<string, string>> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&apos;',
	'\r': '&#13;',
};

/** The content of an element: a text or further elements. */
type Content = string | number | boolean | readonly Element[];

export type Element = readonly [name: string, content: Content];

/** A document with one root element. @param namespace Without it the root has none. */
function xmlDocument(name: string, content: Content, namespace?: string): string {
	const attribute = namespace === undefined ? '' : ` xmlns="${namespace}"`;
	return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${attribute}>${writeContent(content)}</${name}>`;
}

const writeContent = (content: Content): string =>
	Array.isArray(content)
		? (content as readonly Element[])
				.map(([name, inner]) => `<${name}>${writeContent(inner)}</${name}>`)
				.join('')
		: String(content).replace(/[&<>"'\r]/g, (character) => entities[character] ?? character);

/** A document with one root element in S3's name space. */
export function document(name: string, content: Content): string {
	return xmlDocument(name, content, 'http://s3.amazonaws.com/doc/2006-03-01/');
}

/** An error, which has no name space. */
export function errorDocument(content: readonly Element[]): string {
	return xmlDocument('Error', content);
}

/** Texts of all elements of a name; enough for the list of parts, the one document that clients send. */
export function elementTexts(xml: string, name: string): readonly string[] {
	return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((match) =>
		(match[1] ?? '').replaceAll('&quot;', '"').replaceAll('&#34;', '"'),
	);
}

/**
 * The query protocol of AWS: a form whose names are paths, such as `Queries.member.2.Stat.Period=60`, and answers in
 * XML.
 */

/** Whether a request speaks it: a form in the body, or the action in a presigned URL. */
export function isQuery({headers, query}: Pick<Exchange, 'headers' | 'query'>): boolean {
	return (
		String(headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded') ||
		query.has('Action')
	);
}

type Branch = Map<string, Branch | string>;

const plant = (root: Branch, path: readonly string[], value: string): void => {
	let branch = root;
	for (const part of path.slice(0, -1)) {
		const known = branch.get(part);
		const next: Branch = known instanceof Map ? known : new Map();
		branch.set(part, next);
		branch = next;
	}
	branch.set(path.at(-1) ?? '', value);
};

/** Elements of a list are below `member`, by their numbers. */
const grow = (branch: Branch | string): unknown => {
	if (typeof branch === 'string') {
		return branch;
	}
	const members = branch.get('member');
	if (branch.size === 1 && members instanceof Map) {
		return [...members]
			.sort(([first], [second]) => Number(first) - Number(second))
			.map(([, each]) => grow(each));
	}
	return Object.fromEntries([...branch].map(([name, each]) => [name, grow(each)]));
};

/** Parses a form; every value is still a text. */
function readForm(form: URLSearchParams): Json {
	const root: Branch = new Map();
	for (const [name, value] of form) {
		plant(root, name.split('.'), value);
	}
	return Object.fromEntries([...root].map(([name, each]) => [name, grow(each)]));
}

/** Fields whose value alone does not show how to write them. */
export type FieldKinds = {
	/** Numbers that are moments, in seconds since 1970. */
	readonly isMoment: (key: string) => boolean;
	/** Objects that are maps from any key to a value rather than structures. */
	readonly isMap: (key: string) => boolean;
};

const plainFields: FieldKinds = {isMoment: () => false, isMap: () => false};

/** The result of an action. */
export function queryResult(
	action: string,
	result: Json,
	{namespace, requestId}: {readonly namespace: string; readonly requestId: string},
	kinds: FieldKinds = plainFields,
): string {
	return xmlDocument(
		`${action}Response`,
		[
			[`${action}Result`, elementsOf(result, kinds)],
			['ResponseMetadata', [['RequestId', requestId]]],
		],
		namespace,
	);
}

const elementsOf = (value: object, kinds: FieldKinds): readonly Element[] =>
	Object.entries(value)
		.filter(([, each]) => each !== undefined)
		.map(([key, each]) => elementOf(key, each, key, kinds));

const elementOf = (name: string, value: unknown, key: string, kinds: FieldKinds): Element => {
	if (Array.isArray(value)) {
		return [name, value.map((each) => elementOf('member', each, key, kinds))];
	}
	if (typeof value === 'number' && kinds.isMoment(key)) {
		return [name, new Date(value * 1000).toISOString()];
	}
	if (typeof value !== 'object' || value === null) {
		return [name, String(value)];
	}
	return [
		name,
		kinds.isMap(key)
			? Object.entries(value).map(
					([entry, each]): Element => [
						'entry',
						[
							['key', entry],
							['value', String(each)],
						],
					],
				)
			: elementsOf(value, kinds),
	];
};

/** An error. @param isOfCaller Whether the caller caused it. */
export function queryError(
	{code, message, isOfCaller = true}: {code: string; message: string; isOfCaller?: boolean},
	requestId: string,
	namespace?: string,
): string {
	return xmlDocument(
		'ErrorResponse',
		[
			[
				'Error',
				[
					['Type', isOfCaller ? 'Sender' : 'Receiver'],
					['Code', code],
					['Message', message],
				],
			],
			['RequestId', requestId],
		],
		namespace,
	);
}

/** An error of EC2, which has another form. */
export function computeError(code: string, message: string, requestId: string): string {
	return xmlDocument('Response', [
		[
			'Errors',
			[
				[
					'Error',
					[
						['Code', code],
						['Message', message],
					],
				],
			],
		],
		['RequestID', requestId],
	]);
}

/** Services of the query protocol: the version shows which one is meant, signed or not. */

/** Answers one action of a service. */
type QueryHandler = (exchange: Exchange, action: string, input: Json) => Promise<void> | void;

/** By the version of the service. */
export type QueryServices = Readonly<Record<string, QueryHandler>>;

/** @throws ServiceError for a service or an action that is not served. */
export async function serveQuery(exchange: Exchange, services: QueryServices): Promise<void> {
	const {Action, Version, ...input} = readForm(await formOf(exchange));
	const [action, version] = [String(Action ?? ''), String(Version ?? '')];
	const serve = Object.hasOwn(services, version) ? services[version] : undefined;
	if (serve === undefined) {
		throw actionNotServed(
			action,
			serviceOf(exchange.headers, exchange.query) ?? `a service of the version ${version}`,
		);
	}
	await serve(exchange, action, input);
}

/** The form is in the body, or in the URL of a request without one. */
const formOf = async ({method, query, readBody}: Exchange): Promise<URLSearchParams> => {
	const body = method === 'POST' ? (await readBody()).toString('utf8') : '';
	return body === '' ? query : new URLSearchParams(body);
};

/** Error for an action that the simulator does not know. */
export function actionNotServed(action: string, service: string): ServiceError {
	return new ServiceError(
		'UnknownOperationException',
		`The simulator does not serve ${action} of ${service}.`,
	);
}
