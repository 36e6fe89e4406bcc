import {describe, expect, it} from 'vitest';
import {commands} from '../../source/config/command-table.ts';
import {flags} from '../../source/config/flags.ts';
import {commandHelp, commandNamed, flagHelp, generalHelp} from '../../source/config/help.ts';
import {assertWords, parseArguments} from '../../source/config/parse-arguments.ts';
import {UserError} from '../../source/domain/user-error.ts';

/** Tests source/config/parse-arguments.ts, command-table.ts, flags.ts and help.ts. */

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

	it('says where the program of a tap goes', async () => {
		const hint = 'A program goes behind --, as in: bedrock-top tap -- claude';
		expect((await faultOf(() => assertWords(parseArguments(['tap', 'claude'])))).hint).toBe(hint);
		expect((await faultOf(() => parseArguments(['tap', 'claude', '-x']))).hint).toBe(hint);
		expect((await faultOf(() => parseArguments(['tap', '-x']))).hint).toContain('--help');
	});

	it('names the word that is neither a command nor a preset', async () => {
		const fault = await faultOf(() => assertWords(parseArguments(['runn', 'summarize'])));
		expect(fault.message).toBe('"runn" is not a command or a preset.');
		expect(fault.hint).toContain('run, ');
		const extra = await faultOf(() => assertWords(parseArguments(['summarize', 'classify'])));
		expect(extra.message).toContain('"classify" is one word too many');
	});
});

describe('help', () => {
	it('fits on one screen, with every command, the ten flags that matter and where the rest is', () => {
		const lines = generalHelp();
		expect(lines.length).toBeLessThanOrEqual(24);
		expect(lines.filter((line) => line.length > 80)).toEqual([]);
		const text = lines.join('\n');
		for (const {name} of commands.filter((command) => command.name !== 'screen')) {
			expect(text).toMatch(new RegExp(`\\b${name}\\b`));
		}
		expect(flags.filter(({brief}) => brief !== undefined)).toHaveLength(10);
		expect(lines.filter((line) => /^ {2}-/.test(line))).toHaveLength(5);
		expect(text).toContain('help [command|flags|keys]');
	});

	it('has every flag under "help flags"', () => {
		const text = flagHelp().join('\n');
		for (const {name} of flags) {
			expect(text).toMatch(new RegExp(`--(?:no-)?${name}\\b`));
		}
	});

	it('knows commands by name, and the nearest one where it does not', () => {
		expect(commandNamed('watch').name).toBe('watch');
		expect(() => commandNamed('wacth')).toThrow('there is no command "wacth"');
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
