import type {MantleApi, RuntimeMethod} from '../domain/backend.ts';

/** What the tap lets through, and to which host of the service: everything else is refused. */

/** The hosts of the service that a path may belong to. */
export type UpstreamHost = 'runtime' | 'control' | 'mantle';

/** A request that may pass. */
export type Route =
	/** An inference, which is metered. */
	| {
			readonly kind: 'inference';
			readonly host: 'runtime';
			readonly method: RuntimeMethod;
			readonly model: string;
	  }
	/** One of bedrock-mantle: its body says which model, and whether the answer is a stream. */
	| {readonly kind: 'inference'; readonly host: 'mantle'; readonly api: MantleApi}
	/** Anything else that clients send to the same base. */
	| {
			readonly kind: 'other';
			readonly host: UpstreamHost;
			/** It costs something, and nothing says how much. */
			readonly isCharged: boolean;
	  }
	/** The tap's own figures. */
	| {readonly kind: 'metrics'}
	/** Known, but not possible through a tap. */
	| {readonly kind: 'unsupported'; readonly operation: string}
	| {readonly kind: 'unknown'};

const inferences: Readonly<Record<string, RuntimeMethod | undefined>> = {
	converse: 'converse',
	'converse-stream': 'converse-stream',
	invoke: 'invoke',
	'invoke-with-response-stream': 'invoke-stream',
};

/** Inferences of bedrock-mantle: below which of the two paths an API of OpenAI's is depends on the model. */
const mantleInferences: ReadonlyArray<{readonly path: RegExp; readonly api: MantleApi}> = [
	{path: /^\/anthropic\/v1\/messages$/, api: 'messages'},
	{path: /^(?:\/openai)?\/v1\/chat\/completions$/, api: 'chat-completions'},
	{path: /^(?:\/openai)?\/v1\/responses$/, api: 'responses'},
];

const bidirectional = 'invoke-with-bidirectional-stream';

/** Paths beside the inferences, with the methods that clients use. */
const others: ReadonlyArray<{readonly methods: string; readonly path: RegExp; readonly host: UpstreamHost}> =
	[
		{methods: 'POST', path: /^\/model\/[^/]+\/count-tokens$/, host: 'runtime'},
		{methods: 'POST', path: /^\/guardrail\/[^/]+\/version\/[^/]+\/apply$/, host: 'runtime'},
		{methods: 'GET POST', path: /^\/async-invoke$/, host: 'runtime'},
		{methods: 'GET', path: /^\/async-invoke\/.+$/, host: 'runtime'},
		// Claude Code looks for the profiles of its models at the base of the runtime.
		{methods: 'GET', path: /^\/inference-profiles(?:\/.+)?$/, host: 'control'},
		{methods: 'POST', path: /^\/anthropic\/v1\/messages\/count_tokens$/, host: 'mantle'},
		{methods: 'GET', path: /^(?:\/anthropic|\/openai)?\/v1\/models(?:\/.+)?$/, host: 'mantle'},
		{
			methods: 'GET POST DELETE',
			path: /^(?:\/openai)?\/v1\/(?:chat\/completions|responses)\/.+$/,
			host: 'mantle',
		},
		{methods: 'GET', path: /^(?:\/openai)?\/v1\/(?:chat\/completions|responses)$/, host: 'mantle'},
	];

const decoded = (part: string): string => {
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
};

/**
 * Whether a path names what it seems to, however a server on the way reads it: no empty segments, no `..` that leads to
 * another operation, nothing that has to be escaped.
 */
const isPlain = (path: string): boolean =>
	path.startsWith('/') &&
	!/\/\/|[\\#]|%(?![\da-f]{2})/i.test(path) &&
	!path
		.replaceAll(/%[\da-f]{2}/gi, (escaped) => String.fromCharCode(Number.parseInt(escaped.slice(1), 16)))
		.split(/[/\\]/)
		.some((part) => part === '.' || part === '..');

/** @param target Path and query as they came, without the secret. */
export function routeOf(method: string, target: string): Route {
	const path = target.split('?', 1)[0] ?? '';
	if (/[^\x21-\x7e]/.test(target) || !isPlain(path)) {
		return {kind: 'unknown'};
	}
	const [, model = '', operation = ''] = /^\/model\/([^/]+)\/([\w-]+)$/.exec(path) ?? [];
	const inference = Object.hasOwn(inferences, operation) ? inferences[operation] : undefined;
	if (inference !== undefined && method === 'POST') {
		return {kind: 'inference', host: 'runtime', method: inference, model: decoded(model)};
	}
	const ofMantle =
		method === 'POST' ? mantleInferences.find((candidate) => candidate.path.test(path)) : undefined;
	if (ofMantle !== undefined) {
		return {kind: 'inference', host: 'mantle', api: ofMantle.api};
	}
	if (operation === bidirectional) {
		return {kind: 'unsupported', operation: 'InvokeModelWithBidirectionalStream'};
	}
	if (path === '/metrics' && method === 'GET') {
		return {kind: 'metrics'};
	}
	const other = others.find(
		(candidate) => candidate.methods.split(' ').includes(method) && candidate.path.test(path),
	);
	const isCharged = method === 'POST' && !/count[-_]tokens$/.test(path);
	return other === undefined ? {kind: 'unknown'} : {kind: 'other', host: other.host, isCharged};
}
