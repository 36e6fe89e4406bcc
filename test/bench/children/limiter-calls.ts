import path from 'node:path';
import {pathToFileURL} from 'node:url';

/** Calls through the plugin of the built library, with a handler in place of the SDK's; prints their processor time. */

const library = pathToFileURL(path.resolve(import.meta.dirname, '../../../dist/limiter.js')).href;
const {createLimiter} = (await import(library)) as typeof import('../../../source/limiter/index.ts');

type Handler = (args: object) => Promise<object>;
type Middleware = (next: Handler, context: object) => Handler;

const answer = {response: {}, output: {usage: {inputTokens: 12, outputTokens: 1, totalTokens: 13}}};
const args = {
	input: {
		modelId: 'amazon.nova-lite-v1:0',
		messages: [{role: 'user', content: [{text: 'Is this message spam? '.repeat(40)}]}],
		inferenceConfig: {maxTokens: 50},
	},
};
const quota = {requestsPerMinute: 1_000_000, tokensPerMinute: 1_000_000_000};
const limiter = createLimiter({region: 'us-east-1', quota});
let call: Handler = async () => answer;
limiter.plugin().applyToStack({
	addRelativeTo(middleware: Middleware) {
		call = middleware(async () => answer, {commandName: 'ConverseCommand'});
	},
});

/** As many at once as a busy service has. */
const inFlight = 100;
const run = async (rounds: number): Promise<void> => {
	for (let round = 0; round < rounds; round++) {
		await Promise.all(Array.from({length: inFlight}, async () => call(args)));
	}
};

const rounds = Number(process.argv[2]);
// What is compiled in the first calls serves all others.
await run(rounds / 10);
const before = process.cpuUsage();
await run(rounds);
const {user, system} = process.cpuUsage(before);
const [bucket] = limiter.usage().buckets;
process.stdout.write(
	JSON.stringify({
		cpuMs: (user + system) / 1000 / (rounds * inFlight),
		counted: bucket?.requests.used === (rounds + rounds / 10) * inFlight,
	}),
);
await limiter.close();
