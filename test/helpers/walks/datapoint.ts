import {setImmediate as nextTurn} from 'node:timers/promises';
import {nextPollMs} from '../../../source/account/account-monitor.ts';
import {createAccountSession} from '../../../source/account/account-session.ts';
import {createOwnTrafficRegistry} from '../../../source/account/own-traffic-registry.ts';
import {startSimulator} from '../../../source/simulator/server.ts';
import type {EngineReport} from '../../../source/threads/messages.ts';
import {FakeClock} from '../fake-clock.ts';
import {openBareSession} from './bare-session.ts';
import {goTwice} from './go-twice.ts';

/** CloudWatch metrics of one model in use, from the service to the state of the Account view. */

const clock = new FakeClock(Date.UTC(2026, 10, 20, 12));
const modelId = 'us.amazon.nova-lite-v1:0';
const simulator = await startSimulator(
	{
		port: 0,
		seed: 1,
		requestsPerMinute: undefined,
		tokensPerMinute: undefined,
		enforcement: 'sliding',
		windowMs: 60_000,
		latencyMs: 0,
		faults: undefined,
		scenario: {background: [{modelId, requestsPerMinute: 30, inputTokens: 500, outputTokens: 100}]},
	},
	{now: clock.epoch, sleep: async () => {}},
);

const {engine} = openBareSession(true);
let polled = 0;
const account = createAccountSession({
	clock,
	link: createOwnTrafficRegistry(),
	publish(report: EngineReport) {
		polled = report.type === 'account' ? (report.account.regions[0]?.polls ?? 0) : polled;
		engine.report(report);
	},
});
account.handle({
	type: 'watch-account',
	watch: {
		connection: {region: 'us-east-1', profile: undefined, simulatorUrl: simulator.url},
		regions: [],
		override: {requestsPerMinute: undefined, tokensPerMinute: undefined, burndown: undefined},
		isRefreshing: true,
		isAllOnScreen: false,
	},
});
let due = 0;
await goTwice(async () => {
	due++;
	while (polled < due || clock.timers === 0) {
		await nextTurn();
	}
	await clock.advance(nextPollMs(clock.epoch(), 0));
});
