import type {Connection} from '../domain/run-config.ts';
import {demoBackground, demoFaults} from '../simulator/demo-account.ts';
import type {SimulatorOptions} from '../simulator/options.ts';
import {startSimulatorThread} from '../threads/simulator-handle.ts';

/** A connection to the embedded simulator, which `stop` ends. */
type Demo = {readonly connection: Connection; readonly stop: () => Promise<void>};

const demoOptions = (seed: number): SimulatorOptions => ({
	port: 0,
	seed,
	requestsPerMinute: undefined,
	tokensPerMinute: undefined,
	enforcement: 'sliding',
	windowMs: 60_000,
	latencyMs: undefined,
	faults: demoFaults,
	scenario: {background: demoBackground},
});

/** Starts the embedded simulator for `--demo`; without the flag the connection stays as it is. */
export async function startDemo(
	isDemo: boolean | undefined,
	connection: Connection,
	seed: number,
): Promise<Demo> {
	if (!isDemo) {
		return {connection, stop: async () => {}};
	}
	const {url, stop} = await startSimulatorThread(demoOptions(seed));
	return {connection: {...connection, simulatorUrl: url}, stop};
}

/** A demo whose simulator starts when its connection is first asked for. */
type LazyDemo = {readonly connect: () => Promise<Connection>; readonly stop: () => Promise<void>};

/** Like `startDemo`, but on the first `connect`. */
export function lazyDemo(isDemo: boolean | undefined, connection: Connection, seed: number): LazyDemo {
	let started: Promise<Demo> | undefined;
	return {
		async connect() {
			started ??= startDemo(isDemo, connection, seed);
			return (await started).connection;
		},
		async stop() {
			const demo = await started?.catch(() => undefined);
			await demo?.stop();
		},
	};
}
