import {parseArgs} from 'node:util';
import {bareLoop, converseStream, createSdkClient} from '../helpers/sdk-loop.ts';
import {plainModel, sixteenTokensTask} from '../helpers/workload.ts';

/** An open loop over the bare client, in a process of its own; prints the milliseconds of each request in their order. */

const {values} = parseArgs({
	options: {url: {type: 'string'}, rate: {type: 'string'}, seconds: {type: 'string'}},
});
const gapMs = 1000 / Number(values.rate);
const requests = Number(values.seconds) * Number(values.rate);
const client = createSdkClient(String(values.url), {...bareLoop, inFlight: 512});
const workload = {model: plainModel, task: sixteenTokensTask, maxTokens: 50};
const startedAt = performance.now();
const timesMs: number[] = [];

const send = async (index: number): Promise<void> => {
	const sentAt = performance.now();
	await converseStream(client, workload);
	timesMs[index] = performance.now() - sentAt;
};

const inFlight: Array<Promise<void>> = [];
for (let index = 0; index < requests; index++) {
	const waitMs = startedAt + index * gapMs - performance.now();
	if (waitMs > 0) {
		await new Promise((resolve) => {
			setTimeout(resolve, waitMs);
		});
	}
	inFlight.push(send(index));
}
await Promise.all(inFlight);
process.stdout.write(JSON.stringify(timesMs));
client.destroy();
