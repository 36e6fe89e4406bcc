/** Metrics in the text format of Prometheus (0.0.4). */

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string>>;

/** One value of a metric, by its labels. */
export type Sample = {readonly labels: Labels; readonly value: number};

/** Times of one set of labels, in seconds. */
export type HistogramSample = {
	readonly labels: Labels;
	/** How many did not exceed each bound, ascending. */
	readonly buckets: ReadonlyArray<readonly [bound: number, count: number]>;
	readonly count: number;
	readonly sum: number;
};

/** A metric with all of its values; its name has its unit, that of a counter ends in `_total`. */
export type Metric = {readonly name: string; readonly help: string} & (
	| {readonly type: 'counter' | 'gauge'; readonly samples: readonly Sample[]}
	| {readonly type: 'histogram'; readonly samples: readonly HistogramSample[]}
);

const escapedHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

const escapedLabel = (text: string): string => escapedHelp(text).replaceAll('"', '\\"');

const sampleLine = (name: string, labels: Labels, value: number): string => {
	const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapedLabel(text)}"`);
	return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
};

const histogramLines = (name: string, {labels, buckets, count, sum}: HistogramSample): readonly string[] => [
	...buckets.map(([bound, atMost]) => sampleLine(`${name}_bucket`, {...labels, le: String(bound)}, atMost)),
	sampleLine(`${name}_bucket`, {...labels, le: '+Inf'}, count),
	sampleLine(`${name}_sum`, labels, sum),
	sampleLine(`${name}_count`, labels, count),
];

/** The page that Prometheus reads; a metric without a value is left out. */
export function prometheusText(metrics: readonly Metric[]): string {
	return metrics
		.filter(({samples}) => samples.length > 0)
		.flatMap((metric) => [
			`# HELP ${metric.name} ${escapedHelp(metric.help)}`,
			`# TYPE ${metric.name} ${metric.type}`,
			...(metric.type === 'histogram'
				? metric.samples.flatMap((sample) => histogramLines(metric.name, sample))
				: metric.samples.map(({labels, value}) => sampleLine(metric.name, labels, value))),
		])
		.map((line) => `${line}\n`)
		.join('');
}
