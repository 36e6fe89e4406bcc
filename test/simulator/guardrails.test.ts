import {ConverseCommand, ConverseStreamCommand, InvokeModelCommand} from '@aws-sdk/client-bedrock-runtime';
import {describe, expect, it} from 'vitest';
import {guardrailId, guardrailMarker} from '../../source/simulator/runtime/guardrails.ts';
import {modelPath, post, readStats, runtimeClient, startForTest} from './harness.ts';

/** Tests source/simulator/runtime/guardrails.ts. */

const nova = 'us.amazon.nova-lite-v1:0';
const config = (guardrailIdentifier: string, guardrailVersion = '1') => ({
	guardrailIdentifier,
	guardrailVersion,
	trace: 'enabled' as const,
});
const asking = (text: string, guardrailConfig = config(guardrailId)) => ({
	modelId: nova,
	messages: [{role: 'user' as const, content: [{text}]}],
	guardrailConfig,
});
const blocked = `Say something about ${guardrailMarker}.`;
const refusal = 'Sorry, the model cannot answer this question.';

describe('a guardrail', () => {
	it.each([
		['nosuchguardrail', '1', 'The guardrail identifier or version provided in the request does not exist.'],
		[guardrailId, '7', 'The guardrail identifier or version provided in the request does not exist.'],
		['Not An ID', '1', 'The provided guardrail identifier is invalid.'],
	])('%s, version %s, is not there', async (identifier, version, message) => {
		const {url} = await startForTest();
		const client = runtimeClient(url);
		const request = asking('Hello', config(identifier, version));
		for (const command of [new ConverseCommand(request), new ConverseStreamCommand(request)]) {
			await expect(client.send(command as ConverseCommand)).rejects.toMatchObject({
				name: 'ValidationException',
				message,
			});
		}
		const invoked = await post(
			url,
			modelPath(nova, 'invoke'),
			{messages: [{role: 'user', content: [{text: 'Hello'}]}]},
			{'x-amzn-bedrock-guardrailidentifier': identifier, 'x-amzn-bedrock-guardrailversion': version},
		);
		expect(invoked.status).toBe(400);
		expect(JSON.parse(invoked.body.toString())).toEqual({message});
	});

	it('lets other prompts through', async () => {
		const {url} = await startForTest();
		const answer = await runtimeClient(url).send(new ConverseCommand(asking('Hello')));
		expect(answer.stopReason).toBe('end_turn');
		expect(answer.usage?.outputTokens).toBeGreaterThan(3);
		expect(answer.trace?.guardrail?.inputAssessment).toEqual({[guardrailId]: {}});
	});

	it.each([guardrailId, `arn:aws:bedrock:us-east-1:123456789012:guardrail/${guardrailId}`])(
		'%s blocks a prompt, whole and streamed, at no cost',
		async (identifier) => {
			const {url} = await startForTest();
			const client = runtimeClient(url);
			const request = asking(blocked, config(identifier, 'DRAFT'));
			const whole = await client.send(new ConverseCommand(request));
			expect(whole.stopReason).toBe('guardrail_intervened');
			expect(whole.output?.message?.content).toEqual([{text: refusal}]);
			expect(whole.usage).toMatchObject({inputTokens: 0, outputTokens: 0, totalTokens: 0});
			expect(Object.keys(whole.trace?.guardrail?.inputAssessment ?? {})).toEqual([guardrailId]);

			const streamed = await client.send(new ConverseStreamCommand(request));
			let text = '';
			let stopReason: string | undefined;
			for await (const event of streamed.stream ?? []) {
				text += event.contentBlockDelta?.delta?.text ?? '';
				stopReason = event.messageStop?.stopReason ?? stopReason;
				expect(event.metadata?.usage?.outputTokens ?? 0).toBe(0);
			}
			expect([text, stopReason]).toEqual([refusal, 'guardrail_intervened']);
			expect((await readStats(url)).tokens.quota).toBe(0);
		},
	);

	it('marks the body of InvokeModel', async () => {
		const {url} = await startForTest();
		const invoke = async (text: string) => {
			const answer = await runtimeClient(url).send(
				new InvokeModelCommand({
					modelId: nova,
					body: JSON.stringify({messages: [{role: 'user', content: [{text}]}]}),
					guardrailIdentifier: guardrailId,
					guardrailVersion: '1',
				}),
			);
			return JSON.parse(answer.body.transformToString());
		};
		expect((await invoke('Hello'))['amazon-bedrock-guardrailAction']).toBe('NONE');
		const stopped = await invoke(blocked);
		expect(stopped['amazon-bedrock-guardrailAction']).toBe('INTERVENED');
		expect(stopped.output.message.content).toEqual([{text: refusal}]);
	});
});
