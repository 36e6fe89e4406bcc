import {describe, expect, it} from 'vitest';
import {commands} from '../../source/config/command-table.ts';
import {flags} from '../../source/config/flags.ts';
import {commandHelp, generalHelp} from '../../source/config/help.ts';
import {assertWords, parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';
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

describe('parseArguments', () => {
	it('takes a preset for the screen, and words behind a command', () => {
		expect(parseArguments(['summarize', '--demo']).command.name).toBe('screen');
		const run = parseArguments(['run', '--json', 'summarize', '-m', 'a', '-m', 'b']);
		expect([run.command.name, run.words, run.flags.text('json'), run.flags.texts('model')]).toEqual([
			'run',
			['summarize'],
			'',
			['a', 'b'],
		]);
	});

	it('lets a value begin with a dash', () => {
		expect(parseArguments(['run', '--task', '- do x, y=3']).flags.text('task')).toBe('- do x, y=3');
		expect(parseArguments(['run', '--content', '-']).flags.text('content')).toBe('-');
	});

	const cases: ReadonlyArray<readonly [readonly string[], RegExp]> = [
		[['run', '--reqests', '5'], /--reqests/],
		[['run', '-x'], /-x/],
		[['run', '--port', '1'], /--port does not go with "run"/],
		[['run', '--model'], /--model needs a value/],
		[['run', '--requests', '--json'], /--requests needs a value/],
		[['run', 'summarize', '--model', ''], /--model: "" is empty/],
		[['run', 'summarize', '-m', 'a', '-m', ' '], /--model: " " is empty/],
		[['run', 'summarize', '--requests='], /--requests: "" is empty/],
		[['quotas', ''], /"" is empty/],
		[['run', '--seed', '1', '--seed', '2'], /--seed is given 2 times/],
	];
	it.each(cases)('refuses %j', async (argv, expected) => {
		const fault = await faultOf(() => parseArguments(argv));
		expect(fault.message).toMatch(expected);
		expect(fault.exitCode).toBe(2);
	});

	it('takes content that is empty on purpose', () => {
		expect(parseArguments(['run', '--task', 'a', '--content', '']).flags.text('content')).toBe('');
	});

	it('refuses a word too many', async () => {
		const fault = await faultOf(() => assertWords(parseArguments(['run', 'summarize', 'it'])));
		expect(fault.message).toContain('"it"');
	});

	it('names the word that is neither a command nor a preset', async () => {
		const fault = await faultOf(() => assertWords(parseArguments(['runn', 'summarize'])));
		expect(fault.message).toBe('There is no command or preset "runn".');
		expect(fault.hint).toContain('run, ');
		const extra = await faultOf(() => assertWords(parseArguments(['summarize', 'classify'])));
		expect(extra.message).toContain('"classify" is one word too many');
	});
});

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

	const cases: ReadonlyArray<readonly [readonly string[], RegExp]> = [
		[['run'], /nothing to run/],
		[['run', 'summarize', '--requests', '-5'], /--requests: "-5" is not a whole number from 1/],
		[['run', 'summarize', '--requests', '1e3'], /"1e3"/],
		[['run', 'summarize', '--duration', '5 minutes'], /--duration: "5 minutes"/],
		[['run', 'summarize', '--method', 'stream'], /--method: "stream" is not one of: converse, /],
		[['run', 'summarize', '--method', 'batch'], /--method batch/],
		[['run', 'summarize', '--share', '1.5'], /--share: "1.5"/],
		[['run', 'summarize', '--tier', 'foo'], /--tier: "foo" is not one of: reserved, priority, default, flex/],
		[['run', 'summarize', '--load', 'rate'], /needs --rate/],
		[['run', 'summarize', '--slo', 'speed=1s'], /--slo: "speed=1s"/],
		[['run', 'summarize', '--slo', 'ttft'], /--slo: "ttft" is not of the form ttft=800ms/],
		[['run', 'summarize', '--slo', 'ttft=1s,total='], /--slo: "total=" is not of the form/],
		[['run', 'summarize', '--region', 'mars'], /--region: "mars"/],
		[['run', 'summarize', '--variants', 'terse'], /"terse"/],
		[['run', 'summarize', '--content', '@no-such-file'], /"no-such-file"/],
		[['run', '--task', ''], /--task: "" is empty/],
	];
	it.each(cases)('refuses %j', async (argv, expected) => {
		const fault = await faultOf(async () => resolve(...argv));
		expect(fault.message).toMatch(expected);
		expect(fault.exitCode).toBe(2);
		expect(fault.hint).toBeTruthy();
	});
});

describe('help', () => {
	it('names every flag and command', () => {
		const text = generalHelp([]).join('\n');
		for (const {name} of flags) {
			expect(text).toMatch(new RegExp(`--(?:no-)?${name}\\b`));
		}
		for (const {name} of commands.filter((command) => command.name !== 'screen')) {
			expect(text).toContain(`bedrock-top ${name}`);
		}
	});

	it('shows only the flags of its command', () => {
		const simulate = commands.find(({name}) => name === 'simulate');
		const text = simulate === undefined ? '' : commandHelp(simulate).join('\n');
		expect(text).toContain('--enforcement');
		expect(text).not.toContain('--variants');
	});
});

describe('the names of flags', () => {
	it('are checked by the compiler: a misspelt one, or one of another kind, does not compile', () => {
		const {flags: given} = parseArguments(['run', '--requests', '5', '--yes', '-m', 'a']);
		// @ts-expect-error: it is "requests"
		expect(given.text('request')).toBeUndefined();
		// @ts-expect-error: it is repeated
		expect(given.text('model')).toBe('a');
		// @ts-expect-error: it takes a value
		expect(given.isSet('requests')).toBe(false);
		expect([given.text('requests'), given.isSet('yes'), given.texts('model')]).toEqual(['5', true, ['a']]);
	});
});

describe('words that look like something else', () => {
	it('takes a value that begins with a dash, or has an equals sign in it', () => {
		const {flags: given} = parseArguments(['prompt', '--content=- item', '-m=a=b', '--demo=false']);
		expect([given.text('content'), given.texts('model'), given.isSet('demo')]).toEqual([
			'- item',
			['a=b'],
			false,
		]);
		expect(parseArguments(['run', '--requests', '-5', '--no-reports']).flags.text('requests')).toBe('-5');
	});

	it('leaves everything behind "--" as it is', () => {
		expect(parseArguments(['run', '--', '--model', '-x']).words).toEqual(['--model', '-x']);
	});
});
