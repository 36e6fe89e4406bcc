import type {ToolUse} from '../families/family.ts';
import type {Tool, ToolWish} from '../families/tool.ts';
import {contentWords} from './content-words.ts';
import {valueOfSchema} from './json-answer.ts';
import {identifier, type Random} from './random.ts';
import {tokenize} from './tokens.ts';

/** Which tool a model calls, and with what. */

/** The tool that shares most words with the question; the first of them on a tie. */
const nearest = (tools: readonly Tool[], question: string): Tool | undefined => {
	const asked = new Set(contentWords(question));
	const sharedWords = ({name, description}: Tool): number =>
		contentWords(`${name.replaceAll(/[_-]/g, ' ')} ${description}`).filter((word) => asked.has(word)).length;
	return tools.reduce<Tool | undefined>(
		(best, tool) => (best === undefined || sharedWords(tool) > sharedWords(best) ? tool : best),
		undefined,
	);
};

const chosenTool = ({tools, choice, hasResults}: ToolWish, question: string): Tool | undefined => {
	switch (choice.kind) {
		case 'none':
			return undefined;
		case 'tool':
			return tools.find(({name}) => name === choice.name);
		case 'any':
			return nearest(tools, question);
		case 'auto':
			return hasResults ? undefined : nearest(tools, question);
	}
};

/** The call of a tool whose input its schema permits; undefined where the model answers itself. */
export const toolUseOf = (
	random: Random,
	wish: ToolWish | undefined,
	question: string,
): ToolUse | undefined => {
	const tool = wish === undefined ? undefined : chosenTool(wish, question);
	if (tool === undefined) {
		return undefined;
	}
	const value = valueOfSchema(random, {type: 'object', ...tool.schema}, question, {
		words: contentWords(question),
		labels: [],
	});
	return {
		key: identifier(random, 22),
		name: tool.name,
		input: value as ToolUse['input'],
		tokens: tokenize(JSON.stringify(value)),
	};
};
