import type {GateState, VariantFigures, VariantState, Verdict} from '../../domain/figures-schema.ts';
import {type Goal, goals, type RunSpec} from '../../domain/run-config.ts';
import type {Blocks} from '../figures/blocks.ts';
import type {Figures} from '../figures/figures.ts';
import {Elimination, gateState, type Standings, type Wants, wantsOf} from './elimination.ts';
import type {Field} from './pairwise-comparison.ts';
import {verdictOf} from './verdict.ts';

/**
 * Indexes of a target's cells that do the same work, and so can be ranked: conversations beside bulk work do not
 * compete with it.
 */
export function comparableCells(
	{cells, task}: Pick<RunSpec, 'cells' | 'task'>,
	target: number,
): readonly number[] {
	const all = cells.flatMap((cell, index) => (cell.target === target ? [index] : []));
	const lane = task.chat?.lane;
	const others = all.filter((index) => cells[index]?.lane !== lane);
	return lane === undefined || others.length === 0 ? all : others;
}

/** Answers to repeated items, of each variant, that are needed to say whether answers repeat. */
const minRepeats = 8;
/** From this part of identical answers on, asking again adds nothing. */
const repeating = 0.9;

/** What a contest gets from the run. */
type ContestPorts = {
	/** Current figures. */
	readonly figures: () => Figures;
	/** False for a cell that was given up. */
	readonly isAlive: (cell: number) => boolean;
	/** Whether the requests of these cells are drawn in blocks of the same work, so that they can be compared. */
	readonly isPaired: (cells: readonly number[]) => boolean;
};

type Spec = Pick<RunSpec, 'cells' | 'targets' | 'task' | 'goal' | 'minQuality'>;

/** The variants on one target, compared for every goal during the run; the run's goal decides which go out. */
export class Contest {
	readonly target: number;
	/** Cells that do the same work. */
	readonly cells: readonly number[];
	readonly #spec: Spec;
	readonly #ports: ContestPorts;
	readonly #eliminations: Map<Goal, Elimination>;
	#goal: Goal;
	readonly #blocks: Blocks | undefined;
	/** Proven qualities: later answers do not revoke them. */
	readonly #gates = new Map<number, GateState>();
	#standings: Standings | undefined;
	/** Key of the last evaluation: the same input is not evaluated twice. */
	#evaluatedAt = '';
	#returns = 0;

	constructor(spec: Spec, target: number, ports: ContestPorts) {
		this.target = target;
		this.cells = comparableCells(spec, target);
		this.#spec = spec;
		this.#goal = spec.goal;
		this.#ports = ports;
		this.#blocks = ports.isPaired(this.cells)
			? ports
					.figures()
					.blocks.find(({cells}) => this.cells.length > 1 && this.cells.every((cell) => cells.includes(cell)))
			: undefined;
		this.#eliminations = new Map(goals.map((goal) => [goal, new Elimination(goal, this.cells)]));
	}

	/** Whether a cell still takes part in the blocks. */
	isIn(cell: number): boolean {
		return this.#standings === undefined || !this.#standings.out.has(cell);
	}

	/** Evaluates all blocks so far, for the run's goal. */
	evaluate(): void {
		if (this.#blocks === undefined) {
			return;
		}
		const cells = this.cells.map((cell) => `${this.gateOf(cell)} ${this.#ports.isAlive(cell)}`);
		const now = [this.#goal, this.#blocks.count, ...cells].join(' ');
		if (now === this.#evaluatedAt) {
			return;
		}
		const wereOut = [...(this.#standings?.out.keys() ?? [])];
		this.#evaluatedAt = now;
		this.#standings = this.#evaluateFor(this.#goal);
		this.#returns += wereOut.some((cell) => this.isIn(cell)) ? 1 : 0;
	}

	/** How often eliminated variants came back. */
	get returns(): number {
		return this.#returns;
	}

	/** From here on another goal decides which variants go out; those that are out come back for it. */
	setGoal(goal: Goal): void {
		this.#goal = goal;
		this.#eliminations.set(goal, new Elimination(goal, this.cells));
		this.evaluate();
	}

	/** The contest of the run's goal at the last evaluation; undefined before it, and where nothing is compared. */
	get standings(): Standings | undefined {
		return this.#standings;
	}

	/**
	 * One variant is left, all left are practically equal, or none can win. Not while the leader's quality is unproven or a
	 * rival could not be sent: no evidence put that one out.
	 */
	get isDecided(): boolean {
		const standings = this.#standings;
		if (standings === undefined) {
			return false;
		}
		const {leader, left, out, isEqual} = standings;
		if (left.length === 0) {
			return true;
		}
		const isAnyGivenUp = [...out.values()].some(({reason}) => reason === 'given-up');
		const isQualityOpen = leader === undefined || this.gateOf(leader) === 'unproven';
		return !isAnyGivenUp && !isQualityOpen && (left.length === 1 || isEqual);
	}

	/**
	 * Requests that will likely decide it, if differences and spreads stay the same; 0 once it is decided.
	 * @returns Undefined before enough blocks, and where more requests would not decide.
	 */
	get moreRequests(): number | undefined {
		const standings = this.#standings;
		const field = this.#field;
		if (this.isDecided || this.cells.length < 2) {
			return 0;
		}
		const {wants} = this;
		if (wants?.what !== 'blocks' || standings === undefined || field === undefined) {
			return undefined;
		}
		const perBlock = standings.left.reduce((sum, cell) => sum + field.blocks.requestsPerBlock(cell), 0);
		return Math.ceil(wants.more * perBlock);
	}

	/** What would decide it; undefined once it is decided, and where nothing is compared yet. */
	get wants(): Wants | undefined {
		const standings = this.#standings;
		const field = this.#field;
		return this.isDecided || standings === undefined || field === undefined || standings.left.length < 2
			? undefined
			: wantsOf(standings, field, this.#spec.task.items.length);
	}

	/** Requests of a cell in a block, on average and at least 1, of the cell that needs the most. */
	get requestsPerBlock(): number {
		const field = this.#field;
		return Math.max(1, ...this.cells.map((cell) => field?.blocks.requestsPerBlock(cell) ?? 1));
	}

	/** Every item was asked, and the cells left answer the same when asked again: more requests would add nothing. */
	get isRepeating(): boolean {
		const {repeats} = this.#ports.figures();
		const left = this.cells.filter((cell) => this.isIn(cell));
		return left.every((cell) => {
			const {asked = 0, same = 0} = repeats[cell] ?? {};
			return asked >= minRepeats && same >= repeating * asked;
		});
	}

	gateOf(cell: number): GateState {
		const known = this.#gates.get(cell);
		if (known !== undefined) {
			return known;
		}
		const checked = this.#ports.figures().quality[cell];
		const state = gateState(checked ?? {count: 0, passed: 0}, this.#spec.minQuality);
		if (state === 'passed' || state === 'failed') {
			this.#gates.set(cell, state);
		}
		return state;
	}

	stateOf(cell: number): VariantState {
		if (!this.#ports.isAlive(cell)) {
			return 'off';
		}
		if (!this.isIn(cell)) {
			return 'out';
		}
		return this.#standings?.leader === cell ? 'leader' : 'in';
	}

	/** The leader for the run's goal; the only cell of a contest of one. */
	get leader(): number | undefined {
		return this.cells.length === 1 ? this.cells[0] : this.#standings?.leader;
	}

	/** One verdict for each goal, that of the run first. */
	verdicts(variants: readonly VariantFigures[]): readonly Verdict[] {
		this.evaluate();
		const {minQuality, task} = this.#spec;
		const own = this.#goal;
		const figures = this.#ports.figures();
		return [own, ...goals.filter((goal) => goal !== own)].map((goal) =>
			verdictOf({
				target: this.target,
				goal,
				cells: this.cells,
				field: this.#field,
				standings: goal === own ? this.#standings : this.#evaluateFor(goal),
				figures: (cell) => variants[cell],
				checkedOf: (cell) => figures.quality[cell] ?? {count: 0, passed: 0},
				gateOf: (cell) => this.gateOf(cell),
				minQuality,
				items: task.items.length,
			}),
		);
	}

	#evaluateFor(goal: Goal): Standings | undefined {
		const field = this.#field;
		return field === undefined ? undefined : this.#eliminations.get(goal)?.evaluate(field);
	}

	get #field(): Field | undefined {
		const target = this.#spec.targets[this.target];
		if (this.#blocks === undefined || target === undefined) {
			return undefined;
		}
		return {
			blocks: this.#blocks,
			quota: target.quota,
			rivals: this.cells.length - 1,
			gateOf: (cell) => this.gateOf(cell),
			isAlive: this.#ports.isAlive,
		};
	}
}

/**
 * Total of requests that will likely be enough to decide every contest.
 * @param done Requests that are over.
 * @returns Undefined while that is not known.
 */
export function likelyRequests(contests: readonly Contest[], done: number): number | undefined {
	return contests.reduce<number | undefined>((sum, {moreRequests}) => {
		return sum === undefined || moreRequests === undefined ? undefined : sum + moreRequests;
	}, done);
}
