import type {Lane} from '../../domain/lane.ts';
import type {RunSpec} from '../../domain/run-spec.ts';
import type {Figures} from '../../metrics/figures/figures.ts';
import {indexOf} from '../../metrics/figures/request-measures.ts';
import type {CellState} from '../cells/cell-state.ts';
import {Ladder, type Rung} from './ladder.ts';

/** Whether the variants of a lane form a ladder: only where the load does not compare them. */
export const isAdaptive = ({policy, load}: Pick<RunSpec, 'policy' | 'load'>): boolean =>
	policy === 'adaptive' && load.shape !== 'measure' && load.shape !== 'serial';

export type AdaptivePorts = {
	readonly spec: RunSpec;
	/** As they are when it is asked. */
	readonly figures: () => Figures;
	/** Told of every switch, in words. */
	readonly onSwitch: (text: string) => void;
};

/** Chooses out of cells of one target and lane the one that the fill of their bucket allows. */
export type AdaptiveChoice = (cells: readonly CellState[], lane: Lane) => CellState | undefined;

/** Makes the choice of an adaptive run; it remembers each lane's step on each target. */
export const createAdaptiveChoice = ({spec, figures, onSwitch}: AdaptivePorts): AdaptiveChoice => {
	const present = new Set(spec.cells.map(({lane}) => lane));
	const ladders = new Map<string, {readonly ladder: Ladder; last: CellState | undefined}>();

	const ladderOf = (lane: Lane, target: number): {readonly ladder: Ladder; last: CellState | undefined} => {
		const key = `${lane} ${target}`;
		const known = ladders.get(key) ?? {
			ladder: new Ladder(lane, present, spec.minQuality),
			last: undefined,
		};
		ladders.set(key, known);
		return known;
	};

	const rungOf = (state: CellState): Rung => {
		const {requests: all, variants, quality} = figures();
		const requests = all[state.index];
		const totals = variants[state.index];
		const answered = totals?.requests.succeeded ?? 0;
		const {count = 0, passed = 0} = quality[state.index] ?? {};
		return {
			cell: state.index,
			tokensPerRequest: answered > 0 ? (requests?.mean(indexOf('quotaTokens')) ?? 0) : state.expectedTokens,
			sent: totals?.requests.sent ?? 0,
			items: {
				count: answered * state.variant.itemsPerRequest,
				useful: Math.min(totals?.items.useful ?? 0, answered * state.variant.itemsPerRequest),
			},
			checked: {count, passed},
		};
	};

	return (cells, lane) => {
		const [first] = cells;
		if (first === undefined) {
			return undefined;
		}
		const step = ladderOf(lane, first.cell.target);
		// What is kept back for the lanes above is full to this one: else it would be blocked before it steps down.
		const fill = 1 - first.bucket.roomLeft(lane);
		const chosen = step.ladder.choose(cells.map(rungOf), fill);
		const cell = cells.find(({index}) => index === chosen);
		if (cell !== undefined && cell !== step.last) {
			const from = step.last === undefined ? '' : `${step.last.variant.name} -> `;
			const percent = Math.round(fill * 100);
			onSwitch(
				`${cell.target.model}, lane ${lane}: ${from}${cell.variant.name}, the bucket is ${percent} % full.`,
			);
			step.last = cell;
		}
		return cell;
	};
};
