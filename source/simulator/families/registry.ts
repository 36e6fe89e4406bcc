import type {FamilyName} from '../catalog/model.ts';
import {anthropicFamily} from './anthropic.ts';
import {commandFamily} from './command.ts';
import {commandRFamily} from './command-r.ts';
import {deepSeekFamily} from './deepseek.ts';
import type {Family} from './family.ts';
import {jambaFamily} from './jamba.ts';
import {jurassicFamily} from './jurassic.ts';
import {llamaFamily} from './llama.ts';
import {mistralChatFamily} from './mistral-chat.ts';
import {mistralPromptFamily} from './mistral-prompt.ts';
import {novaFamily} from './nova.ts';
import {openAiFamily} from './openai.ts';
import {titanFamily} from './titan.ts';

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

/** The bodies that a model speaks. */
export const familyOf = (name: FamilyName): Family => families[name];
