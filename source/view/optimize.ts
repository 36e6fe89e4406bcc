import type {OptimizeFigures} from '../domain/figures-schema.ts';

/** The screen of an optimisation: what it shows, and what its keys do. Pure. */

/** How far it is. `stopping`: nothing new is sent, what is in flight is awaited. */
type Stage = 'ready' | 'running' | 'stopping' | 'ended';

/** The run that is under way: one step of the optimisation. */
export type StepProgress = {
	readonly done: number;
	readonly total: number | null;
	readonly inFlight: number;
	/** Why nothing is sent now; null while requests flow. */
	readonly waitingFor: string | null;
	/** HTTP exchanges, quota tokens and USD of this step so far. */
	readonly requests: number;
	readonly quotaTokens: number;
	readonly costUsd: number | null;
};

export type OptimizeView = {
	readonly stage: Stage;
	readonly preset: string;
	readonly model: string;
	readonly isSimulated: boolean;
	/** What will be done, and what it costs at most; shown before the start. */
	readonly plan: readonly string[];
	/** What is being tried now. */
	readonly doing: string;
	readonly step: StepProgress | undefined;
	readonly elapsedMs: number;
	readonly figures: OptimizeFigures;
	/** Files that were written, once it is over. */
	readonly files: readonly string[];
	/** Name of the selected candidate; undefined: the first. */
	readonly selected: string | undefined;
	readonly isDetailOpen: boolean;
	/** Lines above the first of the detail, or of the plan. */
	readonly scroll: number;
};

export type OptimizeCandidate = OptimizeFigures['candidates'][number];

/**
 * The one that is tried on held-out items, then those that are still in, then those that are out; each the fewest quota
 * tokens per useful item first.
 */
export function listedCandidates({figures}: Pick<OptimizeView, 'figures'>): readonly OptimizeCandidate[] {
	const burden = ({quotaTokensPerUseful}: OptimizeCandidate): number =>
		quotaTokensPerUseful ?? Number.POSITIVE_INFINITY;
	const rank = ({name, out}: OptimizeCandidate): number =>
		name === figures.heldOut?.candidate ? 0 : out === null ? 1 : 2;
	return figures.candidates.toSorted((one, other) => rank(one) - rank(other) || burden(one) - burden(other));
}

/** The selected candidate; undefined while there is none. */
export function selectedCandidate(view: OptimizeView): OptimizeCandidate | undefined {
	const listed = listedCandidates(view);
	return listed.find(({name}) => name === view.selected) ?? listed[0];
}

/** A key as Ink names it, in the few forms that this screen knows. */
export type OptimizeKey =
	| 'start'
	| 'stop'
	| 'quit'
	| 'up'
	| 'down'
	| 'page-up'
	| 'page-down'
	| 'enter'
	| 'escape';

/** What the program does for a key. */
export type OptimizeEffect = 'start' | 'stop' | 'leave';

type Pressed = {readonly view: OptimizeView; readonly effect?: OptimizeEffect};

const pageLines = 10;

const moved = (view: OptimizeView, steps: number): OptimizeView => {
	if (view.isDetailOpen || view.stage === 'ready') {
		return {...view, scroll: Math.max(0, view.scroll + steps)};
	}
	const listed = listedCandidates(view);
	const at = listed.findIndex(({name}) => name === selectedCandidate(view)?.name);
	const next = listed[Math.max(0, Math.min(listed.length - 1, at + steps))];
	return {...view, selected: next?.name};
};

/** What a key changes, and what it asks of the program. */
export function press(view: OptimizeView, key: OptimizeKey): Pressed {
	switch (key) {
		case 'start':
			return view.stage === 'ready'
				? {view: {...view, stage: 'running', scroll: 0}, effect: 'start'}
				: {view};
		case 'stop':
			return view.stage === 'running' ? {view: {...view, stage: 'stopping'}, effect: 'stop'} : {view};
		case 'quit':
			return {
				view: view.stage === 'running' ? {...view, stage: 'stopping'} : view,
				effect: 'leave',
			};
		case 'up':
			return {view: moved(view, -1)};
		case 'down':
			return {view: moved(view, 1)};
		case 'page-up':
			return {view: moved(view, -pageLines)};
		case 'page-down':
			return {view: moved(view, pageLines)};
		case 'enter':
			return {
				view:
					selectedCandidate(view) === undefined || view.stage === 'ready'
						? view
						: {...view, isDetailOpen: !view.isDetailOpen, scroll: 0},
			};
		case 'escape':
			return {view: {...view, isDetailOpen: false, scroll: 0}};
	}
}

/** Sent and spent by now, the step under way included. */
export function spentNow({figures: {spend}, step}: Pick<OptimizeView, 'figures' | 'step'>): {
	readonly requests: number;
	readonly ofRewriter: number;
	readonly quotaTokens: number;
	readonly costUsd: number | null;
} {
	const {model, rewriter} = spend;
	const known = model.costUsd === null || rewriter.costUsd === null ? null : model.costUsd + rewriter.costUsd;
	return {
		requests: model.requests + rewriter.requests + (step?.requests ?? 0),
		ofRewriter: rewriter.requests,
		quotaTokens: model.quotaTokens + rewriter.quotaTokens + (step?.quotaTokens ?? 0),
		costUsd: known === null ? null : known + (step?.costUsd ?? 0),
	};
}
