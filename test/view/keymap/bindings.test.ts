import {describe, expect, it} from 'vitest';
import {bindings, commandFor, views} from '../../../source/view/keymap.ts';

const viewNames = views.map(({name}) => name);

describe.each(viewNames)('in %s', (view) => {
	it('no key has two meanings', () => {
		const keys = bindings
			.filter((binding) => binding.views === undefined || binding.views.includes(view))
			.flatMap((binding) => binding.keys);
		expect(new Set(keys).size).toBe(keys.length);
	});

	it('every key does what its binding says, where it works', () => {
		for (const binding of bindings) {
			const works = binding.views === undefined || binding.views.includes(view);
			for (const key of binding.keys) {
				expect(commandFor(key, view)).toBe(works ? binding.command : undefined);
			}
		}
	});
});

it('a command has one binding, with words for the help', () => {
	expect(new Set(bindings.map(({command}) => command)).size).toBe(bindings.length);
	for (const {description, keys} of bindings) {
		expect(description).not.toBe('');
		expect(keys.length).toBeGreaterThan(0);
	}
});

it('Esc closes, it does not quit; q and Ctrl+C do', () => {
	expect(commandFor('Esc', 'dashboard')).toBe('close');
	expect(commandFor('q', 'dashboard')).toBe('quit');
	expect(commandFor('Ctrl+C', 'log')).toBe('quit');
	expect(commandFor('Z', 'dashboard')).toBeUndefined();
});
