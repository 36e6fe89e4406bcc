import {createRandom} from '../../source/domain/clock.ts';
import {createRun} from '../../source/engine/run.ts';
import {FakeClock} from './fake-clock.ts';
import {type Enforcement, ModelServer} from './model-server.ts';
import {cellOf, itemsOf, loadOf, quotaOf, specOf, targetOf, variantOf} from './spec-fixture.ts';

/** A run beside another tenant of its bucket, in virtual time, with CloudWatch as late as it is. */
export type OthersScene = {
	/** Requests per minute that the other tenant sends, by the minutes since the run began (negative before it). */
	readonly othersPerMinute: (minute: number) => number;
	readonly requests: number;
	readonly limit?: number;
	/** Without it only throttles show the others. */
	readonly hasCloudWatch?: boolean;
	readonly enforcement?: Enforcement;
	readonly share?: number;
	readonly answerMs?: number;
	readonly seed?: number;
};

/** What the gauges showed at an instant, and what was so by the service. Requests of the last 60 s. */
type Sample = {
	/** Milliseconds since the run began. */
	readonly at: number;
	readonly own: number;
	readonly others: number | undefined;
	readonly from: 'cloudwatch' | 'throttle' | undefined;
	/** Milliseconds since the instant that the others' figure is of. */
	readonly ageMs: number | undefined;
	readonly trueOthers: number;
	readonly leftMs: number | null;
	readonly freePerMinute: number | undefined;
	readonly isSlower: boolean;
	/** Milliseconds until the next request, as `waitingFor` says. */
	readonly nextMs: number | undefined;
	readonly waitingFor: string | null;
};

export type Beside = {
	readonly samples: readonly Sample[];
	readonly endedAt: number;
	/** When requests of the run arrived at the service and were let in, and refused. */
	readonly admittedAt: readonly number[];
	readonly throttledAt: readonly number[];
	readonly log: ReturnType<ReturnType<typeof createRun>['snapshot']>['others'];
};

const windowMs = 60_000;
/** Minutes that the other tenant was there before. */
const before = 6;
/** CloudWatch shows a minute so long after its end. */
const lateMs = 95_000;
/** The monitor shows the mean of so many minutes. */
const meanOf = 3;

export const beside = async (scene: OthersScene): Promise<Beside> => {
	const {limit = 50, share = 1, enforcement = 'sliding', answerMs = 1500} = scene;
	// Begins within a minute of CloudWatch, not at its edge.
	const clock = new FakeClock(Date.UTC(2026, 0, 1, 12, 0, 23));
	const random = createRandom(scene.seed ?? 1);
	const server = new ModelServer({
		clock,
		enforcement,
		requestsPerWindow: limit,
		tokensPerWindow: 1e9,
		windowMs,
		phaseMs: 17_300,
		delayMs: () => 30,
		serviceMs: () => answerMs * (0.85 + 0.3 * random()),
	});
	const begin = before * windowMs;
	const foreignAt: number[] = [];
	const visit = (): void => {
		const rate = scene.othersPerMinute((clock.now() - begin) / windowMs);
		if (rate > 0 && server.foreign(1, 100)) {
			foreignAt.push(clock.now());
		}
		clock.after(rate > 0 ? -Math.log(1 - random()) * (windowMs / rate) : 1000, visit);
	};
	visit();
	await clock.advance(begin);

	const run = createRun(
		specOf({
			windowMs,
			share,
			task: {task: 'Say.', content: undefined, items: itemsOf(scene.requests), checks: []},
			targets: [targetOf(quotaOf(limit, null))],
			variants: [variantOf('only')],
			cells: [cellOf({maxTokens: 100})],
			load: loadOf('saturate', {requests: scene.requests, concurrency: 20, durationMs: null}),
		}),
		{backend: server, clock},
	);
	const inLast = (times: readonly number[], at: number): number =>
		times.filter((time) => time > at - windowMs && time <= at).length;
	const epochOf = (at: number): number => clock.epoch() - clock.now() + at;
	/** The monitor reads the newest whole minutes that CloudWatch has. */
	const poll = (): void => {
		const end = Math.floor((clock.epoch() - lateMs) / windowMs) * windowMs;
		const count = foreignAt.filter(
			(at) => epochOf(at) >= end - meanOf * windowMs && epochOf(at) < end,
		).length;
		run.setOthersUse(0, {requests: count / meanOf, tokens: (count / meanOf) * 100}, end);
		clock.after(windowMs, poll);
	};
	if (scene.hasCloudWatch !== false) {
		poll();
	}
	const samples: Sample[] = [];
	const look = (): void => {
		const {buckets, progress, phase} = run.snapshot();
		const [bucket] = buckets;
		if (phase !== 'running' || bucket === undefined) {
			return;
		}
		const seconds = /next request in (\d+) s/.exec(progress.waitingFor ?? '')?.[1];
		samples.push({
			at: clock.now() - begin,
			own: bucket.requests.used + bucket.requests.reserved,
			others: bucket.requests.others,
			from: bucket.others?.from,
			ageMs: bucket.others === undefined ? undefined : clock.epoch() - Date.parse(bucket.others.at),
			trueOthers: inLast(foreignAt, clock.now()),
			leftMs: progress.remainingMs,
			freePerMinute: progress.freePerMinute,
			isSlower: progress.isSlower ?? false,
			nextMs: seconds === undefined ? undefined : Number(seconds) * 1000,
			waitingFor: progress.waitingFor,
		});
		clock.after(1000, look);
	};
	const ended = run.start();
	look();
	await clock.settle(ended, 4 * 3_600_000);
	return {
		samples,
		endedAt: clock.now() - begin,
		admittedAt: server.admitted.map((at) => at - begin),
		throttledAt: server.throttles.map(({at}) => at - begin),
		log: run.snapshot().others,
	};
};
