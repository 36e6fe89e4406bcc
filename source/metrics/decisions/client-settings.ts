import type {Distribution, VariantFigures} from '../../domain/figures-schema.ts';
import type {Advice} from '../../domain/snapshot.ts';
import type {Quota} from '../../domain/target.ts';
import {formatCount, formatDurationMs} from '../../text/numbers.ts';
import {Quantiles} from '../statistics/streams.ts';
import {sustainableUnderReservation, type TypicalRequest} from './sustainable.ts';

/** What the client of a model should be set to, by the answers that were measured: max tokens and the read timeout. */

/** The max tokens that answers need: as advice, and set by itself with `--max-tokens auto`. */

/** Minimum of answers for an advice. */
const minAnswers = 20;
/** From this many answers on the p99 counts; below, the longest answer with a margin. */
const manyAnswers = 100;
const roundTo = 8;

/** A max tokens that nearly every answer fits into: p99 + 5%, with fewer answers the longest x (1 + 1 / sqrt(n)). */
function fittingMaxTokens(outputs: Quantiles): number {
	const {count} = outputs;
	const tokens =
		count >= manyAnswers ? outputs.at(0.99) * 1.05 : outputs.max * (1 + 1 / Math.sqrt(Math.max(1, count)));
	return rounded(tokens);
}

const rounded = (tokens: number): number => Math.max(roundTo, Math.ceil(tokens / roundTo) * roundTo);

/** Answers from which on the share of longer ones is bounded. */
const firstLook = 30;
/** How often the bound may be wrong, over all looks at it together. */
const level = 0.05;

/**
 * Greatest share of answers that may be longer than the longest of `count`, wrong in 5% of cases however often it is looked
 * at: with each doubling of the answers a smaller part of the 5% is spent.
 * @returns Undefined below 30 answers.
 */
export function longerShareBound(count: number): number | undefined {
	if (count < firstLook) {
		return undefined;
	}
	const doublings = Math.floor(Math.log2(count / firstLook));
	const spent = level / ((doublings + 1) * (doublings + 2));
	return 1 - spent ** (1 / (firstLook * 2 ** doublings));
}

/**
 * Advises max tokens from the answers so far. The service sets all of it aside while a request is in flight, so too much
 * costs throughput.
 * @param maxTokens What is sent now; the advice never exceeds it.
 * @param least The advice is never below it.
 * @param truncated Answers that were cut off: their true length is not known, so nothing is advised.
 * @returns `truncationRisk` by the rule of succession: (answers above the value + 1) / (answers + 2). The rate leaves room for
 * asking what is cut off once more, with the max tokens of now.
 */
export function adviseMaxTokens(
	outputs: Quantiles,
	truncated: number,
	maxTokens: number,
	quota: Quota,
	request: TypicalRequest,
	least = 0,
): VariantFigures['maxTokensAdvice'] {
	if (outputs.count < minAnswers || truncated > 0) {
		return {value: null, truncationRisk: null, sustainablePerMinute: null};
	}
	const value = Math.min(maxTokens, Math.max(fittingMaxTokens(outputs), rounded(least)));
	const reservedTokens = Math.max(request.quotaTokens, request.reservedTokens - (maxTokens - value));
	const truncationRisk = (outputs.countAbove(value) + 1) / (outputs.count + 2);
	const reservedByService =
		request.reservedByService === undefined ? undefined : request.reservedByService - (maxTokens - value);
	const fitting = sustainableUnderReservation(quota, {...request, reservedTokens, reservedByService});
	const full = sustainableUnderReservation(quota, request);
	return {
		value,
		truncationRisk,
		sustainablePerMinute: fitting && full ? 1 / (1 / fitting + truncationRisk / full) : (fitting ?? null),
	};
}

/** Answers that are needed before the configured max tokens change. */
const minTuned = 4;
/** Extra room while few answers are known: the longest one x (1 + 4 / sqrt(n)). */
const caution = 4;

/**
 * Right-sizes the max tokens of a cell from its answers (`--max-tokens auto`): the service sets all of it aside while a
 * request is in flight, so what no answer needs is throughput lost. An answer that is cut off raises it for good.
 */
export class MaxTokensTuner {
	readonly #cap: number;
	readonly #outputs = new Quantiles();
	#floor = 0;

	/** @param cap The max tokens asked for; never exceeded. */
	constructor(cap: number) {
		this.#cap = cap;
	}

	get value(): number {
		if (this.#outputs.count < minTuned) {
			return this.#cap;
		}
		const cautious = this.#outputs.max * (1 + caution / Math.sqrt(this.#outputs.count));
		const fitting = Math.max(
			fittingMaxTokens(this.#outputs),
			Math.ceil(Math.min(cautious, 4 * this.#outputs.max)),
		);
		return Math.min(this.#cap, Math.max(this.#floor, fitting));
	}

	/** @param maxTokens What the answer was limited to. */
	learn(outputTokens: number, isTruncated: boolean, maxTokens: number): void {
		this.#outputs.add(outputTokens);
		if (isTruncated) {
			this.#floor = Math.max(this.#floor, 2 * maxTokens);
		}
	}
}

/** Smallest relative change worth logging. */
const minPart = 0.05;
/** Milliseconds between two lines about a variant. */
const minMs = 5000;

type Learnt = {
	readonly logged: number;
	readonly loggedAtMs: number;
	readonly value: number;
	readonly name: string;
};

/**
 * Logs how the max tokens of the cells are right-sized (`--max-tokens auto`). Nearly every answer moves them a little: a
 * cell gets a line for a change that matters, at most every few seconds, and for the value at the end.
 */
export class MaxTokensLog {
	readonly #note: (text: string) => void;
	readonly #cells = new Map<number, Learnt>();

	/** @param note Enters a line in the log. */
	constructor(note: (text: string) => void) {
		this.#note = note;
	}

	/**
	 * @param cell Index of the cell.
	 * @param before Max tokens before the answer that changed it.
	 * @param atMs Milliseconds since the start.
	 */
	changed(cell: number, name: string, before: number, value: number, atMs: number): void {
		const known = this.#cells.get(cell);
		const {logged, loggedAtMs} = known ?? {logged: before, loggedAtMs: Number.NEGATIVE_INFINITY};
		this.#cells.set(cell, {logged, loggedAtMs, value, name});
		if (Math.abs(value - logged) >= minPart * logged && atMs - loggedAtMs >= minMs) {
			this.#log(cell, atMs);
		}
	}

	/** Logs the last value of each cell, unless it was logged. */
	finish(atMs: number): void {
		for (const cell of this.#cells.keys()) {
			this.#log(cell, atMs);
		}
	}

	#log(cell: number, atMs: number): void {
		const learnt = this.#cells.get(cell);
		if (learnt !== undefined && learnt.value !== learnt.logged) {
			const {name, logged, value} = learnt;
			this.#note(`${name}: max tokens ${logged} -> ${value}, learnt from its answers.`);
			this.#cells.set(cell, {...learnt, logged: value, loggedAtMs: atMs});
		}
	}
}

/**
 * How long an application may wait for an answer before its client gives up: what clients do by default, beside what the
 * answers of a run took.
 */

/** A client's read timeout where its user sets none. */
type ReadTimeout = {
	readonly seconds: number;
	/** Whose it is. */
	readonly clients: string;
	readonly source: string;
	/** When the source was read. */
	readonly asOf: string;
};

/** In rising order. Clients without a limit of their own are left out: the AWS SDKs for JavaScript and Go. */
export const readTimeouts: readonly ReadTimeout[] = [
	{
		seconds: 30,
		clients: 'AWS SDK for Java 2.x',
		source: 'READ_TIMEOUT of SdkHttpConfigurationOption; langchain4j/langchain4j#2737',
		asOf: '2026-11-30',
	},
	{
		seconds: 60,
		clients: 'boto3, AWS CLI',
		source: 'botocore reference, read_timeout of Config',
		asOf: '2026-11-30',
	},
	{
		seconds: 100,
		clients: 'AWS SDK for .NET',
		source: '.NET reference, HttpClient.Timeout',
		asOf: '2026-11-30',
	},
	{
		seconds: 600,
		clients: 'SDKs of Anthropic and OpenAI',
		source: 'DEFAULT_TIMEOUT of @anthropic-ai/sdk 1.14 and openai 6.49',
		asOf: '2026-11-30',
	},
];

type Latencies = Pick<VariantFigures, 'name' | 'latencyMs'>;

/** A time that one answer in a hundred reaches; the longest while too few came to know that. */
const slowest = ({p99, max}: Distribution): number | null => p99 ?? max;

/** Of one attempt, from send to last byte: what a read timeout sees. A run's total has its waits and repeats, too. */
const slowestAttempt = ({latencyMs}: Latencies): number | null => slowest(latencyMs.service);

/** Whether a client that waits so long gives up on slow answers of a variant. */
export function cuts({seconds}: ReadTimeout, variant: Latencies): boolean {
	return (slowestAttempt(variant) ?? 0) >= seconds * 1000;
}

/** The default in words: `30 s (AWS SDK for Java 2.x)`. */
const timeoutWords = ({seconds, clients}: ReadTimeout): string => `${seconds} s (${clients})`;

/** More of a total than of its attempt: the rest was waiting for the quota, or attempts that failed. */
const waitedRatio = 1.1;

/** `concise 41.2s`, or where p99 is not known `concise – (longest of 20 answers 41.2s)`. */
const p99Words = (variant: Latencies): string => {
	const {total} = variant.latencyMs;
	const whole = slowest(total);
	const attempt = slowestAttempt(variant);
	const notes = [
		...(total.p99 === null
			? [`longest of ${formatCount(total.count)} answers ${formatDurationMs(whole)}`]
			: []),
		...(whole !== null && attempt !== null && whole > attempt * waitedRatio
			? [`${formatDurationMs(attempt)} without waits and repeats`]
			: []),
	];
	return `${variant.name} ${formatDurationMs(total.p99)}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
};

/** p99 of total of each variant that was answered, in a sentence; undefined where none was. */
export function p99Sentence(variants: readonly Latencies[]): string | undefined {
	const answered = variants.filter(({latencyMs}) => latencyMs.total.count > 0);
	return answered.length === 0 ? undefined : `p99 of total: ${answered.map(p99Words).join(', ')}.`;
}

/** What to set where clients give up too early by default; nothing where all wait long enough. */
export function readTimeoutAdvice(variants: readonly Latencies[], isStreamed: boolean): readonly Advice[] {
	const short = readTimeouts.filter((timeout) => variants.some((variant) => cuts(timeout, variant)));
	const [first] = short;
	if (first === undefined) {
		return [];
	}
	const long = readTimeouts.filter((timeout) => !short.includes(timeout));
	const slow = variants.filter((variant) => cuts(first, variant));
	const needed = Math.ceil(Math.max(...slow.map((variant) => slowestAttempt(variant) ?? 0)) / 1000);
	const text = [
		p99Sentence(slow) ?? '',
		`Applications cut such answers off where they set no read timeout: after ${short.map(timeoutWords).join(', ')}${long.length === 0 ? '' : `; not before ${long.map(timeoutWords).join(', ')}`}.`,
		isStreamed
			? `Set more than ${needed} s where you do not stream; of a streamed answer, as here, only silence counts.`
			: `Set more than ${needed} s, or stream: then only silence counts.`,
		'Sources of these defaults are in summary.md.',
	].join(' ');
	return [{kind: 'timeout', text, usefulPerMinute: null}];
}
