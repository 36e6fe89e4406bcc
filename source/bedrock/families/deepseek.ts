import type {InferenceRequest} from '../../domain/backend.ts';
import {type Family, namedLike} from './family.ts';
import {chatBody, chatReading} from './openai-style.ts';
import {renamed, stopField} from './request-parts.ts';

/** DeepSeek R1's own special tokens; the prompt ends where its reasoning starts (Bedrock user guide). */
const prompt = ({system, messages}: Pick<InferenceRequest, 'system' | 'messages'>): string =>
	[
		'<｜begin▁of▁sentence｜>',
		system ?? '',
		...messages.map(({role, text}) =>
			role === 'user' ? `<｜User｜>${text}` : `<｜Assistant｜>${text}<｜end▁of▁sentence｜>`,
		),
		'<｜Assistant｜><think>\n',
	].join('');

/** DeepSeek: R1 completes a prompt, V3 and later take chat completions. */
export const deepseek: Family = {
	name: 'deepseek',
	serves: namedLike('deepseek\\.'),
	takesSystem: () => true,
	build: (request) =>
		/deepseek\.r1/.test(request.baseModel)
			? {
					prompt: prompt(request),
					max_tokens: request.maxTokens,
					...stopField('stop', request.stop),
					...renamed(request.parameters, {topP: 'top_p', topK: 'top_k'}),
				}
			: chatBody(request),
	...chatReading,
	tagsReasoning: true,
};
