import {InputEstimate, TokenEstimator} from '../admission/token-estimator.ts';
import {charactersPerToken} from '../domain/accounting.ts';
import {Times} from '../metrics/statistics/streams.ts';
import {Habits} from './advice/habits.ts';
import type {Headers, Incoming} from './listener.ts';
import type {Program} from './programs.ts';

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

/** One session of a client on one model: what is counted beside the figures of its cell. */
export class ClientTotals {
	readonly caller: Caller;
	/** Index of the cell of its client and model, over all sessions. */
	readonly cell: number;
	/** Index of the model, which is that of the target in the figures. */
	readonly target: number;
	readonly model: string;
	/** Shared by all sessions of the client on the model. */
	readonly estimator: TokenEstimator;
	readonly inputs: InputEstimate;
	readonly habits: Habits;
	readonly holds = new Times();
	readonly timesToFirstToken = new Times();
	readonly tokens = {input: 0, output: 0, cacheRead: 0, cacheWrite: 0, quota: 0, isEstimated: false};
	costUsd: number | undefined;
	throttled = 0;
	refused = 0;
	/** When its last request came or ended, in milliseconds since the start. */
	lastMs = 0;
	requests = 0;
	/** Requests that ask for a part of their prompt to be cached. */
	cachePoints = 0;
	inFlight = 0;
	held = 0;
	/** What the service set aside, over all requests. */
	reserved = 0;
	retries = 0;
	aborted = 0;
	/** Greatest max tokens asked for. */
	maxTokens = 0;

	constructor(caller: Caller, cell: Cell, model: string) {
		this.caller = caller;
		this.cell = cell.index;
		this.target = cell.target;
		this.estimator = cell.estimator;
		this.inputs = cell.inputs;
		this.habits = cell.habits;
		this.model = model;
	}
}

/** One client on one model, over all of its sessions: a variant of the figures. */
type Cell = {
	readonly index: number;
	readonly caller: Caller;
	readonly target: number;
	readonly estimator: TokenEstimator;
	readonly inputs: InputEstimate;
	readonly habits: Habits;
	/** Rows of runs that name no session. */
	runs: number;
};

/** Before an answer of the client: the usual size of a token in text, with a margin by the estimator. */
const firstPrompt = {value: 1, isEstimated: true, length: charactersPerToken};

/** Rows that are kept apart; what comes later is counted in one row of its model. */
const maxRows = 200;

/** Runs of a client on a model that are kept apart; later ones share a row. A command of a shell is a new run each time. */
const maxRuns = 20;

/** Who has sent requests through a tap: a row for each session of a client on a model. */
export class ClientBook {
	readonly rows: ClientTotals[] = [];
	/** In the order of the figures' cells. */
	readonly cells: Cell[] = [];
	readonly #addCell: () => number;
	readonly #rowByKey = new Map<string, ClientTotals>();
	readonly #cellByKey = new Map<string, Cell>();
	readonly #lastCells = new Map<string, Cell>();
	/** Names of the clients that say the same product. */
	readonly #namesOf = new Map<string, Set<string>>();

	/** @param addCell A client was met on a model: the index of its figures. */
	constructor(addCell: () => number) {
		this.#addCell = addCell;
	}

	/** The row that a request counts in. @param target Index of the model. */
	rowOf(caller: Caller, target: number, model: string): ClientTotals {
		const known = this.#rowByKey.get(rowKey(caller, target));
		if (known !== undefined) {
			return known;
		}
		const own = this.rows.length < maxRows ? caller : {...caller, ...others};
		const cell = this.#cellOf(own, target);
		this.#lastCells.set(productKey(own, target), cell);
		const isOneOfMany = own.session === null && cell.runs >= maxRuns;
		return this.#rowFor(isOneOfMany ? {...own, run: undefined} : own, cell, model);
	}

	/**
	 * What is expected of a request before it is known which program sent it: what the last one with its product on the
	 * model does. Nothing is counted in it.
	 */
	provisional(caller: Caller, target: number, model: string): ClientTotals {
		const known = this.#rowByKey.get(rowKey(caller, target));
		const cell = this.#lastCells.get(productKey(caller, target)) ?? newCell(-1, caller, target);
		return known ?? new ClientTotals(caller, cell, model);
	}

	/** Name to show: the product while one program says it, else with the program. */
	nameOf({name, product}: Pick<Caller, 'name' | 'product'>): string {
		return (this.#namesOf.get(product)?.size ?? 0) > 1 ? name : product;
	}

	/** Session to show: what it says itself, else its run while there are several. */
	sessionOf({caller: {session, run}, cell}: Pick<ClientTotals, 'caller' | 'cell'>): string | null {
		return session ?? ((this.cells[cell]?.runs ?? 0) > 1 ? (run ?? null) : null);
	}

	#rowFor(caller: Caller, cell: Cell, model: string): ClientTotals {
		const key = rowKey(caller, cell.target);
		const known = this.#rowByKey.get(key);
		if (known !== undefined) {
			return known;
		}
		const row = new ClientTotals(caller, cell, model);
		cell.runs += caller.session === null ? 1 : 0;
		this.rows.push(row);
		this.#rowByKey.set(key, row);
		return row;
	}

	#cellOf(caller: Caller, target: number): Cell {
		const key = JSON.stringify([caller.name, target]);
		const known = this.#cellByKey.get(key);
		if (known !== undefined) {
			return known;
		}
		const cell = newCell(this.#addCell(), caller, target);
		this.cells.push(cell);
		this.#cellByKey.set(key, cell);
		const names = this.#namesOf.get(caller.product) ?? new Set();
		this.#namesOf.set(caller.product, names.add(caller.name));
		return cell;
	}
}

const productKey = ({product}: Caller, target: number): string => JSON.stringify([product, target]);

const newCell = (index: number, caller: Caller, target: number): Cell => ({
	index,
	caller,
	target,
	estimator: new TokenEstimator(firstPrompt),
	inputs: new InputEstimate(),
	habits: new Habits(),
	runs: 0,
});

const others = {name: 'others', product: 'others', agent: null, session: null, run: undefined} as const;

const rowKey = ({name, session, run}: Caller, target: number): string =>
	JSON.stringify([name, session, session === null ? (run ?? null) : null, target]);
