import {UserError} from '../domain/user-error.ts';
import {createSimulation} from './create-simulation.ts';
import type {SimulatorOptions} from './options.ts';
import {createRoutes, route} from './router.ts';
import {systemTime, type Time} from './time.ts';
import {type Listener, listen, loopback} from './wire/listener.ts';

export type RunningSimulator = {
	/** Base URL of every service that is simulated. */
	readonly url: string;
	/** Closes the port and every connection. */
	readonly stop: () => Promise<void>;
};

/** How a program of this machine reaches a host that is listened on. */
const reachedAt = (host: string): string =>
	host === '0.0.0.0' || host === '::' ? loopback : host.includes(':') ? `[${host}]` : host;

const codeOf = (error: unknown): string =>
	error instanceof Error && 'code' in error ? String(error.code) : String(error);

const listenFault = (port: number, host: string, error: unknown): UserError => {
	const reasons: Readonly<Record<string, string>> = {
		EADDRINUSE: `Port ${port} is already in use.`,
		EADDRNOTAVAIL: `This machine has no address ${host}.`,
		ENOTFOUND: `The host ${host} is not known.`,
		EACCES: `Port ${port} may not be opened by this user.`,
	};
	return new UserError(
		reasons[codeOf(error)] ?? `The simulator cannot listen on port ${port}: ${codeOf(error)}.`,
		{
			exitCode: 1,
			hint: ['EADDRNOTAVAIL', 'ENOTFOUND'].includes(codeOf(error))
				? 'Name an address of this machine with --host, or leave it out for 127.0.0.1.'
				: 'Name another one with --port, or 0 for any that is free.',
			cause: error,
		},
	);
};

/**
 * Starts a local Bedrock, on 127.0.0.1 where no host is named.
 * @param time For tests; the machine's clock otherwise.
 * @throws UserError where the port cannot be opened or the script of faults is wrong.
 */
export const startSimulator = async (
	options: SimulatorOptions,
	time: Time = systemTime,
): Promise<RunningSimulator> => {
	const simulation = createSimulation(options, time);
	const host = options.host?.replace(/^\[(.*)\]$/, '$1') ?? loopback;
	const routes = createRoutes(simulation);
	let listener: Listener;
	try {
		listener = await listen(
			options.port,
			(exchange) => {
				void route(exchange, simulation, routes);
			},
			host,
			options.credentials,
		);
	} catch (error) {
		throw listenFault(options.port, host, error);
	}
	return {
		url: `${options.credentials === undefined ? 'http' : 'https'}://${reachedAt(host)}:${listener.port}`,
		async stop() {
			await listener.close();
			simulation.close();
		},
	};
};
