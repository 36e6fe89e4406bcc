import {describe, expect, it} from 'vitest';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';
import {recordedCall, writeRecording} from '../helpers/recording-fixture.ts';

/** Tests `--replay`: source/config/recording.ts and source/config/resolve-run.ts. */

const file = writeRecording([
	recordedCall(2000, {model: 'us.amazon.nova-pro-v1:0', outputTokens: null, cacheReadTokens: 300}),
	recordedCall(0),
	recordedCall(4000, {outputTokens: 30}),
]);

const resolve = async (...words: readonly string[]) => {
	const given = parseArguments(['run', ...words]);
	return resolveRun(given.words[0], given.flags, async () => '');
};

describe('--replay', () => {
	it('is a load of its own, with one variant and the models that were recorded', async () => {
		const config = await resolve('--replay', file, '--speed', '2');
		expect(config).toMatchObject({
			models: ['us.amazon.nova-lite-v1:0', 'us.amazon.nova-pro-v1:0'],
			load: {shape: 'replay', requests: null, durationMs: null},
			variants: [{name: 'recorded', instruction: '{{content}}'}],
			isMaxTokensAuto: false,
			isEliminating: false,
		});
		expect(config.task.recorded).toEqual([
			{atMs: 0, model: 'us.amazon.nova-lite-v1:0', inputTokens: 500, outputTokens: 100},
			{atMs: 1000, model: 'us.amazon.nova-pro-v1:0', inputTokens: 800, outputTokens: 65},
			{atMs: 2000, model: 'us.amazon.nova-lite-v1:0', inputTokens: 500, outputTokens: 30},
		]);
		expect(config.remarks).toEqual([
			expect.stringMatching(/^Replays .*: 3 requests of 4.00s, 2 times as fast\. The texts are made up/),
			expect.stringMatching(/read from a cache/),
			expect.stringMatching(/^1 recorded request had no answer: .* \(assumed\)\.$/),
		]);
	});

	it('goes through the variants of a preset, without its items and checks', async () => {
		const config = await resolve(
			'classify',
			'--replay',
			file,
			'-m',
			'm',
			'--requests',
			'2',
			'--policy',
			'adaptive',
		);
		expect(config).toMatchObject({
			models: ['m'],
			policy: 'adaptive',
			load: {shape: 'replay', requests: 2},
			task: {items: [], checks: []},
			minQuality: null,
		});
		expect(config.variants.length).toBeGreaterThan(1);
		for (const {instruction, itemsPerRequest} of config.variants) {
			expect(instruction).toMatch(/\{\{(?:content|input)\}\}/);
			expect(instruction).not.toContain('item');
			expect(itemsPerRequest).toBe(1);
		}
	});

	it.each([
		[['--speed', '2'], /--speed needs --replay FILE/],
		[['--replay', file, '--speed', '0'], /--speed: "0"/],
		[['--replay', file, '--speed', 'fast'], /--speed: "fast"/],
		[['--replay', file, '--load', 'rate'], /--load does not go with --replay/],
		[['--replay', file, '--max-tokens', 'auto'], /--max-tokens does not go with --replay/],
		[['--replay', file, '--search'], /--search does not go with --replay/],
		[['chat', '--replay', file], /A preset with "chat" does not go with --replay/],
		[['hybrid', '--replay', file], /does not go with --replay/],
		[['--load', 'replay', 'summarize'], /--load replay: a replay needs its recording/],
		[['--replay', 'nowhere.jsonl'], /"nowhere.jsonl": it does not exist/],
	])('refuses %j', async (words, expected) => {
		await expect(resolve(...words)).rejects.toThrow(expected);
	});
});
