import {expect, it} from 'vitest';
import type {InferenceRequest} from '../../source/domain/backend.ts';
import {createRun} from '../../source/engine/run.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {ModelServer} from '../helpers/model-server.ts';
import {cellOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../helpers/spec-fixture.ts';

const isShort = ({messages}: InferenceRequest): boolean => messages[0]?.text.startsWith('short') ?? false;

/** A run of a variant that answers in few tokens and one that answers soon. */
const runOf = async (names: readonly ('short' | 'quick')[]) => {
	const clock = new FakeClock();
	const backend = new ModelServer({
		clock,
		requestsPerWindow: 1e6,
		tokensPerWindow: 1e6,
		outputTokens: (request) => (isShort(request) ? 20 : 400),
		serviceMs: (request) => (isShort(request) ? 3000 : 100),
	});
	const run = createRun(
		specOf({
			targets: [targetOf(quotaOf(1e6, 1e6))],
			variants: names.map((name) => variantOf(name, {instruction: `${name}: {{task}}`})),
			cells: names.map((_, variant) => cellOf({variant, maxTokens: 1000})),
			load: loadOf('measure', {requests: 30}),
		}),
		{backend, clock},
	);
	await clock.settle(run.start());
	return run.snapshot();
};

const about = (advice: ReadonlyArray<{readonly text: string}> | undefined): readonly string[] => [
	...new Set(
		advice?.filter(({text}) => text.includes('limited by')).map(({text}) => text.split(':')[0] ?? ''),
	),
];

it('advice for another goal is about whom that goal names', async () => {
	const {advice, adviceOfOtherGoals, verdicts} = await runOf(['short', 'quick']);
	expect(verdicts.find(({goal}) => goal === 'throughput')?.recommended).toBe('short');
	expect(verdicts.find(({goal}) => goal === 'latency')?.recommended).toBe('quick');
	expect(about(advice)).toEqual(['short']);
	expect(about(adviceOfOtherGoals?.latency)).toEqual(['quick']);
	// The same variant leads for these: the advice is that of the run.
	expect(Object.keys(adviceOfOtherGoals ?? {})).toEqual(['latency']);
});

it('where one variant leads for all goals no advice is made twice', async () => {
	expect(await runOf(['short'])).not.toHaveProperty('adviceOfOtherGoals');
});
