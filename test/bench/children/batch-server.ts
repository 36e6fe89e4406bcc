import {createRoutes, route} from '../../../source/simulator/router.ts';
import {listen} from '../../../source/simulator/server.ts';
import {createSimulation} from '../../../source/simulator/simulation.ts';
import {systemTime} from '../../../source/simulator/time.ts';
import {serviceOf} from '../../../source/simulator/wire/exchange.ts';

/**
 * A simulator in a process of its own whose jobs begin late and work fast, so that neither side disturbs the other.
 * Prints its address; serves what it saw and when at `/__timeline`; ends with its standard input.
 */

export type Seen = {
	/** Signing name of the service; undefined for our own questions. */
	readonly service: string | undefined;
	readonly method: string;
	readonly path: string;
	/** Length of the body, as announced. */
	readonly bytes: number;
	/** Milliseconds since 1970 of the first byte and of the answer's end. */
	readonly receivedAt: number;
	readonly endedAt: number;
};

const simulation = createSimulation(
	{
		port: 0,
		seed: 1,
		requestsPerMinute: undefined,
		tokensPerMinute: undefined,
		enforcement: 'sliding',
		windowMs: 60_000,
		latencyMs: 1,
		faults: undefined,
		scenario: {batch: {stepMs: Number(process.argv[2] ?? 1000), recordsPerSecond: 1e9}},
	},
	systemTime,
);
const routes = createRoutes(simulation);
const seen: Seen[] = [];
const {port} = await listen(0, (exchange) => {
	const receivedAt = Date.now();
	const {method, path} = exchange;
	if (path === '/__timeline') {
		exchange.reply.head(200, {'content-type': 'application/json'});
		exchange.reply.end(JSON.stringify(seen));
		return;
	}
	void route(exchange, simulation, routes).then(() => {
		const {headers} = exchange;
		const bytes = Number(headers['content-length'] ?? 0);
		seen.push({service: serviceOf(headers), method, path, bytes, receivedAt, endedAt: Date.now()});
	});
});
process.stdout.write(`http://127.0.0.1:${port}\n`);
process.stdin.resume();
process.stdin.once('end', () => {
	simulation.close();
	process.exit();
});
