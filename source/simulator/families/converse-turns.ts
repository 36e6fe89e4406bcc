import {isJson, type Json} from './prompt.ts';

/** The order of turns that Converse holds callers to: user and assistant by turns, results after the calls of tools. */

const startsWrong =
	'A conversation must start with a user message. Try again with a conversation that starts with a user message.';
const alternatesWrong =
	'A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.';

type Turn = {
	readonly role: unknown;
	readonly calls: readonly unknown[];
	readonly results: readonly unknown[];
};

const idsOf = (content: unknown, kind: 'toolUse' | 'toolResult'): readonly unknown[] =>
	(Array.isArray(content) ? content : []).flatMap((block) => {
		const found = isJson(block) ? block[kind] : undefined;
		return isJson(found) ? [found.toolUseId] : [];
	});

const turnOf = (message: unknown): Turn => {
	const {role, content}: Json = isJson(message) ? message : {};
	return {role, calls: idsOf(content, 'toolUse'), results: idsOf(content, 'toolResult')};
};

/** What is wrong with the results of a turn, given the calls of the one before. */
const resultsFault = (calls: readonly unknown[], {results}: Turn, index: number): string | undefined => {
	const missing = calls.filter((id) => !results.includes(id));
	if (missing.length > 0) {
		return `Expected toolResult blocks at messages.${index}.content for the following Ids: ${missing.join(', ')}`;
	}
	return results.length > calls.length
		? `The number of toolResult blocks at messages.${index}.content exceeds the number of toolUse blocks of previous turn.`
		: undefined;
};

/** Why a conversation is refused; undefined where it is in order. */
export const turnsFault = (messages: readonly unknown[], toolConfig: unknown): string | undefined => {
	const turns = messages.map(turnOf);
	if (turns[0]?.role !== 'user') {
		return startsWrong;
	}
	if (turns.some(({role}, index) => index > 0 && role === turns[index - 1]?.role)) {
		return alternatesWrong;
	}
	const usesTools = turns.some(({calls, results}) => calls.length + results.length > 0);
	if (usesTools && toolConfig === undefined) {
		return 'The toolConfig field must be defined when using toolUse and toolResult content blocks.';
	}
	return turns
		.map((turn, index) => resultsFault(turns[index - 1]?.calls ?? [], turn, index))
		.find((fault) => fault !== undefined);
};
