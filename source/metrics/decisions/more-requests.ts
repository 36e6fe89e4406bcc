import type {VariantFigures} from '../../domain/figures-schema.ts';
import type {RunSpec} from '../../domain/run-spec.ts';
import type {MoreRequests, StoppedBy} from '../../domain/snapshot.ts';
import type {Wants} from './elimination.ts';

/** Added where nothing says how many would decide. */
const usual = 20;
/** Added at once at most: then the figures are looked at again. */
const maxAdded = 200;

type Ended = {
	readonly spec: Pick<RunSpec, 'load' | 'cells' | 'isBalanced'>;
	readonly stoppedBy: StoppedBy | undefined;
	/** Of each cell. */
	readonly variants: readonly VariantFigures[];
	/** Whether a cell would be sent: it is in, and not given up. */
	readonly isSent: (cell: number) => boolean;
	/** What would decide the contest of each target; undefined where nothing is compared, or it is decided. */
	readonly wants: ReadonlyArray<Wants | undefined>;
	/** Requests of one block of a variant, at most: 1 where variants pack alike. */
	readonly requestsPerBlock: number;
	/** Requests that are over, and the time that they took, without pauses. */
	readonly done: number;
	readonly runningMs: number;
};

const endedBy: Readonly<Record<StoppedBy, string | undefined>> = {
	key: undefined,
	signal: 'the run was ended by a signal',
	requests: 'the run has reached --max-requests',
	cost: 'the run has reached --max-cost',
	day: 'the daily token quota is used up',
	fault: 'the run failed',
};

/** Why an ended run can't go on; undefined where it can. */
const refusalOf = ({spec: {load, cells}, stoppedBy, variants, isSent}: Ended): string | undefined => {
	const ending = stoppedBy === undefined ? undefined : endedBy[stoppedBy];
	if (ending !== undefined) {
		return ending;
	}
	if (load.shape === 'replay') {
		return 'a replay ends with its recording';
	}
	if (load.shape === 'rate' || cells.some(({ratePerMinute}) => ratePerMinute !== null)) {
		return 'a load with a rate goes by its schedule';
	}
	if (load.requests === null) {
		return 'this load ends by time';
	}
	if (cells.some(({onlyItems}) => onlyItems !== undefined)) {
		return 'a resumed run asks for what is missing, and no more';
	}
	return variants.some((_, cell) => isSent(cell)) ? undefined : 'no variant is left';
};

/** Blocks that would decide, as far as that is known. */
const blocksOf = (wants: Wants): number | undefined => {
	switch (wants.what) {
		case 'blocks':
			return wants.more;
		case 'pass':
			return wants.left;
		case 'rounds':
			return usual;
		case 'items':
		case 'least-items':
		case 'nothing':
			return undefined;
	}
};

const sumOrUndefined = (values: ReadonlyArray<number | null>): number | null =>
	values.reduce<number | null>((sum, value) => (sum === null || value === null ? null : sum + value), 0);

/**
 * What can be added to a run that has ended: requests for each variant that is still in, as many as will likely decide
 * between them. Cost and time are those of its requests so far.
 */
export function moreRequestsOf(ended: Ended): MoreRequests {
	const reason = refusalOf(ended);
	if (reason !== undefined) {
		return {kind: 'refused', reason: `${reason}: r runs again`};
	}
	const {spec, variants, isSent, wants, requestsPerBlock, done, runningMs} = ended;
	const blocks = wants.flatMap((each) => (each === undefined ? [] : (blocksOf(each) ?? [])));
	const perVariant = Math.min(
		maxAdded,
		Math.max(...blocks, blocks.length === 0 ? usual : 1) * requestsPerBlock,
	);
	const sent = variants.filter((_, cell) => isSent(cell));
	const entries = spec.isBalanced ? new Set(sent.map(({name}) => name)).size : sent.length;
	const requests = perVariant * entries;
	const perRequest = sumOrUndefined(sent.map((figures) => figures.perRequest.costUsd.mean));
	return {
		kind: 'offered',
		perVariant,
		requests,
		variants: [...new Set(sent.map(({name}) => name))],
		isDeciding: blocks.length > 0,
		costUsd: perRequest === null ? null : (perRequest / sent.length) * requests,
		durationMs: done === 0 ? null : (runningMs / done) * requests,
	};
}
