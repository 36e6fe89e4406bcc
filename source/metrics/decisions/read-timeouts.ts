import type {Distribution, VariantFigures} from '../../domain/figures-schema.ts';
import type {Advice} from '../../domain/snapshot.ts';
import {formatCount, formatDurationMs} from '../../text/numbers.ts';

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
