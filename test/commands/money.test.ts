import {describe, expect, it} from 'vitest';
import {UserError} from '../../source/domain/user-error.ts';
import {call, useAccount} from '../account/call.ts';
import {batchAccount, batchPlace, callBatch, listJobs} from '../batch/batch-harness.ts';
import {readStats} from '../simulator/harness.ts';

/** Tests source/commands/run.ts and batch.ts. What may be spent: a typed limit is a promise, whatever else is said. */

const priced = ['-m', 'amazon.nova-lite-v1:0'];
const unpriced = ['-m', 'cohere.command-r-v1:0'];
const small = ['--requests', '1', '--variants', 'minimal', '--no-reports'];

/** Exit code, error text, and how many requests for an answer the service got. */
const tryRun = async (flags: readonly string[]) => {
	const url = await useAccount({});
	const called = call('run', 'summarize', ...small, ...flags);
	const ended: {code: number; text: string; hint: string} = await called.ended.then(
		(code) => ({code, text: '', hint: ''}),
		(error: unknown) => {
			if (error instanceof UserError) {
				return {code: error.exitCode, text: error.message, hint: error.hint ?? ''};
			}
			throw error;
		},
	);
	const {byOperation} = (await readStats(url)).requests;
	const sent = Object.entries(byOperation).filter(([name]) => name.startsWith('Converse'));
	return {...ended, sent: sent.reduce((sum, [, count]) => sum + count, 0)};
};

const noPrices = [
	['a model', unpriced, 'cohere.command-r-v1:0 (tier default)'],
	['the tier priority', [...priced, '--tier', 'priority'], 'amazon.nova-lite-v1:0 (tier priority)'],
	['the tier flex', [...priced, '--tier', 'flex'], 'amazon.nova-lite-v1:0 (tier flex)'],
	['one of two models', [...priced, ...unpriced], 'cohere.command-r-v1:0 (tier default)'],
] as const;

describe('where a price is not known', () => {
	const typed = noPrices.flatMap(([of, flags, name]) =>
		[[], ['--yes']].map((yes) => [of, yes, flags, name] as const),
	);
	it.each(typed)(
		'a typed limit sends nothing: %s, with %j, and names the only way past',
		async (_of, yes, flags, name) => {
			const {code, text, hint, sent} = await tryRun([...flags, '--max-cost', '5', ...yes]);
			expect({code, sent}).toEqual({code: 2, sent: 0});
			expect(text).toContain(name);
			expect(hint).toContain('--max-cost none');
		},
	);

	it.each([noPrices[0], noPrices[1]])('the default limit asks, and --yes answers: %s', async (_of, flags) => {
		const asked = await tryRun(flags);
		expect(asked).toMatchObject({code: 2, sent: 0});
		expect(asked.text).toContain('Plan');
		expect(asked.hint).toContain('--yes');
		expect((await tryRun([...flags, '--yes'])).sent).toBeGreaterThan(0);
	});

	it('no limit is no question', async () => {
		expect(await tryRun([...unpriced, '--max-cost', 'none'])).toMatchObject({code: 0});
	});
});

describe('where the price is known', () => {
	it.each([[], ['--yes']])('a plan above a typed limit sends nothing, with %j too', async (...yes) => {
		const {code, sent, text} = await tryRun([...priced, '--max-cost', '0.00000001', ...yes]);
		expect({code, sent}).toEqual({code: 2, sent: 0});
		expect(text).toContain('nothing was sent');
	});

	it('a plan within it starts', async () => {
		expect(await tryRun([...priced, '--max-cost', '1'])).toMatchObject({code: 0});
	});
});

describe('a batch', () => {
	const submit = async (flags: readonly string[]) => {
		const {preset, out} = await batchAccount();
		const ended = callBatch(preset(120), ...batchPlace, ...out('results'), ...flags);
		const error: unknown = await ended.then(
			() => undefined,
			(reason: unknown) => reason,
		);
		return {error: error as UserError | undefined, jobs: (await listJobs()).length};
	};

	it.each([
		['a cost above the typed limit', [...priced, '--max-cost', '0.00001', '--yes'], 'nothing was uploaded'],
		['no price and a typed limit', [...unpriced, '--max-cost', '5', '--yes'], 'tier default, batch'],
		['no price and no --yes', unpriced, 'The cost is not known'],
	])('is not submitted with %s', async (_with, flags, expected) => {
		const {error, jobs} = await submit(flags);
		expect(error).toMatchObject({exitCode: 2});
		expect(error?.message).toContain(expected);
		expect(jobs).toBe(0);
	});

	it.each([
		['no limit', [...unpriced, '--max-cost', 'none']],
		['--yes where no limit was typed', [...unpriced, '--yes']],
		['a cost that fits', [...priced, '--max-cost', '1']],
	])('is submitted with %s', async (_with, flags) => {
		expect(await submit(flags)).toMatchObject({error: undefined, jobs: 1});
	});
});
