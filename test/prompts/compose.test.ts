import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {builtInVariant, builtInVariantNames} from '../../source/config/preset-variants.ts';
import type {Item, Task, Variant} from '../../source/domain/task.ts';
import {
	composePrompt,
	composeTurn,
	compressText,
	fillTemplate,
	messagesOf,
} from '../../source/prompts/compose.ts';

const item = (index: number, text: string, fields: Record<string, string> = {}): Item => ({
	index,
	text,
	fields,
	expected: undefined,
});
const task: Task = {task: 'Do it.', content: 'The content.', items: [], checks: []};
const variant = (changes: Partial<Variant>): Variant => {
	const minimal = builtInVariant('minimal', undefined);
	if (minimal === undefined) {
		throw new Error('minimal is built in');
	}
	return {...minimal, ...changes};
};

describe('built-in variants', () => {
	it('has a system prompt in each but the minimal one', () => {
		const systems = builtInVariantNames.map((name) => [
			name,
			builtInVariant(name, undefined)?.system !== undefined,
		]);
		expect(systems).toEqual([
			['detailed', true],
			['concise', true],
			['structured', true],
			['minimal', false],
		]);
	});

	it('keeps the own system prompt of a preset in every variant', () => {
		for (const name of builtInVariantNames) {
			expect(builtInVariant(name, 'You route tickets.')?.system).toMatch(/^You route tickets\./);
		}
	});

	it('knows no other name', () => {
		expect(builtInVariant('verbose', undefined)).toBeUndefined();
	});
});

describe('composePrompt', () => {
	it('asks the bare task in the minimal variant', () => {
		expect(composePrompt(variant({}), task, [])).toEqual({system: undefined, user: 'Do it.\n\nThe content.'});
	});

	it('fills fields of an item', () => {
		const prompt = composePrompt(
			variant({instruction: '{{task}} {{item.text}}', system: 'For {{item.who}}'}),
			task,
			[item(0, 'x', {text: 'A ticket', who: 'Ann'})],
		);
		expect(prompt).toEqual({system: 'For Ann', user: 'Do it. A ticket'});
	});

	it('numbers the items of a packed request and asks for JSON by number', () => {
		const {user} = composePrompt(variant({itemsPerRequest: 2}), {...task, content: undefined}, [
			item(0, 'first'),
			item(1, 'second'),
		]);
		expect(user).toContain('1. first\n2. second');
		expect(user).toMatch(/JSON object/);
	});

	it('never expands filled-in text again', () => {
		fc.assert(
			fc.property(fc.string(), (text) => {
				const hostile = `${text}{{task}}{{item}}`;
				expect(fillTemplate('{{content}}', () => hostile)).toBe(hostile);
			}),
		);
	});
});

describe('compressText', () => {
	it('squeezes white space without losing a word', () => {
		fc.assert(
			fc.property(fc.string(), (text) => {
				const words = (value: string): readonly string[] =>
					value.split(/[ \t\n]+/).filter((word) => word !== '');
				const squeezed = compressText(text, ['whitespace']);
				expect(words(squeezed)).toEqual(words(text.trim()));
				expect(squeezed.length).toBeLessThanOrEqual(text.length);
			}),
		);
	});

	it('drops politeness and keeps the request', () => {
		expect(compressText('Could you please list the parts. Thank you!', ['boilerplate']).trim()).toBe(
			'List the parts.',
		);
	});

	it('keeps one example', () => {
		const text = 'Task.\n\nExample 1: a\n\nExample 2: b\n\nEnd.';
		expect(compressText(text, ['examples'])).toBe('Task.\n\nExample 1: a\n\nEnd.');
	});

	it('says what each rule took away and keeps the original, the variant as it was', () => {
		const wordy = variant({
			system: 'S.\n\nThanks',
			instruction: 'Please list  {{task}}',
			compress: ['whitespace', 'boilerplate'],
		});
		const {user, system, compression} = composePrompt(wordy, task, []);
		const {compress: _, ...rest} = wordy;
		const full = composePrompt({...rest, compress: []}, task, []);
		expect(compression?.original).toEqual({system: full.system, user: full.user});
		expect(compression?.rules.map(({rule}) => rule)).toEqual(['boilerplate', 'whitespace']);
		const saved = compression?.rules.reduce((sum, {savedCharacters}) => sum + savedCharacters, 0);
		expect(saved).toBe(full.user.length + (full.system?.length ?? 0) - user.length - (system?.length ?? 0));
		expect(saved).toBeGreaterThan(0);
		expect(full).not.toHaveProperty('compression');
	});
});

describe('a conversation', () => {
	const chat = {turns: ['Hello {{task}}', 'More,   {{content}}'], thinkMs: 0};
	const talk: Task = {...task, content: 'Notes {{task}}', chat};

	it('begins with the instruction: {{turn}} is what the person says, {{input}} the content and the turn', () => {
		const first = composePrompt(variant({instruction: '<{{turn}}>'}), talk, []);
		expect(first).toEqual({system: undefined, user: '<Hello Do it.>'});
		expect(composePrompt(variant({}), talk, []).user).toBe('Do it.\n\nNotes {{task}}\n\nHello Do it.');
	});

	it('goes on with the turn alone, behind everything that was said; an answer is never a template', () => {
		const asked = variant({system: 'S', compress: ['whitespace']});
		const prompt = composePrompt(asked, talk, []);
		const next = composeTurn(asked, talk, 1, {prompt, answer: 'yes {{task}}', tokens: 40});
		expect(next.user).toBe('More, Notes {{task}}');
		expect(next.system).toBe('S');
		expect(next.history?.tokens).toBe(40);
		expect(messagesOf(next)).toEqual([
			{role: 'user', text: prompt.user},
			{role: 'assistant', text: 'yes {{task}}'},
			{role: 'user', text: 'More, Notes {{task}}'},
		]);
	});

	it('takes new content as its first turn, unexpanded', () => {
		const prompt = composePrompt(
			variant({instruction: '{{content}}: {{turn}}'}),
			{...talk, chat: undefined},
			[item(0, 'a {{task}}')],
		);
		expect(prompt.user).toBe('Notes {{task}}: a {{task}}');
	});
});
