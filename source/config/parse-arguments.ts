import {existsSync} from 'node:fs';
import meow, {type AnyFlags} from 'meow';
import {UserError} from '../domain/user-error.ts';
import {type Command, commands, type Flag} from './command-table.ts';
import {type FlagName, flags, type TextFlag} from './flags.ts';
import {shippedNames} from './preset-files.ts';

/** A parsed command line. Values are still as typed. */
export type Arguments = {
	readonly command: Command;
	/** The words after the command. */
	readonly words: readonly string[];
	readonly flags: FlagValues;
};

/** Flags by name, as typed. */
export type FlagValues = {
	/** True or false when the flag was typed, else undefined. */
	readonly isSet: (name: FlagName<'boolean'>) => boolean | undefined;
	/** The value of a flag; '' for an `optional` one without `=`; undefined when it was not typed. */
	readonly text: (name: TextFlag) => string | undefined;
	/** All values of a flag that may be repeated. */
	readonly texts: (name: FlagName<'repeated'>) => readonly string[];
};

const [screenCommand] = commands as readonly [Command, ...Command[]];

const camelCase = (name: string): string =>
	name.replace(/-(\w)/g, (_match, letter: string) => letter.toUpperCase());

const meowFlags: AnyFlags = Object.fromEntries(
	flags.map((flag) => [
		camelCase(flag.name),
		{
			type: flag.kind === 'boolean' ? ('boolean' as const) : ('string' as const),
			isMultiple: flag.kind === 'repeated',
			...(flag.short === undefined ? {} : {shortFlag: flag.short}),
		},
	]),
);

const takesValue = (flag: Flag): boolean => flag.kind === 'value' || flag.kind === 'repeated';

/**
 * Joins each value to its flag with `=`, so that a value may begin with a dash, and a flag with an optional value never
 * takes the next word.
 */
const joined = (argv: readonly string[]): string[] => {
	const result: string[] = [];
	for (let index = 0; index < argv.length; index++) {
		const word = argv[index] ?? '';
		const flag = flags.find(({name, short}) => word === `--${name}` || word === `-${short}`);
		if (flag === undefined || flag.kind === 'boolean') {
			result.push(word);
		} else if (takesValue(flag)) {
			const value = argv[++index];
			if (value === undefined || /^--?[a-z]/i.test(value)) {
				throw new UserError(`${word} needs a value (${flag.value}).`, {exitCode: 2, hint: flag.help});
			}
			result.push(`--${flag.name}=${value}`);
		} else {
			result.push(`--${flag.name}=`);
		}
	}
	return result;
};

/** All ways to type a flag: --name, --no-name, -n. */
const spellings = (flag: Flag): readonly string[] => [
	`--${flag.name}`,
	...(flag.kind === 'boolean' ? [`--no-${flag.name}`] : []),
	...(flag.short === undefined ? [] : [`-${flag.short}`]),
];

const assertKnown = (argv: readonly string[], command: Command): void => {
	const end = argv.indexOf('--');
	for (const word of end === -1 ? argv : argv.slice(0, end)) {
		const typed = /^--?[a-z][^=]*/i.exec(word)?.[0];
		if (typed === undefined) {
			continue;
		}
		const flag = flags.find((candidate) => spellings(candidate).includes(typed));
		if (flag === undefined) {
			throw new UserError(`Unknown flag ${typed}.`, {
				exitCode: 2,
				hint: 'Run bedrock-top --help for all flags.',
			});
		}
		if (!flag.scopes.some((scope) => scope === 'all' || command.scopes.includes(scope))) {
			throw new UserError(`${typed} does not go with "${command.name}".`, {
				exitCode: 2,
				hint: `Run bedrock-top ${command.name} --help for its flags.`,
			});
		}
	}
};

const valuesOf = (given: Readonly<Record<string, unknown>>): FlagValues => ({
	isSet: (name) => given[camelCase(name)] as boolean | undefined,
	text: (name) => given[camelCase(name)] as string | undefined,
	texts: (name) => (given[camelCase(name)] as string[] | undefined) ?? [],
});

/** A repeated flag would silently lose one of its values. @throws UserError (exit 2). */
const assertOnce = (words: readonly string[]): void => {
	for (const {name} of flags.filter(({kind}) => kind === 'value' || kind === 'optional')) {
		const given = words.filter((word) => word.startsWith(`--${name}=`));
		if (given.length > 1) {
			throw new UserError(`--${name} is given ${given.length} times: ${given.join(' ')}.`, {
				exitCode: 2,
				hint: 'Give it once.',
			});
		}
	}
};

/** An empty value is often a shell variable that is not set. Only content may be empty. @throws UserError (exit 2). */
const assertFilled = (words: readonly string[], input: readonly string[]): void => {
	for (const {name, help} of flags.filter((flag) => takesValue(flag) && flag.name !== 'content')) {
		const start = `--${name}=`;
		const empty = words.find((word) => word.startsWith(start) && word.slice(start.length).trim() === '');
		if (empty !== undefined) {
			throw new UserError(`--${name}: "${empty.slice(start.length)}" is empty.`, {exitCode: 2, hint: help});
		}
	}
	const blank = input.find((word) => word.trim() === '');
	if (blank !== undefined) {
		throw new UserError(`"${blank}" is empty.`, {
			exitCode: 2,
			hint: 'Remove it, or set the variable that it comes from.',
		});
	}
};

/**
 * Parses the command line.
 * @param argv Words after the program's name.
 * @throws UserError (exit 2) for an unknown flag, a flag of another command, or a missing value.
 */
export function parseArguments(argv: readonly string[]): Arguments {
	const words = joined(argv);
	assertOnce(words);
	const parsed = meow('', {
		importMeta: import.meta,
		argv: words,
		// meow names the process by it.
		pkg: {name: 'bedrock-top'},
		flags: meowFlags,
		autoHelp: false,
		autoVersion: false,
		booleanDefault: undefined,
	});
	const first = parsed.input[0];
	const named: Command | undefined = commands.find(({name}) => name === first);
	const command = named ?? screenCommand;
	assertKnown(words, command);
	assertFilled(words, parsed.input);
	return {
		command,
		words: named === undefined ? parsed.input : parsed.input.slice(1),
		flags: valuesOf(parsed.flags),
	};
}

const isPreset = (word: string): boolean => shippedNames().includes(word) || existsSync(word);

/** Checks the number of words after the command. @throws UserError (exit 2). */
export function assertWords({command, words}: Arguments): void {
	if (words.length < command.words.min) {
		throw new UserError(`"${command.name}" needs ${command.synopsis}.`, {
			exitCode: 2,
			hint: `Run bedrock-top ${command.name} --help.`,
		});
	}
	const extra = words[command.words.max];
	const [first = ''] = words;
	if (extra !== undefined && command === screenCommand && !isPreset(first)) {
		throw new UserError(`"${first}" is not a command or a preset.`, {
			exitCode: 2,
			hint: `Commands: ${commands.map(({name}) => name).join(', ')}. Presets: ${shippedNames().join(', ')}, or a path.`,
		});
	}
	if (extra !== undefined) {
		throw new UserError(`"${extra}" is one word too many.`, {
			exitCode: 2,
			hint: 'Put texts with spaces into quotes; run bedrock-top --help for the commands.',
		});
	}
}
