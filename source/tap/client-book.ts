import {InputEstimate, TokenEstimator} from '../admission/token-estimator.ts';
import {charactersPerToken} from '../domain/accounting.ts';
import {Times} from '../metrics/statistics/distribution.ts';
import {Habits} from './advice/habits.ts';
import type {Caller} from './clients.ts';

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
