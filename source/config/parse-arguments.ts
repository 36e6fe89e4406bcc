import {existsSync} from 'node:fs';
import {UserError} from '../domain/user-error.ts';
import {didYouMean} from '../text/nearest-name.ts';
import {hidden, quotedUrl} from '../text/secrets.ts';
import {type Command, commands, type Flag} from './command-table.ts';
import type {KeptFlags} from './config-file.ts';
import {type FlagName, flags, presetFlags, type TextFlag, unusedBeside} from './flags.ts';
import {shippedNames} from './preset-files.ts';

/** A parsed command line. Values are still as typed. */
export type Arguments = {
	readonly command: Command;
	/** The words after the command. */
	readonly words: readonly string[];
	/** The program and its words behind `--`: of `tap` alone; for the others they are words like any other. */
	readonly program: readonly string[];
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
	/** What was typed for a flag: `true` or `false` for a switch. */
	readonly typed: (name: FlagName) => readonly string[];
	/** What the user's configuration has for a flag that a preset can set: it comes after the preset. */
	readonly afterPreset: (name: FlagName) => readonly string[];
};

const [screenCommand] = commands as readonly [Command, ...Command[]];

/** A flag as it was typed. */
type Given = {
	/** With its dashes, without a value. */
	readonly typed: string;
	/** Undefined where there is no such flag. */
	readonly flag: Flag | undefined;
	readonly value: string | undefined;
};

const takesValue = (flag: Flag): boolean => flag.kind === 'value' || flag.kind === 'repeated';

/** How a flag can be typed: --name, --no-name, -n. */
const spellings = (flag: Flag): readonly string[] => [
	`--${flag.name}`,
	...(flag.kind === 'boolean' ? [`--no-${flag.name}`] : []),
	...(flag.short === undefined ? [] : [`-${flag.short}`]),
];

const beginsAsFlag = /^--?[a-z]/i;

/**
 * Parts the flags from the other words. A value may begin with a dash where no letter follows, and a flag whose value is
 * optional never eats the word behind it: both are more than `parseArgs` of Node knows.
 */
const partWords = (
	argv: readonly string[],
): {given: readonly Given[]; words: readonly string[]; behind: readonly string[]} => {
	const given: Given[] = [];
	const words: string[] = [];
	let behind: readonly string[] = [];
	for (let index = 0; index < argv.length; index++) {
		const word = argv[index] ?? '';
		if (word === '--') {
			behind = argv.slice(index + 1);
			break;
		}
		if (!beginsAsFlag.test(word)) {
			words.push(word);
			continue;
		}
		const [typed = '', ...rest] = word.split('=');
		const flag = flags.find((candidate) => spellings(candidate).includes(typed));
		let value = rest.length === 0 ? undefined : rest.join('=');
		if (flag !== undefined && takesValue(flag) && value === undefined) {
			value = argv[++index];
			if (value === undefined || beginsAsFlag.test(value)) {
				throw new UserError(`${word} needs a value (${flag.value}).`, {exitCode: 2, hint: flag.help});
			}
		}
		given.push({typed, flag, value});
	}
	return {given, words, behind};
};

const isOf = (flag: Flag, command: Command): boolean =>
	flag.scopes.some((scope) => scope === 'all' || command.scopes.includes(scope));

const knownSpellings = (command: Command): readonly string[] =>
	flags.filter((flag) => isOf(flag, command)).flatMap((flag) => spellings(flag));

/** For words in front of `--` where a program belongs behind it. */
const programHint = (command: Command, words: readonly string[]): string | undefined =>
	command.name === 'tap' && words.length > 0
		? `A program goes behind --, as in: bedrock-top ${command.name} -- ${words[0]}`
		: undefined;

const assertKnown = (given: readonly Given[], command: Command, words: readonly string[]): void => {
	for (const {typed, flag} of given) {
		if (flag === undefined) {
			throw new UserError(`Unknown flag ${typed}.`, {
				exitCode: 2,
				hint:
					programHint(command, words) ??
					`${didYouMean(typed, knownSpellings(command))}Run bedrock-top --help for all flags.`,
			});
		}
		if (!isOf(flag, command)) {
			throw new UserError(`${typed} does not go with "${command.name}".`, {
				exitCode: 2,
				hint: `Run bedrock-top ${command.name} --help for its flags.`,
			});
		}
	}
};

/** @param hasPreset The command reads a preset, which comes before what the user keeps. */
const valuesOf = (given: readonly Given[], kept: KeptFlags, hasPreset: boolean): FlagValues => {
	const of = (name: FlagName): readonly Given[] => given.filter(({flag}) => flag?.name === name);
	const keptOf = (name: FlagName): readonly string[] => kept.get(name) ?? [];
	/** What stands for a flag that was not typed. */
	const instead = (name: FlagName): readonly string[] =>
		hasPreset && presetFlags.has(name) ? [] : keptOf(name);
	return {
		isSet(name) {
			const last = of(name).at(-1);
			const [own] = instead(name);
			return last === undefined
				? own === undefined
					? undefined
					: own === 'true'
				: !last.typed.startsWith('--no-') === ((last.value ?? 'true') === 'true');
		},
		text(name) {
			const last = of(name).at(-1);
			return last === undefined ? instead(name)[0] : (last.value ?? '');
		},
		texts(name) {
			const typed = of(name).map(({value = ''}) => value);
			return typed.length > 0 ? typed : instead(name);
		},
		typed: (name) =>
			of(name).map(({typed, flag, value}) =>
				flag?.kind === 'boolean'
					? String(!typed.startsWith('--no-') === ((value ?? 'true') === 'true'))
					: (value ?? ''),
			),
		afterPreset: (name) => (presetFlags.has(name) ? keptOf(name) : []),
	};
};

const readsPreset = ({offers}: Command): boolean => offers === 'presets';

/** Whether what the user keeps fits this command line: a default never stands in the way of what is typed. */
const isUsed = (name: string, command: Command, given: readonly Given[]): boolean => {
	const kept = flags.find((flag) => flag.name === name);
	return (
		kept !== undefined &&
		isOf(kept, command) &&
		// A kept model is what runs use; the lists of the account are of all models.
		(kept.name !== 'model' || readsPreset(command)) &&
		!given.some(({flag}) => unusedBeside[flag?.name as FlagName]?.includes(kept.name))
	);
};

/** A word of the command line in a message: a URL may hold a password. */
const quoted = (word: string): string => (word.includes('://') ? quotedUrl(word) : word);

/** Its path is the secret of a webhook. */
const isSecret = (name: string): boolean => name === 'alert-url';

/** A flag that is given twice would silently lose one of its values. */
const assertOnce = (given: readonly Given[]): void => {
	for (const {name} of flags.filter(({kind}) => kind === 'value' || kind === 'optional')) {
		const values = given.filter(({flag}) => flag?.name === name).map(({value}) => value ?? '');
		if (values.length > 1) {
			const typed = values.map((value) => `--${name}=${isSecret(name) ? hidden : quoted(value)}`).join(' ');
			throw new UserError(`--${name} is given ${values.length} times: ${typed}.`, {
				exitCode: 2,
				hint: 'Give it once.',
			});
		}
	}
};

/** An empty text is what a shell leaves of a variable that is not set; content alone may be empty on purpose. */
const assertFilled = (given: readonly Given[], words: readonly string[]): void => {
	for (const {flag, value} of given) {
		if (flag !== undefined && takesValue(flag) && flag.name !== 'content' && value?.trim() === '') {
			throw new UserError(`--${flag.name}: "${value}" is empty.`, {exitCode: 2, hint: flag.help});
		}
	}
	const blank = words.find((word) => word.trim() === '');
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
 * @param kept Flags of the user's configuration; a typed one wins.
 * @throws UserError (exit 2) for an unknown flag, a flag of another command, or a missing value.
 */
export function parseArguments(argv: readonly string[], kept: KeptFlags = new Map()): Arguments {
	const {given, words: before, behind} = partWords(argv);
	assertOnce(given);
	const isTap = before[0] === 'tap';
	const words = isTap ? before : [...before, ...behind];
	const named = commands.find(({name}) => name === words[0]);
	const command = named ?? screenCommand;
	assertKnown(given, command, words.slice(1));
	assertFilled(given, words);
	const used = new Map([...kept].filter(([name]) => isUsed(name, command, given)));
	return {
		command,
		words: named === undefined ? words : words.slice(1),
		program: isTap ? behind : [],
		flags: valuesOf(given, used, readsPreset(command)),
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
		throw new UserError(`"${quoted(first)}" is not a command or a preset.`, {
			exitCode: 2,
			hint: `${didYouMean(first, [...commands.map(({name}) => name), ...shippedNames()])}Commands: ${commands.map(({name}) => name).join(', ')}. Presets: ${shippedNames().join(', ')}, or a path.`,
		});
	}
	if (extra !== undefined) {
		throw new UserError(`"${quoted(extra)}" is one word too many.`, {
			exitCode: 2,
			hint:
				programHint(command, words) ??
				'Put texts with spaces into quotes; run bedrock-top --help for the commands.',
		});
	}
}
