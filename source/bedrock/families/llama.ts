import {at, isObject, stringOf, wordOf} from '../json.ts';
import {countsIn} from '../usage.ts';
import {type Family, namedLike, type Reading, renamed} from './family.ts';
import {llama2Prompt, llama3Prompt, llama4Prompt} from './prompt-templates.ts';

const templateOf = (baseModel: string): typeof llama3Prompt => {
	if (/llama-?2/.test(baseModel)) {
		return llama2Prompt;
	}
	return /llama-?3/.test(baseModel) ? llama3Prompt : llama4Prompt;
};

const read = (value: unknown): Reading | undefined =>
	isObject(value) && Object.hasOwn(value, 'generation')
		? {
				text: stringOf(at(value, 'generation')),
				stopReason: wordOf(at(value, 'stop_reason')),
				counts: countsIn(value),
			}
		: undefined;

/** Meta Llama: one prompt string in the template of its generation. It has no field for stop sequences. */
export const llama: Family = {
	name: 'llama',
	serves: namedLike('meta\\.llama'),
	takesSystem: () => true,
	build: (request) => ({
		prompt: templateOf(request.baseModel)(request),
		max_gen_len: request.maxTokens,
		...renamed(request.parameters, {topP: 'top_p', topK: 'top_k'}),
	}),
	readBody: read,
	readChunk: read,
};
