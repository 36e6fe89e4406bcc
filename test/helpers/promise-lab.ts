import {createRandom} from '../../source/domain/clock.ts';
import {createRun} from '../../source/engine/run.ts';
import {FakeClock} from './fake-clock.ts';
import {type Enforcement, ModelServer} from './model-server.ts';
import {cellOf, loadOf, quotaOf, specOf, targetOf, variantOf} from './spec-fixture.ts';

/** One variant that sends all it may, against a service in virtual time. */
export type PromiseScene = {
	readonly enforcement: Enforcement;
	readonly countsAtEnd: boolean;
	readonly answerMs: number;
	readonly firstByteMs?: number | undefined;
	readonly maxTokens: number;
	readonly burndown: number;
	readonly minutes: number;
	readonly outputTokens?: number;
	readonly tokensPerMinute?: number;
	readonly seed?: number;
};

export type Promised = {
	/** Useful answers per minute, as the last snapshot says. */
	readonly promised: number;
	/** In minutes 3 to 18 of 20, or the same part of another duration. */
	readonly reached: number;
	readonly throttled: number;
};

const windowMs = 60_000;
const inputTokens = 89;
const delayMs = 50;

/** Runs the real engine. Answers vary by 15 % in length and time. */
export const promise = async (scene: PromiseScene): Promise<Promised> => {
	const {answerMs, firstByteMs, maxTokens, burndown, outputTokens = 200, tokensPerMinute = 60_000} = scene;
	const clock = new FakeClock();
	const random = createRandom(scene.seed ?? 1);
	const vary = (value: number): number => value * (0.85 + 0.3 * random());
	const server = new ModelServer({
		clock,
		enforcement: scene.enforcement,
		countsAtEnd: scene.countsAtEnd,
		requestsPerWindow: 10_000,
		tokensPerWindow: tokensPerMinute,
		windowMs,
		burndown,
		phaseMs: 17_300,
		delayMs: () => delayMs,
		firstByteMs,
		inputTokens: () => inputTokens,
		outputTokens: () => Math.min(maxTokens - 1, Math.round(vary(outputTokens))),
		serviceMs: () => vary(answerMs),
	});
	const answeredAt: number[] = [];
	const run = createRun(
		specOf({
			windowMs,
			targets: [targetOf(quotaOf(10_000, tokensPerMinute), 'test.model', burndown)],
			variants: [variantOf('only')],
			cells: [cellOf({maxTokens, inputTokens: {value: inputTokens, isEstimated: false}})],
			load: loadOf('saturate', {requests: null, durationMs: scene.minutes * windowMs}),
		}),
		{
			backend: Object.assign(server, {roundTripMs: () => 2 * delayMs}),
			clock,
			onAnswer: () => answeredAt.push(clock.now()),
		},
	);
	await clock.settle(run.start());
	const {variants} = run.snapshot();
	const [from, to] = [0.1 * scene.minutes * windowMs, 0.9 * scene.minutes * windowMs];
	const within = answeredAt.filter((at) => at >= from && at < to).length;
	return {
		promised: variants[0]?.sustainable.usefulPerMinute ?? Number.NaN,
		reached: within / ((to - from) / windowMs),
		throttled: server.throttles.length,
	};
};
