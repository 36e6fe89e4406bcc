import {BedrockRuntimeClient, ConverseCommand} from '@aws-sdk/client-bedrock-runtime';
import {createClient} from '@redis/client';
import {createLimiter, redisStore} from '../../../source/limiter/index.ts';

/**
 * One process of a fleet as people write it: workers that send one request after another by the AWS SDK with the limiter's
 * plugin, of random sizes. Arguments: URL of the store, seconds, workers, RPM and TPM of the quota (0: no limit), seed.
 * Prints what it sent as one line of JSON when it ends, and each event of the store on stderr.
 */

const [url = '', seconds = '150', workers = '20', rpm = '0', tpm = '0', seed = '1'] = process.argv.slice(2);
const modelId = 'us.amazon.nova-lite-v1:0';
const startedAt = Date.now();
const until = startedAt + Number(seconds) * 1000;
const counts = {ok: 0, failed: 0, attempts: 0, longestMs: 0, processorMs: 0};
const sent: Array<{readonly at: number; readonly reserved: number; readonly settled: number}> = [];
const failures = new Map<string, number>();

const connection = createClient({url, disableOfflineQueue: true, socket: {reconnectStrategy: 200}});
connection.on('error', () => {
	// What becomes of the store is the limiter's to say.
});
await connection.connect();

const limitOf = (value: string): number | null => (value === '0' ? null : Number(value));
const limiter = createLimiter({
	region: 'us-east-1',
	account: '111122223333',
	quota: {requestsPerMinute: limitOf(rpm), tokensPerMinute: limitOf(tpm)},
	store: redisStore(connection),
	onEvent(event) {
		if (event.type.startsWith('store')) {
			process.stderr.write(`${Date.now() - startedAt} ${JSON.stringify(event)}\n`);
		}
	},
});
const client = new BedrockRuntimeClient({
	region: 'us-east-1',
	credentials: {accessKeyId: 'simulated', secretAccessKey: 'simulated'},
});
client.middlewareStack.use(limiter.plugin());

// Small and the same in each run: which sizes come is not the question.
let state = Number(seed) * 7919;
const random = (): number => {
	state = (state * 48_271) % 2_147_483_647;
	return state / 2_147_483_647;
};

const work = async (): Promise<void> => {
	while (Date.now() < until) {
		const text = 'river '.repeat(Math.ceil(20 + 400 * random()));
		const maxTokens = Math.ceil(20 + 200 * random());
		const from = Date.now();
		try {
			const {$metadata, usage} = await client.send(
				new ConverseCommand({
					modelId,
					messages: [{role: 'user', content: [{text}]}],
					inferenceConfig: {maxTokens},
				}),
				{abortSignal: AbortSignal.timeout(Math.max(1, until - Date.now() + 5000))},
			);
			counts.attempts += $metadata.attempts ?? 1;
			counts.ok++;
			const input = usage?.inputTokens ?? 0;
			sent.push({
				at: Date.now(),
				reserved: input + maxTokens,
				settled: input + (usage?.outputTokens ?? 0),
			});
		} catch (error) {
			if (Date.now() < until) {
				counts.failed++;
				const name = error instanceof Error ? `${error.name}: ${error.message.slice(0, 80)}` : 'unknown';
				failures.set(name, (failures.get(name) ?? 0) + 1);
				await new Promise((resolve) => setTimeout(resolve, 500));
			}
		}
		counts.longestMs = Math.max(counts.longestMs, Date.now() - from);
	}
};

await Promise.all(Array.from({length: Number(workers)}, work));
const {user, system} = process.cpuUsage();
counts.processorMs = (user + system) / 1000;
process.stdout.write(`${JSON.stringify({...counts, sent, failures: Object.fromEntries(failures)})}\n`);
await limiter.close();
connection.destroy();
