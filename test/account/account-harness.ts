import {onTestFinished} from 'vitest';
import {
	type AccountMonitor,
	createAccountMonitor,
	type MonitorPorts,
	nextPollMs,
} from '../../source/account/account-monitor.ts';
import {OwnUse} from '../../source/account/own-traffic-registry.ts';
import {type Clients, createClients} from '../../source/bedrock/clients/clients.ts';
import {type AccountDirectory, readDirectory} from '../../source/bedrock/cloudwatch/account-directory.ts';
import {createUsageSource} from '../../source/bedrock/cloudwatch/usage-reader.ts';
import {quotaSourceOf} from '../../source/bedrock/quotas/aws-quota-source.ts';
import type {AccountRegion} from '../../source/domain/account-snapshot.ts';
import type {UsageSource} from '../../source/domain/usage-source.ts';
import type {BackgroundTraffic} from '../../source/simulator/cloudwatch/background.ts';
import type {SimulatorOptions} from '../../source/simulator/options.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import type {Time} from '../../source/simulator/time.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {defaultOptions} from '../simulator/harness.ts';

/** Seconds before midnight would cut a day in two: tests begin at noon. */
export const noon = Date.UTC(2026, 10, 20, 12, 0, 0);
export const minuteMs = 60_000;

/** A simulator and a reader that live on one clock, which only the test moves. */
export type AccountUnderTest = {
	readonly clock: FakeClock;
	readonly url: string;
	readonly source: UsageSource;
	readonly clients: Clients;
};

const timeOf = (clock: FakeClock): Time => ({
	now: clock.epoch,
	// What the simulator waits for is not under test here.
	sleep: async () => {},
});

export const startAccount = async (options: Partial<SimulatorOptions> = {}): Promise<AccountUnderTest> => {
	const clock = new FakeClock(noon);
	const {url, stop} = await startSimulator({...defaultOptions, latencyMs: 0, ...options}, timeOf(clock));
	onTestFinished(stop);
	const clients = createClients(
		{region: 'us-east-1', profile: undefined, simulatorUrl: url},
		{maxSockets: 4},
	);
	onTestFinished(clients.close);
	return {clock, url, clients, source: createUsageSource(clients, clock)};
};

export const traffic = (modelId: string, more: Partial<BackgroundTraffic> = {}): BackgroundTraffic => ({
	modelId,
	requestsPerMinute: 30,
	inputTokens: 500,
	outputTokens: 100,
	...more,
});

export const never = new AbortController().signal;

/** Models and quotas of the simulated account. */
export const directoryOf = async ({clients}: AccountUnderTest): Promise<AccountDirectory> =>
	readDirectory({
		source: quotaSourceOf(clients),
		region: 'us-east-1',
		endpoint: null,
		override: {requestsPerMinute: undefined, tokensPerMinute: undefined, burndown: undefined},
		tier: null,
	});

/** A monitor of the simulated account; `latest` is what it last published. */
export const startMonitor = (
	account: AccountUnderTest,
	more: Partial<MonitorPorts> = {},
): {
	readonly monitor: AccountMonitor;
	readonly latest: () => AccountRegion;
	readonly published: () => number;
} => {
	const {clock, source} = account;
	let region: AccountRegion | undefined;
	let published = 0;
	const monitor = createAccountMonitor({
		region: 'us-east-1',
		endpoint: null,
		isSimulated: () => true,
		clock,
		source,
		readDirectory: async () => directoryOf(account),
		own: new OwnUse(),
		isEverything: true,
		isAllOnScreen: false,
		publish(told) {
			region = told;
			published++;
		},
		...more,
	});
	onTestFinished(monitor.stop);
	return {
		monitor,
		published: () => published,
		latest() {
			if (region === undefined) {
				throw new Error('the monitor has published nothing');
			}
			return region;
		},
	};
};

/** Waits, without moving the clock, until something holds. */
export const until = async (holds: () => boolean): Promise<void> => {
	while (!holds()) {
		await new Promise(setImmediate);
	}
};

/** Waits until everything of the first poll has been published. */
export const firstPoll = async ({latest}: {readonly latest: () => AccountRegion}): Promise<void> => {
	await until(() => latest().polls > 0);
};

/** Lets one poll go by: moves the clock to the next one and waits until it has been published. */
export const nextPoll = async (
	{clock}: AccountUnderTest,
	{latest}: {readonly latest: () => AccountRegion},
): Promise<void> => {
	await until(() => clock.timers > 0);
	const before = latest().polls;
	await clock.advance(nextPollMs(clock.epoch(), 0));
	await until(() => latest().polls > before && clock.timers > 0);
};
