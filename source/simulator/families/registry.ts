import type {FamilyName} from '../catalog/model.ts';
import {jambaFamily, jurassicFamily} from './ai21.ts';
import {novaFamily, titanFamily} from './amazon.ts';
import {anthropicFamily} from './anthropic.ts';
import {commandFamily, commandRFamily} from './cohere.ts';
import type {Family} from './family.ts';
import {mistralChatFamily, mistralPromptFamily} from './mistral.ts';
import {deepSeekFamily, llamaFamily, openAiFamily} from './openai.ts';

const families: Readonly<Record<FamilyName, Family>> = {
	anthropic: anthropicFamily,
	nova: novaFamily,
	titan: titanFamily,
	llama: llamaFamily,
	'mistral-prompt': mistralPromptFamily,
	'mistral-chat': mistralChatFamily,
	command: commandFamily,
	'command-r': commandRFamily,
	jamba: jambaFamily,
	jurassic: jurassicFamily,
	deepseek: deepSeekFamily,
	openai: openAiFamily,
};

/** The family of a model. */
export function familyOf(name: FamilyName): Family {
	return families[name];
}
