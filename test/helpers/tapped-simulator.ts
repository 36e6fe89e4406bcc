import {Agent as HttpAgent} from 'node:http';
import {Agent as HttpsAgent} from 'node:https';
import {emptyModelIndex, identify} from '../../source/bedrock/identify/identify.ts';
import {unknownIn} from '../../source/bedrock/quotas/bucket-quota.ts';
import {burndownOf} from '../../source/bedrock/quotas/burndown.ts';
import {systemClock} from '../../source/domain/clock.ts';
import type {Target} from '../../source/domain/target.ts';
import type {SimulatorOptions} from '../../source/simulator/options.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import {Tap} from '../../source/tap/tap.ts';

/** A tap in this thread, in front of a simulator or of another server. */

const secret = 'test-secret-0123456789';
const region = 'us-east-1';

const keys = {accessKeyId: 'AKIDOFTHETAP', secretAccessKey: 'secret-of-the-tap'};

const simulatorOptions: SimulatorOptions = {
	port: 0,
	seed: 1,
	requestsPerMinute: undefined,
	tokensPerMinute: undefined,
	enforcement: 'sliding',
	windowMs: 60_000,
	latencyMs: 5,
	faults: undefined,
};

/** A target whose quotas are not known, as a tap has it of a model that it has just met. */
export function targetOf(model: string): Target {
	const {baseModel, scope} = identify(model, emptyModelIndex);
	return {
		model,
		baseModel,
		scope,
		region,
		endpoint: null,
		tier: null,
		burndown: burndownOf({baseModel, scope}),
		quota: unknownIn(scope),
	};
}

export type TapUnderTest = {
	readonly tap: Tap;
	/** With the secret. */
	readonly url: string;
	readonly port: number;
	readonly stop: () => Promise<void>;
};

type SettingsAndPorts = readonly [
	settings?: Partial<ConstructorParameters<typeof Tap>[0]>,
	ports?: Partial<ConstructorParameters<typeof Tap>[1]>,
];

/** A tap in front of a server. */
export async function startTapBefore(
	upstream: string,
	...[settings = {}, ports = {}]: SettingsAndPorts
): Promise<TapUnderTest> {
	const agents = {http: new HttpAgent({keepAlive: true}), https: new HttpsAgent({keepAlive: true})};
	const none = {requestsPerMinute: undefined, tokensPerMinute: undefined, burndown: undefined};
	const tap = new Tap(
		{port: 0, secret, isResigning: false, override: none, pace: undefined, maxCost: undefined, ...settings},
		{
			clock: systemClock,
			programs: undefined,
			agents,
			region,
			endpoint: null,
			credentials: async () => keys,
			token: undefined,
			secrets: () => [secret, keys.secretAccessKey],
			baseOf: async () => new URL(upstream),
			resolve: async (model) => ({target: targetOf(model), price: null}),
			roundTripMs: () => undefined,
			account: () => [],
			priceOf: async () => null,
			dayBook: undefined,
			recorder: undefined,
			join: async () => undefined,
			onTarget() {},
			onSettled() {},
			...ports,
		},
	);
	const port = await tap.start();
	return {
		tap,
		port,
		url: `http://127.0.0.1:${port}/${settings.secret ?? secret}`,
		async stop() {
			await tap.stop('key', 0);
			agents.http.destroy();
			agents.https.destroy();
		},
	};
}

/** A tap in front of its own simulator. */
export async function startTappedSimulator(
	options: Partial<SimulatorOptions> = {},
	...more: SettingsAndPorts
): Promise<TapUnderTest & {readonly simulator: string}> {
	const simulator = await startSimulator({...simulatorOptions, ...options});
	const tapped = await startTapBefore(simulator.url, ...more);
	return {
		...tapped,
		simulator: simulator.url,
		async stop() {
			await tapped.stop();
			await simulator.stop();
		},
	};
}
