import type {Headers, Incoming} from './listener.ts';
import type {Program} from './programs/programs.ts';

/** Who sends: an application as it names itself, else as its user agent and the system do. */
export type Caller = {
	/** Name of the client, the same for all of its requests: product and program. */
	readonly name: string;
	/** As it names itself, else the product of its user agent: several programs may be built on one. */
	readonly product: string;
	/** Product and version of its user agent; null without one. */
	readonly agent: string | null;
	/** What its session header names; null without one. */
	readonly session: string | null;
	/** One run of its program; undefined where that is not known. */
	readonly run: string | undefined;
	/** Attempts that its SDK made for this request before this one; 0 where it does not say. */
	readonly retries: number;
	/** When its SDK gives the attempt up, in milliseconds since 1970; undefined where it does not say. */
	readonly deadline: number | undefined;
	/** Names the request over all of its attempts; undefined where the SDK does not. */
	readonly invocation: string | undefined;
};

/** Header in which an application names itself. */
const clientHeader = 'x-bedrock-top-client';

/** Headers that name a session, the first that is there counts. */
const sessionHeaders = ['x-bedrock-top-session', 'x-claude-code-session-id', 'x-session-id'];

/** Longest name that is kept. */
const maxLength = 60;

/** Products that only carry a client: the next product in the user agent says more. */
const carriers: ReadonlySet<string> = new Set(['mozilla']);

const products = (userAgent: string): readonly string[] =>
	[...userAgent.matchAll(/([\w.@-]+(?:\/[\w.@-]+)?)(?:\/([\w.+-]+))?/g)]
		.map(([, name = '', version]) => (version === undefined ? name : `${name}/${version}`))
		.filter((product) => !carriers.has((product.split('/')[0] ?? '').toLowerCase()));

/** `aws-sdk-js/3.1` of `aws-sdk-js/3.1 ua/2.1 os/linux ...`; a product without a version is its name alone. */
const agentOf = (userAgent: string | undefined): string | null => {
	const [first] = products((userAgent ?? '').replaceAll(/\([^)]*\)/g, ' '));
	return first === undefined ? null : first.slice(0, maxLength);
};

const plain = (text: string | undefined): string | undefined => {
	const clean = text
		?.replaceAll(/[^\x20-\x7e]/g, '')
		.trim()
		.slice(0, maxLength);
	return clean === '' ? undefined : clean;
};

/** `ttl=20261129T120000Z` of `amz-sdk-request`. */
const deadlineIn = (request: string): number | undefined => {
	const [, year, month, day, hour, minute, second] =
		/ttl=(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(request) ?? [];
	const at =
		year === undefined ? Number.NaN : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
	return Number.isNaN(at) ? undefined : at;
};

/** Headers that a client proves itself by. */
const ofCredentials: ReadonlySet<string> = new Set([
	'authorization',
	'proxy-authorization',
	'x-api-key',
	'x-amz-security-token',
	'cookie',
]);

/** Shorter values are stand-ins, and may be part of any word. */
const minLength = 8;

/** What a client proves itself by: never shown, not even where the service repeats it. */
export function credentialsIn(headers: Headers): readonly string[] {
	return headers
		.filter(([name]) => ofCredentials.has(name.toLowerCase()))
		.flatMap(([, value]) => [value, value.replace(/^\S+\s+/, '')])
		.filter(({length}) => length >= minLength);
}

/** The caller of a request. @param program Undefined where it is not known: then its headers alone say who it is. */
export function callerOf({header}: Pick<Incoming, 'header'>, program: Program | undefined): Caller {
	const agent = agentOf(header('x-amz-user-agent') ?? header('user-agent'));
	const [product] = agent?.split(/\/(?=[\d.])/) ?? [];
	const request = header('amz-sdk-request') ?? '';
	const attempt = Number(/attempt=(\d+)/.exec(request)?.[1] ?? 1);
	const ofAnthropic = Number(header('x-stainless-retry-count') ?? 0);
	const own = plain(header(clientHeader));
	const said = own ?? product ?? 'unnamed';
	const isNamed = own !== undefined || program === undefined || program.name === said;
	return {
		name: isNamed ? said : `${said} ${program.name}`,
		product: said,
		agent,
		run: program?.run,
		session: sessionHeaders.map((name) => plain(header(name))).find((value) => value !== undefined) ?? null,
		retries: Math.max(0, attempt - 1, Number.isInteger(ofAnthropic) ? ofAnthropic : 0),
		deadline: deadlineIn(request),
		invocation: header('amz-sdk-invocation-id'),
	};
}

/** How a client waits. `interim`: the interim response that keeps its read timeout from running out. */
type Patience = {
	readonly hold: 'holdMs' | 'holdAliveMs' | 'holdPatientMs';
	readonly interim: 100 | 102 | undefined;
};

/**
 * Only what was measured: boto3 takes 100 and Node's fetch takes 102, while each takes the other's for the answer. The AWS
 * SDK for JavaScript has no read timeout of its own, and its budget of retries is soon spent where many calls of one client
 * are sent away.
 */
export function patienceOf(userAgent: string | undefined): Patience {
	const agent = userAgent ?? '';
	const interim = /^Boto3\//.test(agent) ? 100 : /^(?:node|undici)$/.test(agent) ? 102 : undefined;
	const hold =
		interim !== undefined ? 'holdAliveMs' : /^aws-sdk-js\/3/.test(agent) ? 'holdPatientMs' : 'holdMs';
	return {hold, interim};
}
