import {UserError} from '../domain/user-error.ts';
import {createSimulation} from './create-simulation.ts';
import type {SimulatorOptions} from './options.ts';
import {createRoutes, route} from './router.ts';
import {systemTime, type Time} from './time.ts';
import {type Listener, listen} from './wire/listener.ts';

export type RunningSimulator = {
	/** Base URL of every service that is simulated. */
	readonly url: string;
	/** Closes the port and every connection. */
	readonly stop: () => Promise<void>;
};

const codeOf = (error: unknown): string =>
	error instanceof Error && 'code' in error ? String(error.code) : String(error);

const listenFault = (port: number, error: unknown): UserError => {
	const reasons: Readonly<Record<string, string>> = {
		EADDRINUSE: `Port ${port} is already in use.`,
		EACCES: `Port ${port} may not be opened by this user.`,
	};
	return new UserError(
		reasons[codeOf(error)] ?? `The simulator cannot listen on port ${port}: ${codeOf(error)}.`,
		{
			exitCode: 1,
			hint: 'Name another one with --port, or 0 for any that is free.',
			cause: error,
		},
	);
};

/**
 * Starts a local Bedrock on 127.0.0.1.
 * @param time For tests; the machine's clock otherwise.
 * @throws UserError where the port cannot be opened or the script of faults is wrong.
 */
export const startSimulator = async (
	options: SimulatorOptions,
	time: Time = systemTime,
): Promise<RunningSimulator> => {
	const simulation = createSimulation(options, time);
	const routes = createRoutes(simulation);
	let listener: Listener;
	try {
		listener = await listen(options.port, (exchange) => {
			void route(exchange, simulation, routes);
		});
	} catch (error) {
		throw listenFault(options.port, error);
	}
	return {
		url: `http://127.0.0.1:${listener.port}`,
		async stop() {
			await listener.close();
			simulation.close();
		},
	};
};
