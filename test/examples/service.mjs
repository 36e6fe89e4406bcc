// A service that stays inside its quota: two lines, and the SDK's calls wait for room. Several of them share one quota with
// REDIS_URL set; without it each has the quota to itself.
//
//   REDIS_URL=redis://127.0.0.1 node service.mjs 20
import {BedrockRuntimeClient, ConverseCommand} from '@aws-sdk/client-bedrock-runtime';
import {createClient} from '@redis/client';
import {createLimiter, memoryStore, redisStore} from 'bedrock-top/limiter';

const {REDIS_URL: url, AWS_REGION: region = 'us-east-1'} = process.env;
const redis = url === undefined ? undefined : createClient({url, disableOfflineQueue: true});
redis?.on('error', () => {
	// The limiter says what becomes of the store, and goes on without it.
});
await redis?.connect();

const limiter = createLimiter({
	region,
	quota: 'detect',
	store: redis === undefined ? memoryStore() : redisStore(redis),
	// That calls wait is what it is for; the rest is worth a line.
	onEvent: (event) => event.type !== 'held' && console.error(JSON.stringify(event)),
});
const client = new BedrockRuntimeClient({region});
client.middlewareStack.use(limiter.plugin());

const ask = async () =>
	client.send(
		new ConverseCommand({
			modelId: 'us.amazon.nova-lite-v1:0',
			messages: [{role: 'user', content: [{text: 'Name three rivers.'}]}],
			inferenceConfig: {maxTokens: 60},
		}),
	);

const answers = await Promise.allSettled(Array.from({length: Number(process.argv[2] ?? 10)}, ask));
const refused = answers.filter(({status}) => status === 'rejected').length;
const retries = answers.reduce((sum, {value}) => sum + (value?.$metadata.attempts ?? 1) - 1, 0);
console.log(`${answers.length - refused} answered, ${refused} refused, ${retries} retries`);
await limiter.close();
redis?.destroy();
