import {createRequestRandom, type Random} from './answers/random.ts';
import {createLifecycle} from './catalog/lifecycle.ts';
import {backgroundNeighbour} from './cloudwatch/background-neighbour.ts';
import {createServedMinutes} from './cloudwatch/served-minutes.ts';
import {createFaults} from './faults/faults.ts';
import {parseFaults} from './faults/script.ts';
import {createJobStore} from './jobs/job-store.ts';
import {createMantleBuckets} from './mantle/mantle-buckets.ts';
import {mantleLimitsOf} from './mantle/mantle-limits.ts';
import {createStoredResponses} from './mantle/stored-responses.ts';
import {createStats} from './observation/stats.ts';
import type {SimulatorOptions} from './options.ts';
import {createIncreaseRequests} from './quotas/increase-requests.ts';
import {limitsOf} from './quotas/limits.ts';
import {createBuckets} from './runtime/buckets.ts';
import {createPromptCache} from './runtime/prompt-cache.ts';
import type {Simulation} from './runtime/simulation.ts';
import {createObjectStore} from './s3/object-store.ts';
import type {Time} from './time.ts';

/**
 * The state of a simulator.
 * @throws UserError where the script of faults is wrong.
 */
export const createSimulation = (options: SimulatorOptions, time: Time): Simulation => {
	const {background, metrics, denied, batch, missingBuckets, endOfLife, ...script} = parseFaults(
		options.faults,
	);
	const scenario = {background, metrics, denied, batch, missingBuckets, endOfLife, ...options.scenario};
	const faults = createFaults(script, options.windowMs);
	const occupyByBackground = backgroundNeighbour(scenario.background ?? [], options);
	const buckets = createBuckets(
		(_region, target) => limitsOf(target, options),
		options,
		(bucket, sinceMs, nowMs, owner) => {
			faults.occupy(bucket, sinceMs, nowMs);
			occupyByBackground(bucket, sinceMs, nowMs, owner);
		},
	);
	const mantle = createMantleBuckets((model) => mantleLimitsOf(model, options), options, faults.occupy);
	const served = createServedMinutes(scenario.metrics?.clockAheadMs ?? 0);
	const cache = createPromptCache();
	const stats = createStats(time.now());
	const objects = createObjectStore(time.now);
	const jobs = createJobStore();
	const increases = createIncreaseRequests();
	const responses = createStoredResponses();
	let requestRandom = createRequestRandom(options.seed);
	return {
		options,
		time,
		buckets,
		mantle,
		responses,
		lifecycle: createLifecycle(options.era, scenario.endOfLife),
		cache,
		faults,
		stats,
		served,
		scenario,
		objects,
		increases,
		jobs,
		requestRandom: (path: string, body: Uint8Array): Random => requestRandom(path, body),
		observers: [stats.record, served.record],
		reset() {
			stats.reset(time.now());
			served.clear();
			buckets.reset();
			mantle.reset();
			responses.clear();
			cache.clear();
			jobs.clear();
			increases.clear();
			objects.clear();
			faults.reset();
			requestRandom = createRequestRandom(options.seed);
		},
		close() {
			jobs.clear();
			objects.clear();
		},
	};
};
