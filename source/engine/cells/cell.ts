import type {Bucket} from '../../admission/bucket.ts';
import {type Cost, inputOf, TokenEstimator} from '../../admission/token-estimator.ts';
import {requestsForItems, utf8Bytes} from '../../domain/accounting.ts';
import type {
	Answer,
	Failure,
	FailureClass,
	InferenceRequest,
	Method,
	Received,
	Usage,
} from '../../domain/backend.ts';
import type {CellSpec, RunSpec} from '../../domain/run-config.ts';
import type {Broken} from '../../domain/run-event.ts';
import type {Target} from '../../domain/target.ts';
import {
	type Chat,
	type Item,
	type Prompt,
	type Recorded,
	recordedFor,
	type Task,
	typicalOf,
	type Variant,
} from '../../domain/task.ts';
import {MaxTokensTuner} from '../../metrics/decisions/client-settings.ts';
import {chatInLane, composePrompt, composeRecorded, composeTurn, messagesOf} from '../../prompts/compose.ts';

/** After one such failure nothing sent to this target can succeed. */
const hopeless: ReadonlySet<FailureClass> = new Set([
	'access-denied',
	'not-found',
	'needs-profile',
	'credentials',
]);
/** A cell is given up after this many lost requests in a row, unless one was answered before. */
const maxFailures = 3;

/** Characters of a prompt with its history, from which its tokens are estimated. */
const lengthOf = (prompt: Prompt): number =>
	messagesOf(prompt).reduce((sum, {text}) => sum + text.length, prompt.system?.length ?? 0);

/** UTF-8 bytes that the service did not count yet: all of a prompt, or what follows a counted history. */
const bytesOf = (prompt: Prompt): number =>
	prompt.history?.tokens === undefined
		? utf8Bytes(prompt.system ?? '') + messagesOf(prompt).reduce((sum, {text}) => sum + utf8Bytes(text), 0)
		: utf8Bytes(prompt.user);

/** What determines the cost of a request. @see LogicalRequest */
type Costed = {
	readonly prompt: Prompt;
	readonly hasFullLimit?: boolean | undefined;
	readonly maxTokens?: number | undefined;
};

/** A variant on a target in one lane of a run: what it sends, what that costs, and whether it is still worth trying. */
export class Cell {
	readonly index: number;
	readonly spec: CellSpec;
	readonly variant: Variant;
	readonly target: Target;
	readonly bucket: Bucket;
	readonly estimator: TokenEstimator;
	readonly #task: Task;
	readonly #chat: Chat | undefined;
	readonly #method: Method;
	readonly #auto: MaxTokensTuner | undefined;
	#onlyPrompt: Prompt | undefined;
	#lastRecorded: {readonly recorded: Recorded; readonly prompt: Prompt} | undefined;
	#lastSetAside: number | undefined;
	#onlyItems: readonly Item[] | undefined;
	#isCounted: boolean;
	#isGivenUp = false;
	#hasAnswered = false;
	#failuresInARow = 0;

	/** @param index Of the cell in the spec of the run. */
	constructor(run: RunSpec, index: number, bucket: Bucket) {
		const spec = run.cells[index];
		const variant = spec && run.variants[spec.variant];
		const target = spec && run.targets[spec.target];
		if (spec === undefined || variant === undefined || target === undefined) {
			throw new RangeError(`Cell ${index} names a variant or a target that the run does not have.`);
		}
		this.index = index;
		this.spec = spec;
		this.variant = variant;
		this.target = target;
		this.bucket = bucket;
		this.#task = run.task;
		this.#chat = chatInLane(run.task, spec.lane);
		const {items, recorded} = run.task;
		const length = lengthOf(
			recorded === undefined
				? this.compose(this.isChat ? [] : items.slice(0, variant.itemsPerRequest))
				: composeRecorded(variant, run.task, typicalOf(recordedFor(recorded, target.model))),
		);
		this.estimator = new TokenEstimator({...spec.inputTokens, length}, spec.expectedOutputTokens);
		this.#method = spec.method ?? run.method;
		this.#isCounted = !spec.inputTokens.isEstimated;
		this.#auto = run.isMaxTokensAuto ? new MaxTokensTuner(spec.maxTokens) : undefined;
	}

	get isAlive(): boolean {
		return !this.#isGivenUp;
	}

	/** The max tokens that requests are sent with now. */
	get maxTokens(): number {
		return this.#auto?.value ?? this.spec.maxTokens;
	}

	/** Whether it has a request at a position of the sequence: with its own items it runs out. */
	hasRequestAt(position: number): boolean {
		return position < requestsForItems(this.spec, this.variant.itemsPerRequest);
	}

	/** The items of a request by its position in the sequence; each at most once. */
	itemsAt(position: number, all: readonly Item[]): readonly Item[] {
		if (this.isChat) {
			return [];
		}
		const order = this.#ownItems(all);
		const count = Math.min(this.variant.itemsPerRequest, order.length);
		const items: Item[] = [];
		for (let offset = 0; offset < count; offset++) {
			const place = position * count + offset;
			const item = order[this.hasOwnItems ? place : place % order.length];
			if (item !== undefined) {
				items.push(item);
			}
		}
		return items;
	}

	/** It is asked for some items only, in their own order. */
	get hasOwnItems(): boolean {
		return this.spec.onlyItems !== undefined;
	}

	#ownItems(all: readonly Item[]): readonly Item[] {
		const {onlyItems} = this.spec;
		if (onlyItems === undefined) {
			return all;
		}
		const only = new Set(onlyItems);
		this.#onlyItems ??= all.filter(({index}) => only.has(index));
		return this.#onlyItems;
	}

	compose(items: readonly Item[]): Prompt {
		if (items.length > 0) {
			return composePrompt(this.variant, this.#task, items);
		}
		this.#onlyPrompt ??= composePrompt(this.variant, this.#task, items);
		return this.#onlyPrompt;
	}

	/** The prompt of a replayed request: a text of the recorded size. It is asked for again while the request waits. */
	composeRecorded(recorded: Recorded): Prompt {
		if (this.#lastRecorded?.recorded !== recorded) {
			this.#lastRecorded = {recorded, prompt: composeRecorded(this.variant, this.#task, recorded)};
		}
		return this.#lastRecorded.prompt;
	}

	/** Whether its requests are turns of conversations. */
	get isChat(): boolean {
		return this.#chat !== undefined;
	}

	/** Turns of a whole conversation; 1 where there is none. */
	get turns(): number {
		return this.#chat?.turns.length ?? 1;
	}

	/** Milliseconds from the end of an answer to the next turn. */
	get thinkMs(): number {
		return this.#chat?.thinkMs ?? 0;
	}

	/**
	 * The prompt of the next turn of a conversation. Its history costs what the service counted for the turn before and
	 * its answer; reasoning is not sent back.
	 * @param turn Counted from 0.
	 */
	composeTurn(turn: number, prompt: Prompt, answer: Answer): Prompt {
		const {usage} = answer;
		const tokens =
			usage === undefined || usage.isEstimated
				? undefined
				: inputOf(usage) + usage.outputTokens - (usage.reasoningTokens ?? 0);
		return composeTurn(this.variant, this.#task, turn, {prompt, answer: answer.text, tokens});
	}

	/** Input tokens, cached ones included, of a prompt: on the safe side. */
	inputTokens(prompt: Prompt): number {
		const known = prompt.history?.tokens;
		return known === undefined
			? this.estimator.inputTokens(lengthOf(prompt))
			: known + this.estimator.addedTokens(prompt.user.length);
	}

	/** Max tokens of a request: the configured ones where its answer was cut off with less. */
	maxTokensOf({hasFullLimit, maxTokens}: Costed): number {
		return maxTokens ?? (hasFullLimit ? this.spec.maxTokens : this.maxTokens);
	}

	/** Quota tokens of one request. */
	cost(request: Costed): Cost {
		const inputTokens = this.inputTokens(request.prompt);
		const cost = this.estimator.cost(inputTokens, this.maxTokensOf(request), this.target.burndown.value);
		this.#lastSetAside = cost.setAside;
		return cost;
	}

	/**
	 * Estimate of what a broken attempt used: by the service's count, else by the received text, else all that was set aside.
	 * @param setAside For this attempt; it is never more than that.
	 * @param maxUsd What the attempt costs at most.
	 */
	usedByBroken(prompt: Prompt, received: Received | undefined, setAside: number, maxUsd: number): Broken {
		if (received === undefined) {
			return {attempts: 1, quotaTokens: setAside, costUsd: maxUsd, maxUsd};
		}
		const input = received.inputTokens ?? this.inputTokens(prompt);
		const output = this.estimator.outputTokensOf(received.characters);
		const {price} = this.spec;
		return {
			attempts: 1,
			quotaTokens: Math.min(setAside, input + output * this.target.burndown.value),
			costUsd: price === null ? 0 : Math.min(maxUsd, input * price.input + output * price.output),
			maxUsd,
		};
	}

	/** Quota tokens that were set aside for the last request; before the first, for one of the cell's counted input. */
	get typicalSetAside(): number {
		return this.#lastSetAside ?? this.spec.inputTokens.value + this.spec.maxTokens;
	}

	/** Quota tokens that a request is expected to settle at, before any has. */
	get expectedTokens(): number {
		const {inputTokens, maxTokens} = this.spec;
		return inputTokens.value + this.estimator.outputTokens(maxTokens) * this.target.burndown.value;
	}

	/** Upper bound of the input tokens of a prompt: a text that the service did not count has at most one per byte. */
	#maxInputTokens(prompt: Prompt): number {
		const expected = this.inputTokens(prompt);
		return this.#isCounted && prompt === this.#onlyPrompt
			? expected
			: Math.max(expected, (prompt.history?.tokens ?? 0) + bytesOf(prompt));
	}

	/** USD that one request costs at most; undefined where the price is not known. */
	maxCostUsd(request: Costed): number | undefined {
		const {price} = this.spec;
		return price === null
			? undefined
			: this.#maxInputTokens(request.prompt) * Math.max(price.input, price.cacheWrite) +
					this.maxTokensOf(request) * price.output;
	}

	toInference(prompt: Prompt, maxTokens: number): InferenceRequest {
		return {
			model: this.target.model,
			baseModel: this.target.baseModel,
			method: this.#method,
			system: prompt.system,
			messages: messagesOf(prompt),
			maxTokens,
			stop: this.variant.stop,
			parameters: this.variant.parameters,
			cache: this.variant.cache,
			tier: this.target.tier ?? undefined,
		};
	}

	/** Output that a request set aside and settled at, where output has a quota of its own. */
	outputOf(
		maxTokens: number,
		{outputTokens: settled}: Usage,
	): {readonly setAside: number; readonly settled: number} | undefined {
		return this.bucket.limits.output === null
			? undefined
			: {setAside: this.estimator.outputTokens(maxTokens), settled};
	}

	/** @param maxTokens What the answer was limited to. */
	learn(prompt: Prompt, answer: Answer, usage: Usage, maxTokens: number): void {
		this.#hasAnswered = true;
		this.#failuresInARow = 0;
		this.#isCounted ||= !usage.isEstimated;
		this.estimator.learn(lengthOf(prompt), usage, answer.text.length + (answer.reasoning?.length ?? 0));
		this.#auto?.learn(usage.outputTokens, answer.isTruncated, maxTokens);
	}

	/**
	 * Counts a failure.
	 * @param isLost The request will not be tried again.
	 * @returns Whether the cell was given up by it.
	 */
	fail(failure: Failure, isLost: boolean): boolean {
		if (!isLost || this.#isGivenUp) {
			return false;
		}
		this.#failuresInARow++;
		this.#isGivenUp =
			hopeless.has(failure.class) || (!this.#hasAnswered && this.#failuresInARow >= maxFailures);
		return this.#isGivenUp;
	}

	/** Its requests can never be sent. */
	giveUp(): void {
		this.#isGivenUp = true;
	}
}

/** Values that are distinguished; a service has a handful. */
const maxKinds = 20;

/** The requested value of one sort. */
type Served = {readonly sort: 'service tier' | 'latency mode'; readonly asked: string | undefined};

const askedLatencyMode = ({variant}: Cell): string | undefined => {
	const config = variant.parameters.performanceConfig;
	const mode =
		typeof config === 'object' && config !== null && 'latency' in config ? config.latency : undefined;
	return typeof mode === 'string' ? mode : undefined;
};

/**
 * Watches the service tier and the latency mode that answers echo: a comparison must not mix them unseen. Logs when it is
 * not the requested one, and when there are several.
 * @param note Adds a line to the log.
 */
export function createTierMismatchWatch(
	note: (kind: 'tier', text: string) => void,
): (cell: Cell, answer: Pick<Answer, 'tier' | 'latencyMode'>) => void {
	const seen = new Map<string, Set<string>>();
	const check = (who: string, {sort, asked}: Served, served: string | undefined): void => {
		if (served === undefined) {
			return;
		}
		const key = `${sort} ${who}`;
		const known = seen.get(key) ?? new Set();
		if (known.has(served) || known.size >= maxKinds) {
			return;
		}
		seen.set(key, known.add(served));
		if (known.size > 1) {
			note('tier', `${who}: its figures mix answers of more than one ${sort}: ${[...known].join(', ')}.`);
		} else if (asked !== undefined && asked !== served) {
			note('tier', `${who}: the ${sort} ${asked} was asked for, answers were served by ${served}.`);
		}
	};
	return (cell, {tier, latencyMode}) => {
		const {model, tier: asked} = cell.target;
		// All variants of a target are compared; a latency mode may be what sets one variant apart from another.
		check(model, {sort: 'service tier', asked: asked ?? undefined}, tier);
		check(
			`${cell.variant.name} on ${model}`,
			{sort: 'latency mode', asked: askedLatencyMode(cell)},
			latencyMode,
		);
	};
}
