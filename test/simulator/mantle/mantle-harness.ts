import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

/** Clients that others wrote, pointed at a simulator and trying once. */

export const openAi = (url: string, surface: '/v1' | '/openai/v1' = '/v1'): OpenAI =>
	new OpenAI({apiKey: 'simulated', baseURL: `${url}${surface}`, maxRetries: 0});

export const anthropic = (url: string): Anthropic =>
	new Anthropic({apiKey: 'simulated', baseURL: `${url}/anthropic`, maxRetries: 0});

/** What a promise fails with. */
export const failureOf = async (promise: PromiseLike<unknown>): Promise<unknown> => {
	try {
		await promise;
	} catch (error) {
		return error;
	}
	throw new Error('It did not fail.');
};

export const collect = async <T>(stream: AsyncIterable<T>): Promise<readonly T[]> => {
	const events: T[] = [];
	for await (const event of stream) {
		events.push(event);
	}
	return events;
};

/** A script of one fault, which the first request meets. */
export const once = (kind: string): {readonly faults: unknown} => ({faults: [{kind, count: 1}]});
