import {UserError} from '../domain/user-error.ts';
import type {Clients} from './clients/clients.ts';
import {emptyModelIndex, identify} from './identify/identify.ts';
import {abortedBy, callError} from './jobs/job-service.ts';

/**
 * Has Amazon Bedrock rewrite one prompt (`OptimizePrompt`): a short prompt, for one model, without any test of the result.
 * It is called with the base model, because profiles are not among what it documents. AWS bills it apart.
 * @returns The prompt as rewritten; its placeholders may be gone.
 * @throws UserError (exit 1) where it is refused, throttled or cut off, with the way out.
 */
export async function optimizePrompt(
	clients: Clients,
	{template, model}: {readonly template: string; readonly model: string},
	signal?: AbortSignal,
): Promise<string> {
	const {baseModel} = identify(model, emptyModelIndex);
	const what = `OptimizePrompt for ${baseModel}`;
	let text: string | undefined;
	try {
		const {OptimizePromptCommand} = await import('@aws-sdk/client-bedrock-agent-runtime');
		const client = await clients.agent();
		const {optimizedPrompt} = await client.send(
			new OptimizePromptCommand({input: {textPrompt: {text: template}}, targetModelId: baseModel}),
			abortedBy(signal),
		);
		for await (const event of optimizedPrompt ?? []) {
			text = event.optimizedPromptEvent?.optimizedPrompt?.textPrompt?.text ?? text;
			// In a stream errors are events too.
			const fault = Object.entries(event).find(([name]) => name.endsWith('Exception'))?.[1];
			if (fault instanceof Error) {
				throw fault;
			}
		}
	} catch (error) {
		throw callError(error, clients, {what, action: 'bedrock:OptimizePrompt'});
	}
	if (text === undefined || text.trim() === '') {
		throw new UserError(`${what}: the answer holds no prompt.`, {
			exitCode: 1,
			hint: 'Repeat the command, or leave out --via optimize-prompt.',
		});
	}
	return text;
}
