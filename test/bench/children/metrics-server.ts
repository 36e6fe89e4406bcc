import {createRoutes, route} from '../../../source/simulator/router.ts';
import {listen} from '../../../source/simulator/server.ts';
import {createSimulation} from '../../../source/simulator/simulation.ts';
import {systemTime} from '../../../source/simulator/time.ts';

/**
 * A simulated account in which so many application profiles are at work, in a process of its own: the only argument says
 * how many. Prints its address; tells at `/__operations` how often each operation was called; ends with its standard input.
 */

const teams = Number(process.argv[2] ?? 500);
const background = Array.from({length: teams}, (_unused, index) => ({
	modelId: `team${index}`,
	copiedFrom: 'us.amazon.nova-lite-v1:0',
	requestsPerMinute: 5,
	inputTokens: 500,
	outputTokens: 100,
	cacheReadTokens: 50,
	cacheWriteTokens: 5,
	throttledShare: 0.1,
	errorShare: 0.1,
}));
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
		scenario: {background},
	},
	systemTime,
);
const routes = createRoutes(simulation);
const operations = new Map<string, number>();
const {port} = await listen(0, (exchange) => {
	if (exchange.path === '/__operations') {
		exchange.reply.head(200, {'content-type': 'application/json'});
		exchange.reply.end(JSON.stringify(Object.fromEntries(operations)));
		return;
	}
	const name = String(exchange.headers['x-amz-target'] ?? exchange.path);
	operations.set(name, (operations.get(name) ?? 0) + 1);
	void route(exchange, simulation, routes);
});
process.stdout.write(`http://127.0.0.1:${port}\n`);
process.stdin.resume();
process.stdin.once('end', () => {
	simulation.close();
	process.exit();
});
