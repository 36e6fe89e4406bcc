import {expect, it} from 'vitest';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';

const resolve = async (...argv: readonly string[]) =>
	resolveRun('classify', parseArguments(['run', 'classify', ...argv]).flags, async () => '');

it('takes typed max tokens before those of the variants, and says so in the plan', async () => {
	const own = await resolve();
	const [first] = own.variants.filter(({maxTokens}) => maxTokens !== undefined);
	expect(first).toBeDefined();
	expect(own.remarks).toEqual([]);
	const typed = await resolve('--max-tokens', '77');
	expect(typed.maxTokens).toBe(77);
	expect(typed.variants.map(({maxTokens}) => maxTokens)).toEqual(typed.variants.map(() => undefined));
	expect(typed.remarks).toEqual([
		expect.stringMatching(
			new RegExp(`^--max-tokens 77 replaces the variants' own \\(.*${first?.name} ${first?.maxTokens}`),
		),
	]);
	expect((await resolve('--max-tokens', 'auto')).variants).toEqual(own.variants);
});
