import {describe, expect, it} from 'vitest';
import {presetSchema} from '../../source/config/preset-schema.ts';
import {resolveVariants} from '../../source/config/preset-variants.ts';
import {resolveLanes} from '../../source/config/resolve-run.ts';

const lanesOf = (lanes: unknown, chosen?: readonly string[]) => {
	const preset = presetSchema.parse({
		name: 'a',
		task: 'b',
		variants: ['minimal', 'concise', 'detailed'],
		lanes,
	});
	const parsed = {preset, file: 'own.yaml', lineAt: (path: readonly PropertyKey[]) => path.length};
	return resolveLanes(parsed, resolveVariants(preset, chosen));
};

describe('resolveLanes', () => {
	it('is empty where nothing is said of lanes', () => {
		expect(lanesOf(undefined)).toEqual([]);
		expect(resolveLanes(undefined, [])).toEqual([]);
	});

	it('runs what no lane names in normal', () => {
		expect(lanesOf({high: {variants: ['minimal'], ratePerMinute: 3}})).toEqual([
			{lane: 'high', variants: ['minimal'], ratePerMinute: 3},
			{lane: 'normal', variants: ['concise', 'detailed'], ratePerMinute: null},
		]);
	});

	it('puts it beside what is in normal, at the rate of that lane', () => {
		expect(
			lanesOf({normal: {variants: ['minimal'], ratePerMinute: 30}, low: {variants: ['concise']}}),
		).toEqual([
			{lane: 'low', variants: ['concise'], ratePerMinute: null},
			{lane: 'normal', variants: ['minimal', 'detailed'], ratePerMinute: 30},
		]);
	});

	it('says file and line of a variant that is not run', () => {
		expect(() => lanesOf({low: {variants: ['minimal', 'concise']}}, ['minimal'])).toThrow(
			'own.yaml:4: lane "low" names the variant "concise", which is not run.',
		);
	});
});
