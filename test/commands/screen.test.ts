import {describe, expect, it} from 'vitest';
import type {RunSetup} from '../../source/commands/run/run-setup.ts';
import {screenPresets} from '../../source/commands/screen.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {shippedNames} from '../../source/config/preset-files.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';

const presetsOf = async (...argv: readonly string[]) => {
	const {flags} = parseArguments(['summarize', ...argv]);
	const config = await resolveRun('summarize', flags, async () => '');
	return screenPresets(flags, {config} as unknown as RunSetup);
};

describe('screenPresets', () => {
	it('lists the shipped presets with what they are for', async () => {
		const listed = await (await presetsOf()).list();
		expect(listed.map(({name}) => name)).toEqual(shippedNames());
		expect(listed.every(({description}) => description !== '')).toBe(true);
	});

	it('takes the flags over that are not about one preset', async () => {
		const {load} = await presetsOf('--variants', 'concise', '--content', 'x', '--max-tokens', '55');
		const config = await load('classify');
		expect(config.variants.length).toBeGreaterThan(1);
		expect([config.maxTokens, config.task.items.length > 0]).toEqual([55, true]);
	});

	it('rejects with what is wrong', async () => {
		const {load} = await presetsOf();
		await expect(load('no-such-preset')).rejects.toMatchObject({exitCode: 2});
	});
});
