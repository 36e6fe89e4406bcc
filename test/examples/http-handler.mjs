// A web service with two kinds of callers: people who wait, and bulk work that takes what they leave. A caller who hangs up
// leaves nothing behind in the queue.
//
//   PORT=8080 node http-handler.mjs      POST /ask      POST /bulk      GET /usage
import {createServer} from 'node:http';
import {BedrockRuntimeClient, ConverseCommand} from '@aws-sdk/client-bedrock-runtime';
import {createLimiter, LargerThanQuotaError} from 'bedrock-top/limiter';

const region = process.env.AWS_REGION ?? 'us-east-1';
const maxTokens = 60;
const limiter = createLimiter({
	region,
	quota: 'detect',
	// So much room is kept free for people.
	lanes: {high: {requestsPerMinute: 30, tokens: 200}},
});
const clientOf = (lane) => {
	const client = new BedrockRuntimeClient({region});
	client.middlewareStack.use(limiter.plugin({lane}));
	return client;
};
const clients = {'/ask': clientOf('high'), '/bulk': clientOf('low')};

const textOf = async (request) => {
	const chunks = await Array.fromAsync(request);
	return Buffer.concat(chunks).toString('utf8');
};

const server = createServer(async (request, response) => {
	const client = clients[request.url];
	if (request.url === '/usage') {
		response.end(JSON.stringify(limiter.usage()));
		return;
	}
	if (client === undefined) {
		response.writeHead(404).end();
		return;
	}
	const left = new AbortController();
	response.on('close', () => left.abort());
	try {
		const text = await textOf(request);
		const answer = await client.send(
			new ConverseCommand({
				modelId: 'us.amazon.nova-lite-v1:0',
				messages: [{role: 'user', content: [{text}]}],
				inferenceConfig: {maxTokens},
			}),
			{abortSignal: left.signal},
		);
		response.end(answer.output?.message?.content?.map((block) => block.text ?? '').join(''));
	} catch (error) {
		response.writeHead(error instanceof LargerThanQuotaError ? 413 : 502).end(String(error));
	}
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
	console.log(`http://127.0.0.1:${server.address().port}`);
});
process.once('SIGTERM', async () => {
	server.close();
	await limiter.close();
});
