import {readFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {routeLabels, routeTickets, ticketCount} from '../../source/build/route-tickets.ts';
import {loadPreset} from '../../source/config/load-preset.ts';
import {shippedFolder} from '../../source/config/preset-files.ts';

/** Tests source/build/route-tickets.ts, and the preset `route` that has its tickets. */

describe('the tickets of the preset route', () => {
	const {preset, items} = loadPreset('route');

	it('are what the script writes, byte for byte', () => {
		expect(readFileSync(path.join(shippedFolder, 'route-tickets.csv'), 'utf8')).toBe(routeTickets());
	});

	it('are as many of each label, and all differ', () => {
		const counts = routeLabels.map((label) => items.filter(({expected}) => expected === label).length);
		expect(items).toHaveLength(ticketCount);
		expect(counts).toEqual(routeLabels.map(() => ticketCount / routeLabels.length));
		expect(new Set(items.map(({text}) => text)).size).toBe(ticketCount);
	});

	it('are ten to fifty words long, in whole sentences, with every blank filled', () => {
		for (const {text} of items) {
			expect(text.split(' ').length, text).toBeGreaterThanOrEqual(10);
			expect(text.split(' ').length, text).toBeLessThanOrEqual(50);
			expect(text).toMatch(/^[A-Z][^{}]*[.?!]$/);
		}
	});

	it('have a team of the preset each, described in every variant but the bare one', () => {
		for (const variant of preset.variants ?? []) {
			const {name, instruction = ''} = typeof variant === 'string' ? {name: variant} : variant;
			const described = routeLabels.filter((label) => instruction.includes(`- ${label}: `));
			expect({name, described}).toEqual({name, described: name === 'bare' ? [] : routeLabels});
		}
	});
});
