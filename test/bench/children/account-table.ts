import {performance} from 'node:perf_hooks';
import type {AccountRegion} from '../../../source/domain/account-snapshot.ts';
import {createEngine} from '../../../source/threads/engine-session.ts';

/**
 * The account monitor as the engine's thread has it, against the endpoint of the environment. Prints the milliseconds until
 * the first full table and of processor time by then, and how many ModelIds it is about.
 */

const {promise, resolve} = Promise.withResolvers<AccountRegion>();
const send = createEngine((report) => {
	const [region] = report.type === 'account' ? report.account.regions : [];
	if (region !== undefined && region.phase !== 'loading') {
		resolve(region);
	}
});
const startedAt = performance.now();
const before = process.cpuUsage();
send({
	type: 'watch-account',
	watch: {
		connection: {region: 'us-east-1', profile: undefined, simulatorUrl: undefined},
		regions: [],
		override: {requestsPerMinute: undefined, tokensPerMinute: undefined, burndown: undefined},
		isRefreshing: true,
		isAllOnScreen: false,
	},
});
const region = await promise;
const elapsedMs = performance.now() - startedAt;
const {user, system} = process.cpuUsage(before);
process.stdout.write(
	JSON.stringify({
		elapsedMs,
		cpuMs: (user + system) / 1000,
		models: region.buckets.reduce((sum, {modelIds}) => sum + modelIds.length, 0),
		isComplete: region.isComplete,
		remarks: region.remarks,
	}),
);
process.exit(0);
