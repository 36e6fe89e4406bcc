import {describe, expect, it} from 'vitest';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {presetSchema} from '../../source/config/preset-schema.ts';
import {resolveVariants} from '../../source/config/preset-variants.ts';
import {resolveLanes, resolveLoad, resolveRun} from '../../source/config/resolve-run.ts';
import {UserError} from '../../source/domain/user-error.ts';

const noStdin = async (): Promise<string> => 'from stdin';

const resolve = async (...argv: readonly string[]) => {
	const {flags: values, words} = parseArguments(argv);
	return resolveRun(words[0], values, noStdin);
};

const faultOf = async (action: () => unknown): Promise<UserError> => {
	try {
		await action();
	} catch (error) {
		if (error instanceof UserError) {
			return error;
		}
		throw error;
	}
	throw new Error('expected a fault');
};

const flagsOf = (...argv: readonly string[]) => parseArguments(['run', ...argv]).flags;

describe('resolveRun', () => {
	it('ends early only where something is chosen and nothing else was asked', async () => {
		const isEliminating = async (...argv: readonly string[]) =>
			(await resolve('run', 'summarize', ...argv)).isEliminating;
		expect(await isEliminating()).toBe(true);
		expect(await isEliminating('--no-early-stop')).toBe(false);
		expect(await isEliminating('--variants', 'concise')).toBe(false);
		expect(await isEliminating('--fail-if', 'items.useful<1')).toBe(false);
		const requests = async (...argv: readonly string[]) =>
			(await resolve('run', 'summarize', ...argv)).load.requests;
		expect(await requests()).toBe(100);
		expect(await requests('--variants', 'concise')).toBe(20);
		expect(await requests('--fail-if', 'items.useful<1')).toBe(20);
		expect(await requests('--requests', '7')).toBe(7);
	});

	it('lets a flag win over the preset, and the preset over the default', async () => {
		const preset = await resolve('run', 'summarize');
		expect([preset.maxTokens, preset.load.requests, preset.burst]).toEqual([600, 100, 'full']);
		const flagged = await resolve(
			'run',
			'summarize',
			'--max-tokens',
			'50',
			'--requests',
			'3',
			'--burst',
			'even',
		);
		expect([flagged.maxTokens, flagged.load.requests, flagged.burst]).toEqual([50, 3, 'even']);
	});

	it('ends every shape but measure after 60 s', async () => {
		expect((await resolve('run', 'summarize')).load).toMatchObject({shape: 'measure', durationMs: null});
		expect((await resolve('run', 'summarize', '--load', 'saturate')).load).toMatchObject({
			requests: null,
			durationMs: 60_000,
		});
	});

	it('makes a run from a task alone, with the built-in variants', async () => {
		const config = await resolve('run', '--task', 'Say hello.', '--content', '-');
		expect(config.variants.map(({name}) => name)).toEqual(['detailed', 'concise', 'structured', 'minimal']);
		expect(config.task).toMatchObject({task: 'Say hello.', content: 'from stdin', items: []});
		expect(config.preset).toBeNull();
	});

	const cases: ReadonlyArray<readonly [argv: readonly string[], message: RegExp, hint: RegExp]> = [
		[['run'], /nothing to run/, /^Name a preset/],
		[
			['run', 'summarize', '--requests', '-5'],
			/--requests: "-5" is not a whole number from 1/,
			/bedrock-top --help/,
		],
		[['run', 'summarize', '--requests', '1e3'], /"1e3"/, /bedrock-top --help/],
		[['run', 'summarize', '--duration', '5 minutes'], /--duration: "5 minutes"/, /bedrock-top --help/],
		[
			['run', 'summarize', '--method', 'stream'],
			/--method: "stream" is not one of: converse, /,
			/bedrock-top --help/,
		],
		[['run', 'summarize', '--method', 'batch'], /--method batch/, /bedrock-top batch/],
		[['run', 'summarize', '--share', '1.5'], /--share: "1.5"/, /bedrock-top --help/],
		[
			['run', 'summarize', '--tier', 'foo'],
			/--tier: "foo" is not one of: reserved, priority, default, flex/,
			/bedrock-top --help/,
		],
		[['run', 'summarize', '--load', 'rate'], /needs --rate/, /--load rate --rate 120/],
		[['run', 'summarize', '--slo', 'speed=1s'], /--slo: "speed=1s"/, /^Separate several bounds/],
		[
			['run', 'summarize', '--slo', 'ttft'],
			/--slo: "ttft" is not of the form ttft=800ms/,
			/^Separate several bounds/,
		],
		[
			['run', 'summarize', '--slo', 'ttft=1s,total='],
			/--slo: "total=" is not of the form/,
			/^Separate several bounds/,
		],
		[['run', 'summarize', '--region', 'mars'], /--region: "mars"/, /us-east-1/],
		[['run', 'summarize', '--variants', 'terse'], /"terse"/, /^Known: /],
		[['run', 'summarize', '--content', '@no-such-file'], /"no-such-file"/, /^Check the path/],
		[['run', '--task', ''], /--task: "" is empty/, /^what to do/],
	];
	it.each(cases)('refuses %j', async (argv, message, hint) => {
		const fault = await faultOf(async () => resolve(...argv));
		expect(fault.message).toMatch(message);
		expect(fault.exitCode).toBe(2);
		expect(fault.hint).toMatch(hint);
	});

	const classify = async (...argv: readonly string[]) => resolve('run', 'classify', ...argv);

	it('takes typed max tokens before those of the variants, and says so in the plan', async () => {
		const own = await classify();
		const [first] = own.variants.filter(({maxTokens}) => maxTokens !== undefined);
		expect(first).toBeDefined();
		expect(own.remarks).toEqual([]);
		const typed = await classify('--max-tokens', '77');
		expect(typed.maxTokens).toBe(77);
		expect(typed.variants.map(({maxTokens}) => maxTokens)).toEqual(typed.variants.map(() => undefined));
		expect(typed.remarks).toEqual([
			expect.stringMatching(
				new RegExp(`^--max-tokens 77 replaces the variants' own \\(.*${first?.name} ${first?.maxTokens}`),
			),
		]);
		expect((await classify('--max-tokens', 'auto')).variants).toEqual(own.variants);
	});
});

describe('resolveLoad', () => {
	it('warm-up and ramp-up come from the preset, and are none without one', () => {
		expect(resolveLoad(flagsOf(), {shape: 'concurrency', warmUp: 3, rampUp: '2m'})).toMatchObject({
			warmUpRequests: 3,
			rampUpMs: 120_000,
		});
		expect(resolveLoad(flagsOf(), undefined)).toMatchObject({warmUpRequests: 0, rampUpMs: 0});
	});

	it('takes a flag before the preset, and the preset before the default', () => {
		const preset = {shape: 'rate' as const, ratePerMinute: 30, concurrency: 4, requests: 50};
		expect(resolveLoad(flagsOf(), preset)).toMatchObject({
			shape: 'rate',
			ratePerMinute: 30,
			concurrency: 4,
			requests: 50,
		});
		expect(resolveLoad(flagsOf('--rate', '90', '--concurrency', '2'), preset)).toMatchObject({
			ratePerMinute: 90,
			concurrency: 2,
		});
		expect(resolveLoad(flagsOf(), undefined)).toMatchObject({concurrency: 10, ratePerMinute: null});
	});

	it('takes requests and duration of a preset for its own shape only', () => {
		const preset = {shape: 'measure' as const, requests: 50, concurrency: 4};
		expect(resolveLoad(flagsOf('--load', 'saturate'), preset)).toMatchObject({
			requests: null,
			durationMs: 60_000,
			concurrency: 4,
		});
	});
});

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
