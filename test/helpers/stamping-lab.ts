import {Bucket} from '../../source/admission/bucket.ts';
import {createRandom} from '../../source/domain/clock.ts';
import {createBucket} from '../../source/simulator/enforcement.ts';
import {FakeClock} from './fake-clock.ts';
import {quotaOf} from './spec-fixture.ts';

/** A client that sends all it may, and a service, in virtual time. */
export type Scene = {
	readonly enforcement: 'sliding' | 'fixed' | 'refill';
	readonly countFrom: 'first-byte' | 'end';
	readonly answerMs: number;
	readonly firstByteMs: number;
	/** Where the service's minute begins, in milliseconds of ours. */
	readonly phaseMs: number;
	readonly minutes: number;
	readonly maxTokens?: number;
	readonly burndown?: number;
	readonly outputTokens?: number;
	/** Part by which outputs and times vary. */
	readonly jitter?: number;
	/** Load and pause in turn, in milliseconds. */
	readonly rhythm?: {readonly loadMs: number; readonly pauseMs: number};
	/** Known from the start; undefined: learnt. */
	readonly known?: 'first-byte' | 'end';
	/** Sizes vary 1 to 5 times. */
	readonly isMixed?: boolean;
	readonly tokensPerMinute?: number;
	readonly seed?: number;
};

export type Played = {
	/** When each was refused. */
	readonly refusedAt: readonly number[];
	/** When each answer came. */
	readonly answeredAt: readonly number[];
	readonly bucket: Bucket;
	/** When it was known where tokens count from; undefined while it is not. */
	readonly learntAt: number | undefined;
	/** Token-seconds that the requests of minutes 3 to 18 occupied, in windows. */
	readonly settledTokens: number;
};

const windowMs = 60_000;
const inputTokens = 89;
export const delayMs = 50;

export const play = (scene: Scene): Played => {
	const {answerMs, firstByteMs, jitter = 0.15, maxTokens = 300, burndown = 1, outputTokens = 200} = scene;
	const tokensPerMinute = scene.tokensPerMinute ?? 60_000;
	const clock = new FakeClock();
	/** The same for the n-th request of every client: clients that admit differently meet the same answers. */
	let count = 0;
	const random = (): number => createRandom((scene.seed ?? 1) * 1_000_003 + count++)();
	const quota = quotaOf(100_000, tokensPerMinute);
	const bucket = new Bucket({
		clock,
		quota,
		windowMs,
		share: 1,
		burst: 'full',
		roundTripMs: () => 2 * delayMs,
	});
	if (scene.known !== undefined) {
		bucket.stamping.adopt({
			countsFrom: scene.known,
			at: clock.epoch(),
			accepted: 1,
			refused: 0,
			marks: '0'.repeat(600),
		});
	}
	const server = createBucket(
		{requestsPerMinute: 100_000, tokensPerMinute, tokensPerDay: undefined},
		{enforcement: scene.enforcement, windowMs, countFrom: scene.countFrom},
	);
	const serverNow = (): number => clock.now() + windowMs - scene.phaseMs;
	const endAt = scene.minutes * windowMs;
	const refusedAt: number[] = [];
	const answeredAt: number[] = [];
	let learntAt: number | undefined;
	let settledTokens = 0;
	let cancel = (): void => {};

	const tried = {size: 1, output: 0, takesMs: 0};
	const next = (): void => {
		tried.size = scene.isMixed ? 1 + 4 * random() : 1;
		tried.output = Math.min(maxTokens, vary(outputTokens));
		tried.takesMs = vary(answerMs);
	};

	const vary = (value: number): number => value * (1 + jitter * (2 * random() - 1));

	const send = (
		reservation: Parameters<Bucket['settle']>[0],
		{settled, reserved, takesMs}: {settled: number; reserved: number; takesMs: number},
	): void => {
		clock.after(delayMs, () => {
			const admission = server.admit(serverNow(), reserved);
			if (!admission.isAdmitted) {
				clock.after(delayMs, () => {
					refusedAt.push(clock.now());
					bucket.throttled(reservation, 'tokens');
					pump();
				});
				return;
			}
			clock.after(firstByteMs + delayMs, () => {
				bucket.confirm(reservation);
				pump();
			});
			clock.after(takesMs, () => {
				admission.settle(serverNow(), settled);
				clock.after(delayMs, () => {
					bucket.settle(reservation, settled);
					answeredAt.push(clock.now());
					settledTokens += settled;
					pump();
				});
			});
		});
	};

	const isPaused = (): number => {
		const {rhythm} = scene;
		if (rhythm === undefined) {
			return 0;
		}
		const position = clock.now() % (rhythm.loadMs + rhythm.pauseMs);
		return position < rhythm.loadMs ? 0 : rhythm.loadMs + rhythm.pauseMs - position;
	};

	const pump = (): void => {
		cancel();
		if (bucket.stamping.countsFrom !== 'unknown') {
			learntAt ??= clock.now();
		}
		const pausedMs = isPaused();
		if (pausedMs > 0) {
			cancel = clock.after(pausedMs, pump);
			return;
		}
		while (clock.now() < endAt) {
			const {size, output, takesMs} = tried;
			const reserved = Math.round((inputTokens + maxTokens) * size);
			const settled = Math.round((inputTokens + output * burndown) * size);
			const setAside = Math.max(
				reserved,
				Math.round(size * (inputTokens + burndown * outputTokens * (1 + jitter)) + 1),
			);
			const cost = {reserved, setAside, max: setAside, likelyMax: setAside};
			const admission = bucket.admit(cost, 'normal');
			if (admission.kind !== 'admitted') {
				if (admission.kind === 'wait' && admission.delayMs !== undefined) {
					cancel = clock.after(admission.delayMs + 0.01, pump);
				}
				return;
			}
			next();
			send(admission.reservation, {settled, reserved, takesMs});
		}
	};

	next();
	pump();
	clock.skip(endAt + 120_000);
	return {refusedAt, answeredAt, bucket, learntAt, settledTokens};
};

/** Answers within some minutes, per minute. */
export const rateOf = ({answeredAt}: Played, fromMinute: number, toMinute: number): number =>
	answeredAt.filter((at) => at >= fromMinute * windowMs && at < toMinute * windowMs).length /
	(toMinute - fromMinute);
