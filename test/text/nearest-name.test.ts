import {describe, expect, it} from 'vitest';
import {commands} from '../../source/config/command-table.ts';
import {flags} from '../../source/config/flags.ts';
import {didYouMean, nearestName} from '../../source/text/nearest-name.ts';

const names = [...commands.map(({name}) => name), ...flags.map(({name}) => name)];

describe('the nearest name', () => {
	it.each([
		['clasify', 'classify'],
		['rnu', 'run'],
		['dmeo', 'demo'],
		['variant', 'variants'],
		['us-esat-1', 'us-east-1'],
		['SUMMARIZE', 'summarize'],
		['summ', 'summarize'],
	])('of %s is %s', (typed, meant) => {
		expect(nearestName(typed, ['classify', 'run', 'demo', 'variants', 'us-east-1', 'summarize'])).toBe(meant);
	});

	it.each(['xyz', 'batches-of-things', 'q', ''])('of "%s" is none', (typed) => {
		expect(nearestName(typed, ['classify', 'run', 'demo', 'summarize'])).toBeUndefined();
		expect(didYouMean(typed, ['classify', 'run'])).toBe('');
	});

	it('is found for every name with two letters swapped or one left out', () => {
		const long = names.filter((name) => name.length > 4);
		for (const name of long) {
			const swapped = `${name.slice(0, 1)}${name[2]}${name[1]}${name.slice(3)}`;
			const shorter = name.slice(0, 2) + name.slice(3);
			expect(nearestName(swapped, [name])).toBe(name);
			expect(nearestName(shorter, [name])).toBe(name);
		}
		expect(long.length).toBeGreaterThan(40);
	});
});
