import type {AccountRegion} from '../domain/account-snapshot.ts';
import {faultOf} from '../domain/user-error.ts';
import {createRegionPoller, monitorRemarks, type OnScreen, type PollerPorts} from './region-poller.ts';
import {minuteMs, minuteOf} from './usage-history.ts';

/** Polls one Region once per minute, and publishes what it found. */

/** Surroundings of the monitor of one Region. */
export type MonitorPorts = Omit<PollerPorts, 'signal' | 'onStep'> & {
	readonly region: string;
	readonly endpoint: string | null;
	/** Undefined where there is none, and while it is being asked for. */
	readonly account?: () => string | null | undefined;
	readonly isSimulated: () => boolean;
	/** Percentiles are read of everything that is active. */
	readonly isAllOnScreen: boolean;
	readonly publish: (region: AccountRegion) => void;
	/** Whether a poll is due; absent: always. */
	readonly mayPoll?: () => Promise<boolean>;
};

export type AccountMonitor = {
	/** Polls at once, and then once per minute, until it is stopped. */
	readonly start: () => void;
	/** Buckets on screen: their ModelIds are polled every minute, with percentiles. */
	readonly setOnScreen: (keys: readonly string[]) => void;
	readonly stop: () => void;
};

/** Milliseconds into a minute at which it polls: the minute before the last two is whole then. */
const intoMinuteMs = 5000;
const longestBackoffMs = 8 * minuteMs;

/** Milliseconds until the next poll: once per minute, and less and less often while CloudWatch throttles. */
export function nextPollMs(nowMs: number, throttled: number): number {
	if (throttled > 0) {
		return Math.min(longestBackoffMs, minuteMs * 2 ** throttled);
	}
	return minuteOf(nowMs) + minuteMs + intoMinuteMs - nowMs;
}

/** Watches one Region of the account. Nothing stops it: troubles become remarks. */
export function createAccountMonitor(ports: MonitorPorts): AccountMonitor {
	const {clock} = ports;
	const abort = new AbortController();
	const poller = createRegionPoller({
		...ports,
		signal: abort.signal,
		onStep() {
			// Later polls keep what was seen before them on screen.
			if (!hasPolled && isPolling) {
				publish();
			}
		},
	});
	let onScreen: OnScreen = ports.isAllOnScreen ? 'all' : new Set();
	let cancelNext = (): void => {};
	let throttledPolls = 0;
	let isPolling = false;
	let fault: readonly string[] = [];
	let hasPolled = false;
	let polls = 0;

	const publish = (): void => {
		if (abort.signal.aborted) {
			return;
		}
		const untilNextMs = nextPollMs(poller.now(), throttledPolls);
		const troubles = poller.troubles();
		const minute = poller.minute();
		const buckets = poller.buckets();
		const isBroken = fault.length > 0 || troubles.listing !== undefined || troubles.reading !== undefined;
		const [simulated, number] = [ports.isSimulated(), ports.account?.()];
		// A simulator has no account to name.
		const account = number === null && simulated ? undefined : number;
		ports.publish({
			region: ports.region,
			...(account === undefined ? {} : {account}),
			simulated,
			endpoint: ports.endpoint,
			phase: fault.length === 0 ? (hasPolled ? 'live' : 'loading') : 'failed',
			waitingFor: hasPolled || fault.length > 0 ? [] : poller.waitingFor(),
			polls,
			minute: hasPolled ? minute : null,
			isComplete:
				!isBroken && buckets.every((bucket) => bucket.activity !== 'active' || bucket.minute === minute),
			at: poller.now(),
			buckets,
			...poller.day(),
			...poller.bought(),
			remarks: [
				...fault,
				...monitorRemarks({...troubles, nextPollMs: untilNextMs}),
				...poller.directoryRemarks(),
			],
			cost: poller.cost.read(minuteMs),
			nextPollSeconds: Math.round(untilNextMs / 1000),
		});
	};

	const pollOnce = async (): Promise<void> => {
		isPolling = true;
		try {
			if ((await ports.mayPoll?.()) ?? true) {
				await poller.readMinutes(onScreen);
				fault = [];
				hasPolled = true;
				publish();
				await poller.readRest(onScreen);
			}
		} catch (error) {
			const {message, hint} = faultOf(error);
			fault = [message, hint].filter((part) => part !== undefined);
		}
		const {reading, listing} = poller.troubles();
		const isThrottled = reading?.kind === 'throttled' || listing?.kind === 'throttled';
		throttledPolls = isThrottled ? throttledPolls + 1 : 0;
		isPolling = false;
		polls++;
		publish();
		if (!abort.signal.aborted) {
			cancelNext = clock.after(nextPollMs(poller.now(), throttledPolls), () => void pollOnce());
		}
	};

	return {
		start() {
			publish();
			void pollOnce();
		},
		setOnScreen(keys) {
			onScreen = new Set(keys);
			// Rows that came into view get their percentiles at once, when there is something to show.
			if (!isPolling && hasPolled && fault.length === 0 && poller.lacksDurations(onScreen)) {
				isPolling = true;
				void poller.readDurations(onScreen).then(() => {
					isPolling = false;
					publish();
				});
			}
		},
		stop() {
			abort.abort();
			cancelNext();
		},
	};
}
