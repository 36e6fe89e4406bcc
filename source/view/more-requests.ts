import type {MoreRequests} from '../domain/snapshot.ts';
import {formatCount, formatSpan, formatUsd} from '../text/numbers.ts';
import {cleanText} from '../text/width.ts';
import {noEffect, type Transition, withEffects, withFlash} from './actions.ts';
import {keyOf} from './keymap.ts';
import {isRunning} from './selectors.ts';
import type {State} from './state.ts';

/** `a`: requests that are added to the run that has just ended. */

type Offer = Extract<MoreRequests, {kind: 'offered'}>;

/** What can be added now; undefined where nothing can. */
export function offeredMore({stage, snapshot}: State): Offer | undefined {
	return stage.kind === 'ended' && snapshot?.more?.kind === 'offered' ? snapshot.more : undefined;
}

/** Why nothing can be added now, as half a sentence; undefined where something can. */
export function notAddable(state: State): string | undefined {
	if (isRunning(state)) {
		return 'adds requests once the run has ended';
	}
	if (state.stage.kind !== 'ended') {
		return `no run has just ended: ${keyOf(state, 'run')} runs one`;
	}
	const more = state.snapshot?.more;
	return more?.kind === 'refused'
		? more.reason
		: more === undefined
			? 'nothing can be added to this run'
			: undefined;
}

/** Cost and time of what is added: `about $0.005, about 10 s`. */
function priceWords({costUsd, durationMs}: Offer, isDemo: boolean): string {
	const cost = costUsd === null ? 'price not known' : `about ${formatUsd(costUsd)}`;
	const time = durationMs === null ? [] : [`about ${formatSpan(durationMs)}`];
	return [...(isDemo ? [] : [cost]), ...time].join(', ');
}

/** For a line beside the verdict: `adds 20 to each (about $0.005, about 10 s)`. */
export function moreHint(offer: Offer, isDemo: boolean): string {
	const whom = offer.variants.length > 1 ? ' to each' : '';
	return `adds ${formatCount(offer.perVariant)}${whom} (${priceWords(offer, isDemo)})`;
}

/** What would be added, in two sentences. */
export function moreQuestion(offer: Offer): readonly string[] {
	const {requests, perVariant, variants, isDeciding} = offer;
	const names = variants.map((name) => cleanText(name)).join(', ');
	const each = variants.length > 1 ? `, ${formatCount(perVariant)} each for ${names}` : ` for ${names}`;
	return [
		`${formatCount(requests)} more ${requests === 1 ? 'request' : 'requests'}${each}: ${priceWords(offer, false)}.`,
		isDeciding || variants.length < 2
			? 'What was measured is kept.'
			: 'What was measured is kept. They will hardly change the verdict.',
	];
}

/** Adds requests; where they cost money, asks first. */
export function addRequests(state: State): Transition {
	const offer = offeredMore(state);
	if (offer === undefined) {
		return noEffect(state);
	}
	return state.isDemo
		? sendMore(withFlash(state, moreHint(offer, true)))
		: noEffect({...state, overlay: {kind: 'more-question'}});
}

/** The answer to the question was yes. */
export function sendMore(state: State): Transition {
	const offer = offeredMore(state);
	if (offer !== undefined && !state.isDemo && state.shownPlan !== offer) {
		return noEffect(withFlash(state, 'enlarge the terminal to see what it costs first'));
	}
	const closed: State = {...state, overlay: undefined};
	return offer === undefined
		? noEffect(closed)
		: withEffects(
				{...closed, stage: {kind: 'running'}, asked: undefined, stoppedMs: undefined, frozen: undefined},
				{type: 'send-more'},
			);
}
