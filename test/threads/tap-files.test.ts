import {mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {expect, it} from 'vitest';
import {readRecording} from '../../source/config/recording.ts';
import {systemClock} from '../../source/domain/clock.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import {openRecorder} from '../../source/threads/tap-files.ts';
import {startTapBefore} from '../helpers/tapped-simulator.ts';

const prompt = 'Name three rivers.';

const recorded = async (file: string, hasBodies: boolean): Promise<void> => {
	const recorder = openRecorder(
		{file, hasBodies},
		{
			...systemClock,
			warn(text) {
				throw new Error(text);
			},
		},
	);
	const simulator = await startSimulator({
		port: 0,
		seed: 1,
		requestsPerMinute: undefined,
		tokensPerMinute: undefined,
		enforcement: 'sliding',
		windowMs: 60_000,
		latencyMs: 5,
		faults: undefined,
	});
	const tapped = await startTapBefore(
		simulator.url,
		{},
		{recorder: {record: recorder.record, keepsAnswers: hasBodies}},
	);
	const ask = async (operation: string, model = 'us.amazon.nova-lite-v1%3A0'): Promise<void> => {
		const answer = await fetch(`${tapped.url}/model/${model}/${operation}`, {
			method: 'POST',
			headers: {'content-type': 'application/json', 'x-bedrock-top-client': 'chat'},
			body: JSON.stringify({
				messages: [{role: 'user', content: [{text: prompt}]}],
				inferenceConfig: {maxTokens: 40},
			}),
		});
		await answer.arrayBuffer();
	};
	await ask('converse');
	await ask('converse-stream');
	await ask('converse', 'no.such-model');
	await tapped.stop();
	await simulator.stop();
	await recorder.close();
};

const newFile = (): string =>
	path.join(mkdtempSync(path.join(tmpdir(), 'bedrock-top-recording-')), 'calls.jsonl');

it('writes sizes and times of each call at its end, which the reader of recordings takes, and continues', async () => {
	const file = newFile();
	await recorded(file, false);
	await recorded(file, false);
	const {calls} = readRecording(file);
	expect(calls.map(({method, outcome}) => `${method} ${outcome}`)).toEqual(
		Array.from({length: 2}, () => [
			'converse answered',
			'converse-stream answered',
			'converse validation',
		]).flat(),
	);
	expect(calls[1]).toMatchObject({
		client: 'chat',
		session: null,
		lane: 'normal',
		model: 'us.amazon.nova-lite-v1:0',
		cacheReadTokens: 0,
		maxTokens: 40,
		attempts: 1,
		heldMs: 0,
		timeToFirstTokenMs: expect.any(Number),
	});
	expect(calls[1]?.outputTokens).toBeGreaterThan(0);
	expect(calls[2]).toMatchObject({outputTokens: null, timeToFirstTokenMs: null});
	expect(statSync(file).mode & 0o777).toBe(0o600);
	expect(readFileSync(file, 'utf8')).not.toContain('rivers');
});

it('has the bodies only where they were asked for', async () => {
	const file = newFile();
	await recorded(file, true);
	const lines = readFileSync(file, 'utf8')
		.trim()
		.split('\n')
		.map((line) => JSON.parse(line) as Record<string, string>);
	expect(lines[0]?.request).toContain(prompt);
	expect(JSON.parse(lines[0]?.answer ?? '')).toHaveProperty('usage');
	expect(Buffer.from(lines[1]?.answerBase64 ?? '', 'base64').toString('latin1')).toContain(
		'contentBlockDelta',
	);
	expect(readRecording(file).calls).toHaveLength(3);
});

it('follows no link, and says at once what cannot be written', () => {
	const file = newFile();
	const link = `${file}.link`;
	writeFileSync(file, '');
	symlinkSync(file, link);
	const ports = {...systemClock, warn() {}};
	expect(() => openRecorder({file: link, hasBodies: false}, ports)).toThrow(
		/--record: ".*" cannot be written: .*link/,
	);
});
