import {BedrockAgentRuntimeClient, OptimizePromptCommand} from '@aws-sdk/client-bedrock-agent-runtime';
import {describe, expect, it, onTestFinished} from 'vitest';
import {createClients} from '../../source/bedrock/clients/clients.ts';
import {optimizePrompt} from '../../source/bedrock/optimize-prompt.ts';
import {UserError} from '../../source/domain/user-error.ts';
import {credentials, startForTest} from '../simulator/harness.ts';

/** Tests source/bedrock/optimize-prompt.ts, and OptimizePrompt of the simulator with the client of the SDK. */

const template =
	'I would like you to read the ticket thoroughly.\n\nTicket: {{item.text}}\n\n- billing: invoices\n- other: the rest\n\nExplain your reasons.';

const clientsOf = (url: string) => {
	const clients = createClients(
		{region: 'us-east-1', profile: undefined, simulatorUrl: url, timeoutMs: 3000},
		{maxSockets: 1},
	);
	onTestFinished(() => clients.close());
	return clients;
};

const faultOf = async (promise: Promise<unknown>): Promise<UserError> => {
	const error: unknown = await promise.catch((thrown: unknown) => thrown);
	expect(error).toBeInstanceOf(UserError);
	return error as UserError;
};

describe('OptimizePrompt', () => {
	it('gives the prompt as rewritten, for the model below a profile', async () => {
		const {url} = await startForTest();
		const text = await optimizePrompt(clientsOf(url), {template, model: 'us.anthropic.claude-sonnet-5'});
		expect(text).toContain('{{item.text}}');
		expect(text.length).toBeLessThan(template.length);
	});

	it('speaks to the client of the SDK: an analysis, then the prompt', async () => {
		const {url} = await startForTest();
		const client = new BedrockAgentRuntimeClient({endpoint: url, region: 'us-east-1', credentials});
		onTestFinished(() => client.destroy());
		const {optimizedPrompt} = await client.send(
			new OptimizePromptCommand({
				input: {textPrompt: {text: template}},
				targetModelId: 'amazon.nova-lite-v1:0',
			}),
		);
		const names: Array<string | undefined> = [];
		for await (const event of optimizedPrompt ?? []) {
			names.push(Object.keys(event)[0]);
		}
		expect(names).toEqual(['analyzePromptEvent', 'optimizedPromptEvent']);
	});

	it.each([
		['a prompt that is too long', {}, {template: 'word '.repeat(2000)}, /exceeds the maximum length/],
		['a model that does not exist', {}, {model: 'anthropic.claude-9'}, /claude-9/],
		['a caller who may not', {faults: {denied: ['bedrock:OptimizePrompt']}}, {}, /bedrock:OptimizePrompt/],
	])('says what is wrong with %s', async (_name, options, more, expected) => {
		const {url} = await startForTest(options);
		const fault = await faultOf(
			optimizePrompt(clientsOf(url), {template, model: 'us.anthropic.claude-sonnet-5', ...more}),
		);
		expect(`${fault.message} ${fault.hint}`).toMatch(expected);
		expect(fault.exitCode).toBe(1);
	});

	it('says so where it is throttled for good', async () => {
		const {url} = await startForTest({faults: [{kind: 'throttle-requests'}]});
		const {message} = await faultOf(
			optimizePrompt(clientsOf(url), {template, model: 'us.anthropic.claude-sonnet-5'}),
		);
		expect(message).toContain('OptimizePrompt for anthropic.claude-sonnet-5');
	});
});
