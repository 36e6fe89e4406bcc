import type {Model} from '../catalog/model.ts';
import type {Facts} from './family.ts';
import {isJson, type Json} from './prompt.ts';

/** Thoughts that a request asks for. */

const leastBudget = 1024;
const signatureLength = 240;

/** Whether the settings turn thinking on: Claude's `thinking`, Nova's `reasoningConfig`. */
export const asksToThink = (settings: Json): boolean => {
	const {thinking, reasoningConfig} = settings;
	const type = isJson(thinking) ? thinking.type : isJson(reasoningConfig) ? reasoningConfig.type : undefined;
	return type === 'enabled' || type === 'adaptive';
};

/**
 * What the model says to settings that do not go together.
 * @param isForced A tool must be called.
 */
export const thinkingFault = (
	settings: Json,
	model: Model,
	maximumTokens: unknown,
	isForced: boolean,
): string | undefined => {
	const {thinking} = settings;
	if (!isJson(thinking) || !asksToThink(settings)) {
		return undefined;
	}
	if (!model.traits.has('thinks')) {
		return 'thinking: Extra inputs are not permitted';
	}
	if (isForced) {
		return 'Thinking may not be enabled when tool_choice forces tool use.';
	}
	const budget = thinking.budget_tokens;
	if (thinking.type === 'adaptive') {
		return undefined;
	}
	if (typeof budget !== 'number') {
		return 'thinking.enabled.budget_tokens: Field required';
	}
	if (budget < leastBudget) {
		return `thinking.enabled.budget_tokens: Input should be greater than or equal to ${leastBudget}`;
	}
	return typeof maximumTokens === 'number' && maximumTokens <= budget
		? '`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking#max-tokens-and-context-window-size'
		: undefined;
};

const signatureAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** What Claude signs its thoughts with; nothing checks it here. */
export const signatureOf = ({model, random}: Facts): string | undefined =>
	model.family === 'anthropic'
		? Array.from(
				{length: signatureLength},
				() => signatureAlphabet[Math.floor(random() * signatureAlphabet.length)],
			).join('')
		: undefined;
