import type {Variant} from '../domain/task.ts';
import {formatCount} from '../text/numbers.ts';
import type {Outcomes, RewriterReply} from './outcomes.ts';
import {proposalsOf, requestsOf} from './proposals.ts';
import {
	afterRung,
	chanceOf,
	compare,
	planRace,
	proofOf,
	type Ranked,
	rank,
	requestsFor,
	type Track,
} from './race.ts';
import type {RewriteRequest} from './rewriter.ts';
import {
	keptForProof,
	minProofItems,
	proofItems,
	requestsBeforeProof,
	requestsOfRace,
	trainItemsFor,
} from './setup.ts';
import {type OptimizeSetup, type OptimizeState, type Round, type Spend, spentTogether} from './state.ts';

/** Leads an optimisation from the first train item to the verdict. It decides; its ports send. */

/** How a step ended; with `budget` and `stopped` nothing more may be sent. */
export type StepEnd = {
	readonly spent: Spend;
	readonly outcomes: Outcomes;
	readonly end: 'completed' | 'budget' | 'stopped';
	/** Why it was stopped, in words that follow "because"; absent: by a signal. */
	readonly why?: string | undefined;
};

/** What each variant is asked for. */
export type AskedVariants = ReadonlyArray<{readonly variant: Variant; readonly items: readonly number[]}>;

export type Ports = {
	/** Asks variants for items, at most so many requests. */
	readonly measure: (
		asked: AskedVariants,
		step: {readonly purpose: 'train' | 'race' | 'held-out'; readonly maxRequests: number},
	) => Promise<StepEnd>;
	/** Asks the rewriter. @returns One reply for each request, in order. */
	readonly rewrite: (
		requests: readonly RewriteRequest[],
		step: {readonly maxRequests: number},
	) => Promise<StepEnd & {readonly replies: readonly RewriterReply[]}>;
	/** The state after a step, or before one that is long; it is on disk when the promise resolves. */
	readonly keep: (state: OptimizeState) => Promise<void>;
	/** What is being done now, in a few words. */
	readonly announce: (text: string) => Promise<void>;
};

/** Train items that a later parent is asked for. */
const laterTrainItems = 8;
/** Select items by which the finalists go on together. */
const step = 8;
/** A chance at which more select items are not worth their requests, where nobody else is near. */
const sureChance = 0.95;
/** Part of the greatest promise from which on another candidate is near. */
const nearPart = 0.6;
/** Smallest chance for which held-out items are asked. */
const minChance = 0.02;

/** Thrown to leave the course when nothing more may be sent. */
class Ended extends Error {}

/** One optimisation. */
class Course {
	readonly #setup: OptimizeSetup;
	readonly #ports: Ports;
	#state: OptimizeState;
	#outcomes: Outcomes;

	constructor(setup: OptimizeSetup, ports: Ports, begun: {state: OptimizeState; outcomes: Outcomes}) {
		this.#setup = setup;
		this.#ports = ports;
		this.#state = begun.state;
		this.#outcomes = begun.outcomes;
	}

	async run(): Promise<OptimizeState> {
		try {
			await this.#rounds();
			await this.#choose();
			await this.#prove();
		} catch (error) {
			if (!(error instanceof Ended)) {
				throw error;
			}
		}
		return this.#state;
	}

	#change(change: Partial<OptimizeState>): void {
		this.#state = {...this.#state, ...change};
	}

	async #keep(change: Partial<OptimizeState> = {}): Promise<void> {
		this.#change(change);
		await this.#ports.keep(this.#state);
	}

	#variant(name: string): Variant {
		const found = this.#state.candidates.find(({variant}) => variant.name === name)?.variant;
		return found ?? this.#setup.baseline;
	}

	/** Asks for what is missing of these items. @throws Ended where nothing more may be sent. */
	async #measure(
		names: readonly string[],
		items: readonly number[],
		purpose: 'train' | 'race' | 'held-out',
	): Promise<void> {
		const asked = names
			.map((name) => ({
				variant: this.#variant(name),
				items: items.filter((item) => !this.#outcomes.get(name)?.has(item)),
			}))
			.filter((each) => each.items.length > 0);
		if (asked.length === 0) {
			return;
		}
		const maxRequests = this.#setup.budget.requests - this.#spent().requests;
		if (maxRequests <= 0) {
			await this.#end('the requests were used up');
		}
		const {dearestUsd} = this.#setup;
		await this.#keep({
			underWay: {requests: maxRequests, dearestUsd: dearestUsd.model, isRewriter: false},
		});
		const {outcomes, spent, ...ended} = await this.#ports.measure(asked, {purpose, maxRequests});
		this.#outcomes = outcomes;
		const {underWay, ...rest} = this.#state;
		this.#state = {...rest, model: spentTogether(rest.model, spent)};
		await this.#after(ended, purpose === 'held-out');
	}

	/** @param isLast The proof takes what there is, however its budget ended. */
	async #after({end, why}: Pick<StepEnd, 'end' | 'why'>, isLast = false): Promise<void> {
		if (end === 'stopped') {
			await this.#end(why ?? 'it was stopped');
		}
		await this.#keep();
		if (end === 'budget' && !isLast) {
			await this.#end('the budget was used up');
		}
	}

	async #end(endedBy: string): Promise<never> {
		await this.#keep({endedBy});
		throw new Ended(endedBy);
	}

	#spent(): Spend {
		return spentTogether(this.#state.model, this.#state.rewriter);
	}

	async #rounds(): Promise<void> {
		const {rounds} = this.#setup;
		for (let number = 1; number <= rounds && this.#state.chosen === undefined; number++) {
			const begun = this.#state.rounds[number - 1];
			if (begun?.isOver) {
				continue;
			}
			const parents = begun?.parents ?? this.#parentsOf(number);
			if (parents.length === 0) {
				return;
			}
			if (begun === undefined) {
				const fresh: Round = {
					number,
					parents,
					isRewritten: false,
					candidates: [],
					rungs: [],
					left: [],
					isOver: false,
				};
				await this.#keep({rounds: [...this.#state.rounds, fresh]});
			}
			await this.#oneRound(number);
		}
	}

	#round(number: number): Round {
		return this.#state.rounds[number - 1] as Round;
	}

	async #setRound(number: number, change: Partial<Round>, also: Partial<OptimizeState> = {}): Promise<void> {
		const rounds = this.#state.rounds.map((round) =>
			round.number === number ? {...round, ...change} : round,
		);
		await this.#keep({...also, rounds});
	}

	async #oneRound(number: number): Promise<void> {
		const {split, baseline} = this.#setup;
		const round = this.#round(number);
		if (!round.isRewritten) {
			const count = number === 1 ? trainItemsFor(this.#setup) : laterTrainItems;
			await this.#ports.announce(`Round ${number}: ${round.parents.join(', ')} on train items.`);
			await this.#measure(round.parents, split.train.slice(0, count), 'train');
			await this.#rewrite(number);
		}
		const fresh = this.#round(number).candidates;
		const rungs = this.#round(number).rungs;
		if (rungs.length === 0) {
			const has = split.select.filter((item) => this.#outcomes.get(baseline.name)?.has(item)).length;
			const plan = planRace(
				fresh.map((name) => this.#variant(name)),
				requestsOfRace(this.#setup, this.#state, number),
				split.select.length,
				has,
			);
			const crowded = fresh.slice(plan.candidates);
			await this.#setRound(
				number,
				{rungs: plan.rungs, candidates: fresh.slice(0, plan.candidates)},
				{out: {...this.#state.out, ...reasons(crowded, 'there were no requests left for it')}},
			);
		}
		await this.#race(number);
	}

	/** The members of the front that nobody has rewritten yet. */
	#parentsOf(number: number): readonly string[] {
		if (number === 1) {
			return [this.#setup.baseline.name];
		}
		const asked = this.#state.rounds.flatMap(({parents}) => parents);
		const promising = this.#finalists().filter(({promise}) => promise > 0);
		return promising
			.map(({name}) => name)
			.filter((name) => !asked.includes(name))
			.slice(0, 2);
	}

	async #rewrite(number: number): Promise<void> {
		const {dearestUsd, budget} = this.#setup;
		const requests = requestsOf(this.#setup, this.#state, this.#outcomes, this.#round(number));
		await this.#ports.announce(`Round ${number}: asking the rewriter for ${requests.length} rewrites.`);
		const maxRequests = budget.requests - this.#spent().requests;
		await this.#keep({
			underWay: {requests: maxRequests, dearestUsd: dearestUsd.rewriter, isRewriter: true},
		});
		const {replies, spent, end, why} = await this.#ports.rewrite(requests, {maxRequests});
		const {underWay, ...rest} = this.#state;
		this.#state = {...rest, rewriter: spentTogether(rest.rewriter, spent)};
		if (end !== 'stopped') {
			const {candidates, dropped} = proposalsOf(this.#setup, this.#state, number, requests, replies);
			await this.#setRound(
				number,
				{isRewritten: true, candidates: candidates.map(({variant}) => variant.name)},
				{
					candidates: [...this.#state.candidates, ...candidates],
					dropped: [...this.#state.dropped, ...dropped],
				},
			);
		}
		// Without a rewriter the other candidates may still race.
		await this.#after({end, why}, true);
	}

	#track(items: readonly number[]): Track {
		const {baseline, bar} = this.#setup;
		return {
			outcomes: this.#outcomes,
			baseline: baseline.name,
			items,
			bar,
			heldOut: keptForProof(this.#setup, this.#state),
			rivals: Math.max(1, this.#state.candidates.length),
		};
	}

	async #race(number: number): Promise<void> {
		const {split, baseline} = this.#setup;
		const {rungs, candidates} = this.#round(number);
		let left: readonly string[] = candidates;
		for (const [index, {items: count}] of rungs.entries()) {
			const items = split.select.slice(0, count);
			await this.#ports.announce(
				`Round ${number}: ${formatCount(left.length)} ${left.length === 1 ? 'candidate' : 'candidates'} on ${formatCount(count)} select items.`,
			);
			await this.#measure([baseline.name, ...left], items, 'race');
			const next = afterRung(this.#track(items), left, rungs[index + 1]?.candidates ?? left.length);
			left = next.left;
			const out = Object.fromEntries(next.leaving.map(({name, reason}) => [name, reason]));
			await this.#setRound(number, {left}, {out: {...this.#state.out, ...out}});
			if (left.length === 0) {
				break;
			}
		}
		await this.#setRound(number, {isOver: true, left});
	}

	/** Those that are left of all rounds, on all select items that both have. */
	#finalists(): readonly Ranked[] {
		const left = [...new Set(this.#state.rounds.flatMap((round) => round.left))];
		return rank(
			this.#track(this.#setup.split.select),
			left.filter((name) => this.#state.out[name] === undefined),
		);
	}

	/** Brings the two that promise most to more select items while they are near each other, then names one. */
	async #choose(): Promise<void> {
		if (this.#state.chosen !== undefined) {
			return;
		}
		const {split, baseline, bar} = this.#setup;
		for (;;) {
			const [first, second] = this.#finalists().filter(({promise}) => promise > 0);
			if (first === undefined) {
				break;
			}
			const isNear = second !== undefined && second.promise > first.promise * nearPart;
			const isSure = chanceOf(first.comparison, bar, keptForProof(this.#setup, this.#state)) >= sureChance;
			const names = [baseline.name, first.name, ...(isNear ? [second.name] : [])];
			const missing = (name: string) => split.select.filter((item) => !this.#outcomes.get(name)?.has(item));
			const fewest = Math.min(...names.map((name) => split.select.length - missing(name).length));
			const items = split.select.slice(0, fewest + step);
			const cost = names.reduce(
				(sum, name) =>
					sum + requestsFor(this.#variant(name), items.filter((item) => missing(name).includes(item)).length),
				0,
			);
			if ((isSure && !isNear) || cost === 0 || cost > requestsBeforeProof(this.#setup, this.#state)) {
				break;
			}
			await this.#ports.announce(
				`Comparing ${names.join(', ')} on ${formatCount(items.length)} select items.`,
			);
			await this.#measure(names, items, 'race');
		}
		const [best] = this.#finalists();
		const packed = best === undefined ? 1 : this.#variant(best.name).itemsPerRequest;
		const items = proofItems(this.#setup, this.#state, packed);
		const chance = best === undefined ? 0 : chanceOf(best.comparison, bar, Math.max(1, items));
		const isWorthIt = best !== undefined && best.promise > 0 && chance >= minChance;
		if (isWorthIt && items < Math.min(minProofItems, split.heldOut.length)) {
			await this.#end('too few requests were left for the held-out items');
		}
		await this.#keep({chosen: isWorthIt ? {name: best.name, items} : null});
	}

	/** One candidate, named before, tried once. */
	async #prove(): Promise<void> {
		const {chosen, proof} = this.#state;
		const {split, baseline, bar} = this.#setup;
		if (chosen == null || proof !== undefined) {
			return;
		}
		const items = split.heldOut.slice(0, chosen.items);
		await this.#ports.announce(`Verdict: ${chosen.name} on ${formatCount(items.length)} held-out items.`);
		await this.#measure([baseline.name, chosen.name], items, 'held-out');
		const found = proofOf(compare(this.#outcomes, baseline.name, chosen.name, items), bar);
		await this.#keep(found === undefined ? {} : {proof: found});
	}
}

const reasons = (names: readonly string[], reason: string): Readonly<Record<string, string>> =>
	Object.fromEntries(names.map((name) => [name, reason]));

/**
 * Leads an optimisation to its end.
 * @param begun What an interrupted one has left; else an empty state and no outcomes.
 * @returns Its last state: with a proof, with nothing chosen, or with the reason why it ended before.
 */
export async function optimize(
	setup: OptimizeSetup,
	ports: Ports,
	begun: {readonly state: OptimizeState; readonly outcomes: Outcomes},
): Promise<OptimizeState> {
	return new Course(setup, ports, begun).run();
}
