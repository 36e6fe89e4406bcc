import {mkdtempSync, readdirSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {afterEach, describe, expect, it} from 'vitest';
import {startSimulator} from '../../source/simulator/server.ts';
import {Spending} from '../../source/tap/spending.ts';
import {openDayBook} from '../../source/threads/tap-files.ts';
import {FakeClock} from '../helpers/fake-clock.ts';
import {startTapBefore, targetOf} from '../helpers/tapped-simulator.ts';

/** `--max-cost` of a tap: no limit is ever passed, whatever is in flight and whoever spends beside it. */

const price = {input: 0.001, output: 0.01, cacheRead: 0, cacheWrite: 0.00125, source: 'test'};

/** At most 1.001 + 0.1 x N dollars. */
const callOf = (tens: number, facts = {}) =>
	({
		row: {model: 'amazon.nova-lite-v1:0'},
		facts: {
			maxTokens: tens * 10,
			answers: 1,
			characters: 1,
			images: 0,
			documentBytes: 0,
			hasCachePoint: false,
			tier: undefined,
			...facts,
		},
		expected: {maxTokens: tens * 10},
	}) as unknown as Parameters<Spending['ask']>[0];

const body = Buffer.from('x');
const newFolder = (): string => mkdtempSync(path.join(tmpdir(), 'bedrock-top-spent-'));
const noFault = (text: string): void => {
	throw new Error(text);
};

const asked = (spending: Spending, tens: number) => {
	const answer = spending.ask(callOf(tens), body, price);
	return 'refusal' in answer ? answer.refusal.reason : answer;
};

describe('a limit of one tap', () => {
	it('counts what is in flight at the most that it can cost, and then what it did cost', () => {
		const spending = new Spending({usd: 10, isPerDay: false}, new FakeClock(), undefined);
		const first = asked(spending, 40);
		const second = asked(spending, 30);
		expect(asked(spending, 10)).toBe('spent');
		expect([first, second].every((each) => typeof each === 'object')).toBe(true);
		if (typeof first === 'object' && typeof second === 'object') {
			first.settle(0.5);
			second.settle(undefined);
		}
		// 0.5 and 4.001 are spent.
		expect(asked(spending, 45)).toBe('spent');
		expect(typeof asked(spending, 44)).toBe('object');
	});

	it('counts each of several answers', () => {
		const spending = new Spending({usd: 10, isPerDay: false}, new FakeClock(), undefined);
		expect('refusal' in spending.ask(callOf(40, {answers: 3}), body, price)).toBe(true);
		expect('refusal' in spending.ask(callOf(40, {answers: 2}), body, price)).toBe(false);
	});

	it.each([
		['a model without a known price', {}, null, 'x'],
		['a dearer tier', {tier: 'priority'}, price, 'x'],
		['input that is somewhere else', {}, price, '{"source":{"s3Location":{"uri":"s3://a/b"}}}'],
	])('refuses %s, and names the way out', (_name, facts, known, text) => {
		const spending = new Spending({usd: 10, isPerDay: true}, new FakeClock(), undefined);
		const answer = spending.ask(callOf(1, facts), Buffer.from(text), known);
		expect(answer).toMatchObject({
			refusal: {status: 403, error: 'AccessDeniedException', reason: 'unknown-price'},
		});
		expect('refusal' in answer && answer.refusal.message).toContain('--max-cost none');
	});
});

describe('a limit per day', () => {
	it('is shared by taps, outlives a kill, and ends at midnight UTC', async () => {
		const folder = newFolder();
		const clock = new FakeClock(Date.UTC(2026, 10, 29, 23, 58));
		const tapOf = (name: string): Spending =>
			new Spending({usd: 10, isPerDay: true}, clock, openDayBook(folder, noFault, name));
		const [one, other] = [tapOf('one'), tapOf('other')];
		expect(typeof asked(one, 40)).toBe('object');
		expect(asked(other, 45)).toBe('spent');
		const small = asked(other, 20);
		if (typeof small === 'object') {
			small.settle(1);
		}
		await clock.advance(2000);
		// The first is killed with its request in flight, which may have cost all of its 5 dollars.
		const next = tapOf('next');
		expect(asked(next, 40)).toBe('spent');
		expect(typeof asked(next, 25)).toBe('object');
		await clock.advance(180_000);
		expect(typeof asked(tapOf('of the new day'), 60)).toBe('object');
		expect(readdirSync(folder)).toEqual(['2026-11-29.jsonl', '2026-11-30.jsonl']);
		expect(statSync(path.join(folder, '2026-11-30.jsonl')).mode & 0o777).toBe(0o600);
	});

	it('never passes its limit, however claims and returns of many taps follow each other', async () => {
		const folder = newFolder();
		const clock = new FakeClock(Date.UTC(2026, 10, 29));
		const taps = Array.from(
			{length: 4},
			(_unused, index) =>
				new Spending({usd: 50, isPerDay: true}, clock, openDayBook(folder, noFault, String(index))),
		);
		let possibleUsd = 0;
		let seed = 7;
		for (let round = 0; round < 400; round++) {
			seed = (seed * 48_271) % 2_147_483_647;
			const tens = 1 + (seed % 20);
			const answer = asked(taps[seed % 4] as Spending, tens);
			if (typeof answer === 'object') {
				const maxUsd = 1.001 + tens * 0.1;
				possibleUsd += maxUsd;
				expect(possibleUsd).toBeLessThanOrEqual(50 + 1e-6);
				if (seed % 3 > 0) {
					answer.settle(maxUsd / 8);
					possibleUsd -= (maxUsd * 7) / 8;
				}
			}
			await clock.advance(seed % 700);
		}
		expect(possibleUsd).toBeGreaterThan(40);
	});

	it('reads past a line that a crash has cut off', () => {
		const folder = newFolder();
		writeFileSync(path.join(folder, '2026-11-29.jsonl'), '{"tap":"a","usd":3,"limit":10}\n{"tap":"b","us', {
			mode: 0o600,
		});
		const book = openDayBook(folder, noFault, 'c');
		expect([
			book.claim('2026-11-29', 8, 10),
			book.claim('2026-11-29', 7, 10),
			book.others('2026-11-29'),
		]).toEqual([false, true, 3]);
	});

	it('counts this tap alone where it cannot be written, and says so once', () => {
		const faults: string[] = [];
		const book = openDayBook('/proc/none', (text) => faults.push(text), 'a');
		expect([
			book.claim('2026-11-29', 8, 10),
			book.claim('2026-11-29', 11, 10),
			book.others('2026-11-29'),
		]).toEqual([true, false, 0]);
		expect(faults).toHaveLength(1);
	});
});

describe('through the tap', () => {
	const closing: Array<() => Promise<void>> = [];
	afterEach(async () => {
		await Promise.all(closing.splice(0).map(async (close) => close()));
	});

	it('answers 403 in the form of the service, sends nothing, and lets only what is free pass unpriced', async () => {
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
			{maxCost: {usd: 2, isPerDay: false}},
			{resolve: async (model) => ({target: targetOf(model), price: model.includes('nova') ? price : null})},
		);
		closing.push(tapped.stop, simulator.stop);
		const ask = async (target: string, maxTokens: number): Promise<Response> =>
			fetch(`${tapped.url}${target}`, {
				method: 'POST',
				headers: {'content-type': 'application/json'},
				body: JSON.stringify({
					messages: [{role: 'user', content: [{text: 'Hi'}]}],
					inferenceConfig: {maxTokens},
				}),
			});
		expect((await ask('/model/us.amazon.nova-lite-v1%3A0/converse', 10)).status).toBe(200);
		const refused = await ask('/model/us.amazon.nova-lite-v1%3A0/converse', 100);
		expect([
			refused.status,
			refused.headers.get('x-amzn-errortype'),
			refused.headers.get('x-bedrock-top'),
		]).toEqual([403, 'AccessDeniedException', 'spent']);
		expect(await refused.json()).toMatchObject({message: expect.stringContaining('--max-cost of $2')});
		const others = await Promise.all([
			ask('/model/meta.llama3-8b-instruct-v1%3A0/converse', 10),
			ask('/anthropic/v1/messages', 10),
			ask('/guardrail/a/version/1/apply', 10),
		]);
		const stored = await fetch(`${tapped.url}/v1/responses`, {
			method: 'POST',
			body: JSON.stringify({model: 'amazon.nova', input: 'And?', previous_response_id: 'resp_1'}),
		});
		expect([stored.status, stored.headers.get('x-bedrock-top')]).toEqual([403, 'unknown-price']);
		expect(others.map(({status, headers}) => [status, headers.get('x-bedrock-top')])).toEqual([
			[403, 'unknown-price'],
			[403, 'unknown-price'],
			[403, 'unknown-price'],
		]);
		expect(
			(await ask('/model/us.amazon.nova-lite-v1%3A0/count-tokens', 10)).headers.get('x-bedrock-top'),
		).toBeNull();
		const {tap} = tapped.tap.snapshot();
		expect(tap?.clients.find(({model}) => model.includes('nova'))?.costUsd).toBeGreaterThan(0);
	});
});
