import type {Model} from '../catalog/model.ts';
import type {Answer, StopReason, ToolUse} from '../families/family.ts';
import type {Prompt} from '../families/prompt.ts';
import {composeAnswer} from './compose-answer.ts';
import {contentWords} from './content-words.ts';
import {paragraph} from './prose.ts';
import {logNormal, type Random} from './random.ts';
import {tokenize} from './tokens.ts';
import {toolUseOf} from './tool-use.ts';

/** Median length of what a reasoning model thinks, in tokens. */
const reasoningTokens = 60;

const reasoningOf = (random: Random, prompt: Prompt): readonly string[] =>
	tokenize(
		paragraph(random, contentWords(prompt.question), 'short', logNormal(random, reasoningTokens, 0.3)),
	);

type Stopped = {readonly text: string; readonly stopSequence: string | undefined};

const stopAt = (text: string, stopSequences: readonly string[]): Stopped => {
	const hits = stopSequences
		.map((sequence) => ({sequence, at: sequence === '' ? -1 : text.indexOf(sequence)}))
		.filter((hit) => hit.at >= 0)
		.sort((a, b) => a.at - b.at);
	const first = hits[0];
	return first === undefined
		? {text, stopSequence: undefined}
		: {text: text.slice(0, first.at), stopSequence: first.sequence};
};

/** The call with as many tokens as are left; one that does not fit has no whole input. */
const cutToolUse = (toolUse: ToolUse, left: number): ToolUse =>
	toolUse.tokens.length <= left ? toolUse : {...toolUse, input: {}, tokens: toolUse.tokens.slice(0, left)};

const thoughtOf = (random: Random, prompt: Prompt, model: Model): readonly string[] =>
	model.traits.has('reasons') || prompt.isThinking ? reasoningOf(random, prompt) : [];

/** What the model says to a prompt, cut at the stop sequences and at the most tokens that it may use. */
export const answerPrompt = (random: Random, prompt: Prompt, model: Model): Answer => {
	const limit = prompt.maximumTokens;
	const thought = thoughtOf(random, prompt, model);
	const reasoning = thought.slice(0, limit);
	const left = limit - reasoning.length;
	const called = toolUseOf(random, prompt.tools, prompt.question);
	if (called !== undefined) {
		const isCut = called.tokens.length > left;
		return {
			reasoning,
			tokens: [],
			toolUse: left === 0 ? undefined : cutToolUse(called, left),
			stopReason: isCut ? 'length' : 'tool-use',
			stopSequence: undefined,
		};
	}
	const {text, stopSequence} = stopAt(composeAnswer(random, prompt), prompt.stopSequences);
	const said = tokenize(text);
	const tokens = said.slice(0, left);
	const isCut = reasoning.length < thought.length || tokens.length < said.length;
	const stopReason: StopReason = isCut ? 'length' : stopSequence === undefined ? 'end' : 'stop-sequence';
	return {reasoning, tokens, stopReason, stopSequence: isCut ? undefined : stopSequence};
};
