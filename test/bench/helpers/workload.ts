/** What is asked in the races: by all clients the same. */
export type Workload = {
	readonly model: string;
	readonly task: string;
	readonly maxTokens: number;
	readonly requests: number;
};

/** No burndown; a bucket on demand. */
export const plainModel = 'amazon.nova-lite-v1:0';
/** Five quota tokens for one of output. */
export const burningModel = 'us.anthropic.claude-sonnet-4-20250514-v1:0';

/** The simulator answers this with one of the labels, which are 16 tokens long for it. */
export const sixteenTokensTask =
	'Classify briefly, with nothing else, as one of: a1b2c3d4e5f6g7h8, b1c2d3e4f5g6h7i8.';

/** The request of a workload as flags of the command line: one variant that sends the task as it is. */
export const requestFlags = ({model, task, maxTokens}: Omit<Workload, 'requests'>): readonly string[] => [
	...['--task', task, '-m', model, '--variants', 'minimal'],
	...['--max-tokens', String(maxTokens)],
];

type LoadFlags = {
	readonly shape: 'saturate' | 'concurrency' | 'rate';
	readonly durationMs: number;
	readonly requests?: number;
	readonly concurrency?: number;
	readonly ratePerMinute?: number;
	readonly burst?: 'full' | 'even';
};

/** A load as flags of the command line. */
export const loadFlags = (load: LoadFlags): readonly string[] => {
	const given = (flag: string, value: number | string | undefined): readonly string[] =>
		value === undefined ? [] : [flag, String(value)];
	return [
		...['--load', load.shape, '--duration', `${load.durationMs / 1000}s`],
		...given('--requests', load.requests),
		...given('--concurrency', load.concurrency),
		...given('--rate', load.ratePerMinute),
		...given('--burst', load.burst),
	];
};
