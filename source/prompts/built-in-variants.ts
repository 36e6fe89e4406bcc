import type {Variant} from '../domain/task.ts';

/** A built-in variant adds a style as system prompt, and an instruction after the task. */
type Style = {readonly name: string; readonly system: string | undefined; readonly wish: string | undefined};

const styles: readonly Style[] = [
	{
		name: 'detailed',
		system: 'You are a careful expert. Give a thorough answer that covers everything of relevance.',
		wish: 'Be thorough: cover every point of relevance, explain your reasons, and name details and exceptions.',
	},
	{
		name: 'concise',
		system: 'You answer briefly and directly.',
		wish: 'Be brief: only what was asked for, without introduction or closing remark.',
	},
	{
		name: 'structured',
		system: 'You work step by step and present the result in a clear structure.',
		wish: 'Work through it in steps, then give the answer under clear headings.',
	},
	{name: 'minimal', system: undefined, wish: undefined},
];

/** Names of the built-in variants, from the longest way to ask to the shortest. */
export const builtInVariantNames: readonly string[] = styles.map((style) => style.name);

/**
 * A built-in variant.
 * @param system The preset's own system prompt; the variant's style follows it.
 * @returns undefined for a name that is not built in.
 */
export function builtInVariant(name: string, system: string | undefined): Variant | undefined {
	const style = styles.find((candidate) => candidate.name === name);
	if (style === undefined) {
		return undefined;
	}
	const systems = [system, style.system].filter((text) => text !== undefined);
	return {
		name,
		instruction: ['{{task}}', style.wish, '{{input}}'].filter((part) => part !== undefined).join('\n\n'),
		system: systems.length === 0 ? undefined : systems.join('\n'),
		maxTokens: undefined,
		stop: [],
		parameters: {},
		itemsPerRequest: 1,
		cache: false,
		compress: [],
	};
}
