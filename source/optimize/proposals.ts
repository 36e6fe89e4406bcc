import type {Variant} from '../domain/task.ts';
import {formatCount} from '../text/numbers.ts';
import {
	type Contender,
	type Dropped,
	faultOf,
	freeName,
	type RewriteKind,
	rewriteKinds,
} from './candidates.ts';
import type {Outcomes, RewriterReply} from './outcomes.ts';
import {type Example, type RewriteRequest, readRewrites, worstExamples} from './rewriter.ts';
import type {OptimizeSetup, OptimizeState, Round} from './state.ts';

/** What a round asks of the rewriter, and which candidates its replies give. */

/** Most candidates of the first round, and of each later one. */
const maxCandidates = {first: 12, later: 4};
/** Rewrites of one kind that are asked for in the first round, and in each later one. */
const rewritesOfKind = {first: 2, later: 1};
/** Kinds that a later round asks for, over all parents. */
const laterKinds = 4;

const variantNamed = ({baseline}: OptimizeSetup, {candidates}: OptimizeState, name: string): Variant =>
	candidates.find(({variant}) => variant.name === name)?.variant ?? baseline;

/** Kinds that are asked for, each of one parent: all in the first round, then those that a parent is not made by. */
const wishesOf = (
	{candidates}: OptimizeState,
	{number, parents}: Round,
): ReadonlyArray<{readonly parent: string; readonly kind: RewriteKind}> =>
	parents.flatMap((parent) => {
		const own = candidates.find(({variant}) => variant.name === parent)?.kind;
		const kinds = rewriteKinds.filter((kind) => kind !== own);
		const count = number === 1 ? kinds.length : Math.floor(laterKinds / parents.length);
		return kinds.slice(0, count).map((kind) => ({parent, kind}));
	});

/** The worst answers of a variant to train items. */
const examplesOf = (
	{task, split, burndown, maxTokens}: OptimizeSetup,
	outcomes: Outcomes,
	parent: Variant,
): readonly Example[] => {
	const items = new Map(task.items.map((item) => [item.index, item]));
	const answered = split.train.flatMap((index) => {
		const outcome = outcomes.get(parent.name)?.get(index);
		const item = items.get(index);
		if (outcome === undefined || outcome.isLost || item === undefined) {
			return [];
		}
		const {input, output} = outcome.tokens;
		const quotaTokens = {
			input: Math.round(input),
			output: Math.round(output * burndown),
			reserved: Math.round(input + (parent.maxTokens ?? maxTokens)),
		};
		return [{item, answer: outcome.answer, failed: outcome.failed, quotaTokens}];
	});
	return worstExamples(answered);
};

/** The requests of a round to the rewriter. */
export function requestsOf(
	setup: OptimizeSetup,
	state: OptimizeState,
	outcomes: Outcomes,
	round: Round,
): readonly RewriteRequest[] {
	const {maxTokens, burndown} = setup;
	return wishesOf(state, round).map(({parent: name, kind}) => {
		const parent = variantNamed(setup, state, name);
		const count = round.number === 1 ? rewritesOfKind.first : rewritesOfKind.later;
		return {kind, parent, count, maxTokens, burndown, examples: examplesOf(setup, outcomes, parent)};
	});
}

/** Candidates of each kind in turn, so that no kind takes all places. */
const inTurn = (candidates: readonly Contender[]): readonly Contender[] => {
	const kinds = [...Map.groupBy(candidates, ({kind}) => kind).values()];
	const longest = Math.max(0, ...kinds.map((each) => each.length));
	return Array.from({length: longest}, (_, place) =>
		kinds.flatMap((each) => each.slice(place, place + 1)),
	).flat();
};

/** Rewrites of one reply, each a candidate or why it is none. */
const readReply = (
	setup: OptimizeSetup,
	known: readonly Variant[],
	round: number,
	{kind, parent, count}: RewriteRequest,
	reply: RewriterReply | undefined,
): ReadonlyArray<Contender | Dropped> => {
	const drop = (of: RewriteKind, reason: string): Dropped => ({round, parent: parent.name, kind: of, reason});
	const read =
		reply === undefined || 'fault' in reply
			? {fault: reply?.fault ?? 'the rewriter was not asked'}
			: readRewrites(reply.text, kind, count, parent);
	if ('fault' in read) {
		return [drop(kind, read.fault)];
	}
	const {task, maxTokens, baseline} = setup;
	const tried = [baseline, ...known];
	return read.rewrites.map((rewrite) => {
		if ('fault' in rewrite) {
			return drop(rewrite.kind, rewrite.fault);
		}
		const name = freeName(`${rewrite.kind}-${round}`, [
			setup.rewriterName,
			...tried.map((each) => each.name),
		]);
		const variant = {...rewrite.variant, name};
		const fault = faultOf(variant, parent, {task, maxTokens}, tried);
		if (fault !== undefined) {
			return drop(rewrite.kind, fault);
		}
		tried.push(variant);
		return {variant, parent: parent.name, kind: rewrite.kind, round, why: rewrite.why};
	});
};

const isCandidate = (offer: Contender | Dropped): offer is Contender => 'variant' in offer;

/**
 * The candidates that come in with a round, and what does not.
 * @param replies Of the requests, in their order.
 */
export function proposalsOf(
	setup: OptimizeSetup,
	state: OptimizeState,
	round: number,
	requests: readonly RewriteRequest[],
	replies: readonly RewriterReply[],
): {readonly candidates: readonly Contender[]; readonly dropped: readonly Dropped[]} {
	const offered: Contender[] = round === 1 ? [...setup.own] : [];
	const dropped: Dropped[] = round === 1 ? [...setup.dropped] : [];
	for (const [index, request] of requests.entries()) {
		const known = [...state.candidates, ...offered].map(({variant}) => variant);
		const read = readReply(setup, known, round, request, replies[index]);
		offered.push(...read.filter(isCandidate));
		dropped.push(...read.filter((each): each is Dropped => !isCandidate(each)));
	}
	const most = round === 1 ? maxCandidates.first : maxCandidates.later;
	const candidates = inTurn(offered).slice(0, most);
	const late = offered
		.filter((each) => !candidates.includes(each))
		.map(({parent, kind, variant}) => ({
			round,
			parent: parent ?? variant.name,
			kind,
			reason: `${formatCount(most)} others were offered before it`,
		}));
	return {candidates, dropped: [...dropped, ...late]};
}

/** A template that neither the preset nor the rewriter wrote. */
type Foreign = {
	readonly template: string;
	/** Absent: that of the variant to beat stays. */
	readonly system?: string | undefined;
	readonly kind: 'imported' | 'optimize-prompt';
	/** Where it was found. */
	readonly where: string;
};

/** The setup with templates from elsewhere among its first candidates; what cannot be tried is dropped with its reason. */
export function withForeign(setup: OptimizeSetup, templates: readonly Foreign[]): OptimizeSetup {
	const {baseline, task, maxTokens} = setup;
	const [own, dropped] = [[...setup.own], [...setup.dropped]];
	for (const {template, system = baseline.system, kind, where} of templates) {
		const tried = [baseline, ...own.map(({variant}) => variant)];
		const name = freeName(kind, [setup.rewriterName, ...tried.map((each) => each.name)]);
		const variant = {...baseline, name, instruction: template, system};
		const reason = faultOf(variant, baseline, {task, maxTokens}, tried);
		const offer = {parent: baseline.name, kind, round: 1} as const;
		if (reason === undefined) {
			own.push({...offer, variant, why: where});
		} else {
			dropped.push({...offer, reason: `${reason} (${where})`});
		}
	}
	return {...setup, own, dropped};
}
