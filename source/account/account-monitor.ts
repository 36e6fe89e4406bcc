import type {AccountRegion} from '../domain/account-snapshot.ts';
import {faultOf} from '../domain/user-error.ts';
import {createRegionPoller, monitorRemarks, type OnScreen, type PollerPorts} from './region-poller.ts';
import {minuteMs, minuteOf} from './usage-history.ts';

/** What the monitor of one Region works with. */
export type MonitorPorts = Omit<PollerPorts, 'signal' | 'onStep'> & {
	readonly region: string;
	readonly endpoint: string | null;
	/** Undefined where there is none, and while it is being asked for. */
	readonly account?: () => string | null | undefined;
	readonly isSimulated: () => boolean;
	/** Percentiles are read of everything that is active. */
	readonly isAllOnScreen: boolean;
	readonly publish: (region: AccountRegion) => void;
};

export type AccountMonitor = {
	/** Looks at once, and then once a minute, until it is stopped. */
	readonly start: () => void;
	/** Which buckets are on screen: their ModelIds are asked about every minute, with percentiles. */
	readonly look: (keys: readonly string[]) => void;
	readonly stop: () => void;
};

/** Milliseconds into a minute at which it is asked: the minute before the last two is whole then. */
const intoMinuteMs = 5000;
const longestBackoffMs = 8 * minuteMs;

/** Time until the next look: once a minute, and more and more rarely while CloudWatch throttles. */
export function nextLookMs(nowMs: number, throttled: number): number {
	if (throttled > 0) {
		return Math.min(longestBackoffMs, minuteMs * 2 ** throttled);
	}
	return minuteOf(nowMs) + minuteMs + intoMinuteMs - nowMs;
}

/** Watches one Region of the account. Nothing stops it: troubles become remarks. */
export function createAccountMonitor(ports: MonitorPorts): AccountMonitor {
	const {clock} = ports;
	const abort = new AbortController();
	const look = createRegionPoller({
		...ports,
		signal: abort.signal,
		onStep() {
			// Later looks keep what was seen before them on screen.
			if (!hasLooked && isLooking) {
				publish();
			}
		},
	});
	let onScreen: OnScreen = ports.isAllOnScreen ? 'all' : new Set();
	let cancelNext = (): void => {};
	let throttledLooks = 0;
	let isLooking = false;
	let fault: readonly string[] = [];
	let hasLooked = false;
	let looks = 0;

	const publish = (): void => {
		if (abort.signal.aborted) {
			return;
		}
		const nextPollMs = nextLookMs(look.now(), throttledLooks);
		const troubles = look.troubles();
		const minute = look.minute();
		const buckets = look.buckets();
		const isBroken = fault.length > 0 || troubles.listing !== undefined || troubles.reading !== undefined;
		const simulated = ports.isSimulated();
		// A simulator has no account to name.
		const number = ports.account?.();
		const account = number === null && simulated ? undefined : number;
		ports.publish({
			region: ports.region,
			...(account === undefined ? {} : {account}),
			simulated,
			endpoint: ports.endpoint,
			phase: fault.length === 0 ? (hasLooked ? 'live' : 'loading') : 'failed',
			waitingFor: hasLooked || fault.length > 0 ? [] : look.waitingFor(),
			looks,
			minute: hasLooked ? minute : null,
			isComplete:
				!isBroken && buckets.every((bucket) => bucket.activity !== 'active' || bucket.minute === minute),
			at: look.now(),
			buckets,
			remarks: [...fault, ...monitorRemarks({...troubles, nextPollMs}), ...look.directoryRemarks()],
			cost: look.cost.read(minuteMs),
			nextPollSeconds: Math.round(nextPollMs / 1000),
		});
	};

	const lookOnce = async (): Promise<void> => {
		isLooking = true;
		try {
			await look.readMinutes(onScreen);
			fault = [];
			hasLooked = true;
			publish();
			await look.readRest(onScreen);
		} catch (error) {
			const {message, hint} = faultOf(error);
			fault = [message, hint].filter((part) => part !== undefined);
		}
		const {reading, listing} = look.troubles();
		const isThrottled = reading?.kind === 'throttled' || listing?.kind === 'throttled';
		throttledLooks = isThrottled ? throttledLooks + 1 : 0;
		isLooking = false;
		looks++;
		publish();
		if (!abort.signal.aborted) {
			cancelNext = clock.after(nextLookMs(look.now(), throttledLooks), () => void lookOnce());
		}
	};

	return {
		start() {
			publish();
			void lookOnce();
		},
		look(keys) {
			onScreen = new Set(keys);
			// Rows that came into view get their percentiles at once, when there is something to show.
			if (!isLooking && hasLooked && fault.length === 0 && look.lacksDurations(onScreen)) {
				isLooking = true;
				void look.readDurations(onScreen).then(() => {
					isLooking = false;
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
