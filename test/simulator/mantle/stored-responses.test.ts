import OpenAI from 'openai';
import {describe, expect, it} from 'vitest';
import {post, startForTest} from '../harness.ts';

/** Tests source/simulator/simulation.ts: responses that are kept, over OpenAI's client. */

const first = {model: 'openai.gpt-5.4', max_output_tokens: 60, input: 'What is a quota?'};

const start = async () => {
	const {url} = await startForTest();
	return {url, client: new OpenAI({apiKey: 'simulated', baseURL: `${url}/openai/v1`, maxRetries: 0})};
};

describe('a response', () => {
	it('can be gone on from, with all that was said before', async () => {
		const {client} = await start();
		const one = await client.responses.create(first);
		const alone = await client.responses.create({...first, input: 'And a limit?'});
		const two = await client.responses.create({
			...first,
			input: 'And a limit?',
			previous_response_id: one.id,
		});
		expect(two.previous_response_id).toBe(one.id);
		const [oneUsed = 0, aloneUsed = 0, twoUsed = 0] = [one, alone, two].map(
			({usage}) => usage?.input_tokens ?? 0,
		);
		const said = one.usage?.output_tokens ?? 0;
		expect(twoUsed).toBeGreaterThanOrEqual(oneUsed + aloneUsed);
		const three = await client.responses.create({...first, previous_response_id: two.id});
		expect(three.usage?.input_tokens).toBeGreaterThan(twoUsed);
		expect(said).toBeGreaterThan(0);
	});

	it('is shown again as it was answered, whole or streamed, until it is deleted', async () => {
		const {client} = await start();
		const whole = await client.responses.create(first);
		const streamed = await client.responses.stream(first).finalResponse();
		for (const {id, output, status} of [whole, streamed]) {
			expect(await client.responses.retrieve(id)).toMatchObject({id, output, status});
			await client.responses.delete(id);
			await expect(client.responses.retrieve(id)).rejects.toMatchObject({status: 404});
			await expect(client.responses.create({...first, previous_response_id: id})).rejects.toMatchObject({
				status: 404,
			});
		}
	});

	it('is not kept where the request says so', async () => {
		const {client} = await start();
		const {id, store} = (await client.responses.create({
			...first,
			store: false,
		})) as OpenAI.Responses.Response & {
			store: boolean;
		};
		expect(store).toBe(false);
		await expect(client.responses.retrieve(id)).rejects.toMatchObject({status: 404});
		await expect(client.responses.create({...first, previous_response_id: id})).rejects.toMatchObject({
			status: 404,
		});
	});

	it('is shown to nobody without a key, and forgotten by a reset', async () => {
		const {url, client} = await start();
		const {id} = await client.responses.create(first);
		expect((await fetch(`${url}/openai/v1/responses/${id}`)).status).toBe(401);
		await post(url, '/__reset', {}, {'x-bedrock-top-reset': '1'});
		await expect(client.responses.retrieve(id)).rejects.toMatchObject({status: 404});
	});
});
