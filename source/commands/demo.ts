import type {Connection} from '../domain/run-config.ts';
import type {BackgroundTraffic} from '../simulator/cloudwatch/background.ts';
import type {SimulatorOptions} from '../simulator/options.ts';
import {startSimulatorThread} from '../threads/simulator-handle.ts';

/** A connection to the embedded simulator, which `stop` ends. */
type Demo = {readonly connection: Connection; readonly stop: () => Promise<void>};

const demoOptions = (seed: number, tokensPerMinute: number | undefined): SimulatorOptions => ({
	port: 0,
	seed,
	requestsPerMinute: undefined,
	tokensPerMinute,
	enforcement: 'sliding',
	windowMs: 60_000,
	latencyMs: undefined,
	faults: demoFaults,
	scenario: {background: demoBackground},
});

/**
 * Starts the embedded simulator for `--demo`; without the flag the connection stays as it is.
 * @param tokensPerMinute Quota of every model; absent: as the account's table has it.
 */
export async function startDemo(
	isDemo: boolean | undefined,
	connection: Connection,
	seed: number,
	tokensPerMinute?: number,
): Promise<Demo> {
	if (!isDemo) {
		return {connection, stop: async () => {}};
	}
	const {url, stop} = await startSimulatorThread(demoOptions(seed, tokensPerMinute));
	return {connection: {...connection, simulatorUrl: url}, stop};
}

/** A demo whose simulator starts when its connection is first asked for. */
type LazyDemo = {readonly connect: () => Promise<Connection>; readonly stop: () => Promise<void>};

/** Like `startDemo`, but on the first `connect`. */
export function lazyDemo(
	isDemo: boolean | undefined,
	connection: Connection,
	seed: number,
	tokensPerMinute?: number,
): LazyDemo {
	let started: Promise<Demo> | undefined;
	return {
		async connect() {
			started ??= startDemo(isDemo, connection, seed, tokensPerMinute);
			return (await started).connection;
		},
		async stop() {
			const demo = await started?.catch(() => undefined);
			await demo?.stop();
		},
	};
}

/**
 * Traffic of other applications in the account of a demonstration. None of them draws from the buckets of the shipped
 * presets, so that a first run shows only itself.
 */
const demoBackground: readonly BackgroundTraffic[] = [
	// A chat that fills half of its tokens, in waves.
	{
		modelId: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
		shape: 'waves',
		requestsPerMinute: 62,
		inputTokens: 900,
		outputTokens: 210,
		cacheReadTokens: 2400,
		cacheWriteTokens: 60,
		errorShare: 0.02,
	},
	// A report job through an application profile, in bursts.
	{
		modelId: 'sim0claude0g1',
		shape: 'bursts',
		requestsPerMinute: 30,
		inputTokens: 2200,
		outputTokens: 480,
	},
	// Search, near its limit and throttled.
	{
		modelId: 'us.meta.llama3-3-70b-instruct-v1:0',
		shape: 'steady',
		requestsPerMinute: 72,
		inputTokens: 520,
		outputTokens: 180,
		throttledShare: 0.06,
	},
	{
		modelId: 'amazon.nova-pro-v1:0',
		shape: 'waves',
		requestsPerMinute: 18,
		inputTokens: 1100,
		outputTokens: 260,
	},
	{
		modelId: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
		shape: 'steady',
		requestsPerMinute: 40,
		inputTokens: 350,
		outputTokens: 90,
	},
	// The burndown of Claude 3 is worded ambiguously: the assumption here and the service's count differ.
	{
		modelId: 'anthropic.claude-3-haiku-20240307-v1:0',
		shape: 'steady',
		requestsPerMinute: 25,
		inputTokens: 600,
		outputTokens: 150,
	},
	// A service that publishes no estimate of its quota tokens.
	{
		modelId: 'amazon.titan-text-express-v1',
		shape: 'bursts',
		requestsPerMinute: 16,
		inputTokens: 300,
		outputTokens: 120,
	},
	{
		modelId: 'mistral.mistral-large-2407-v1:0',
		shape: 'ended',
		requestsPerMinute: 22,
		inputTokens: 700,
		outputTokens: 240,
	},
	{
		modelId: 'eu.anthropic.claude-sonnet-4-6',
		regions: ['eu-central-1', 'eu-north-1', 'eu-west-1', 'eu-west-3'],
		shape: 'waves',
		requestsPerMinute: 28,
		inputTokens: 1500,
		outputTokens: 300,
	},
].map((traffic) => withHome(traffic as BackgroundTraffic));

/**
 * Faults in the account of a demonstration: the service is short of capacity, and a token quota is used by others,
 * once each. Only the model of the preset `quota-limits` meets them.
 */
export const demoFaults = [
	{kind: 'overloaded', model: 'amazon.nova-micro', afterMs: 66_000, count: 3},
	{kind: 'throttle-tokens', model: 'amazon.nova-micro', afterMs: 76_000, count: 1},
];

/** Adds geographic profiles only in their geography. */
function withHome(traffic: BackgroundTraffic): BackgroundTraffic {
	return traffic.regions === undefined && traffic.modelId.startsWith('us.')
		? {...traffic, regions: ['us-east-1', 'us-east-2', 'us-west-2']}
		: traffic;
}
