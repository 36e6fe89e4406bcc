import {UserError} from '../domain/user-error.ts';
import {didYouMean} from '../text/nearest-name.ts';
import {type Command, commands, type Flag} from './command-table.ts';
import {flags} from './flags.ts';

/** The help text, made from the tables of commands and flags. */

/** A flag as it is typed, with a placeholder for its value. */
export function flagHead(flag: Flag): string {
	const name = flag.isOnByDefault ? `--no-${flag.name}` : `--${flag.name}`;
	const value =
		flag.kind === 'boolean' ? '' : flag.kind === 'optional' ? `[=${flag.value}]` : ` ${flag.value}`;
	return `${flag.short === undefined ? '' : `-${flag.short}, `}${name}${value}`;
}

/** The description of a flag, with choices and default. */
export function flagTail(flag: Flag): string {
	return [
		flag.help,
		flag.choices === undefined ? undefined : `: ${flag.choices.join(', ')}`,
		flag.default === undefined || flag.isOnByDefault ? undefined : ` (default: ${flag.default})`,
	]
		.filter((part) => part !== undefined)
		.join('');
}

const columns = (rows: ReadonlyArray<readonly [string, string]>): readonly string[] => {
	const width = Math.max(...rows.map(([left]) => left.length));
	return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
};

/** The flags that go with a command, in the order of the help. */
export function flagsOf(command: Command): readonly Flag[] {
	return flags.filter((flag) =>
		flag.scopes.some((scope) => scope === 'all' || command.scopes.includes(scope)),
	);
}

const flagRows = (shown: readonly Flag[]): readonly string[] =>
	columns(shown.map((flag) => [flagHead(flag), flagTail(flag)]));

/** How a command is typed. */
export function usage({name, synopsis}: Command): string {
	return ['bedrock-top', name === 'screen' ? '' : name, synopsis].filter((word) => word !== '').join(' ');
}

/** Help of one command. */
export function commandHelp(command: Command): readonly string[] {
	return [`${usage(command)} [flags]`, '', command.help, '', 'Flags:', ...flagRows(flagsOf(command))];
}

/** Cells of a name on the first page, and of a flag in each of its two columns. */
const nameWidth = 22;
const flagWidth = 14;
const columnWidth = 42;

/** Flags that matter most, in two columns. */
const briefFlags = (): readonly string[] => {
	const cells = flags
		.filter(({brief}) => brief !== undefined)
		// Of a value in several forms the first one.
		.map((flag) => `${(flagHead(flag).split('|')[0] ?? '').padEnd(flagWidth)}  ${flag.brief}`);
	const half = Math.ceil(cells.length / 2);
	return cells
		.slice(0, half)
		.map((cell, index) => `  ${cell.padEnd(columnWidth - 2)}${cells[half + index] ?? ''}`.trimEnd());
};

/** Help of the whole program, on one screen: the rest is in `help COMMAND`, `help flags` and `help keys`. */
export function generalHelp(): readonly string[] {
	const named = commands.filter(({brief}) => brief !== undefined);
	const others = commands.filter(({brief}) => brief === undefined);
	return [
		'bedrock-top: which Bedrock quota is nearly used up, and which prompt needs least',
		'',
		...named.map(({name, synopsis, brief}) => {
			const typed = [name === 'screen' ? 'bedrock-top' : name, synopsis]
				.filter((word) => word !== '')
				.join(' ');
			return `  ${typed.padEnd(nameWidth)}  ${brief}`;
		}),
		`  Also: ${others.map(({name, synopsis}) => (name === 'help' ? `${name} ${synopsis}` : name)).join(', ')}`,
		'',
		...briefFlags(),
		'',
		'Without an account: bedrock-top summarize --demo. Keys: ? on the screen.',
	];
}

/** What `help` explains beside the commands. */
export const helpTopics = ['flags', 'keys'] as const;

/** Every flag. */
export function flagHelp(): readonly string[] {
	return ['Flags (bedrock-top help COMMAND has those of a command):', ...flagRows(flags)];
}

/** A command by the name that `help` was given. @throws UserError (exit 2) that lists them. */
export function commandNamed(word: string): Command {
	const command = commands.find(({name}) => name === word);
	if (command === undefined) {
		const names = [...commands.map(({name}) => name), ...helpTopics];
		throw new UserError(`help: there is no command "${word}".`, {
			exitCode: 2,
			hint: `${didYouMean(word, names)}Known: ${names.join(', ')}.`,
		});
	}
	return command;
}

/** The table of commands of the README. */
export function commandMarkdown(): readonly string[] {
	return [
		'| | |',
		'|---|---|',
		...commands.map(
			(command) =>
				`| \`${usage(command).replaceAll('|', '\\|')}\` | ${command.help.replaceAll('|', '\\|')} |`,
		),
	];
}

/** The flag table of the README. */
export function flagMarkdown(): readonly string[] {
	return [
		'| flag | default | |',
		'|---|---|---|',
		...flags.map(
			(flag) =>
				`| \`${flagHead(flag).replaceAll('|', '\\|')}\` | ${flag.isOnByDefault ? 'on' : (flag.default ?? '').replaceAll('|', '\\|')} | ${flag.help}${flag.choices === undefined ? '' : `: ${flag.choices.join(', ')}`} |`,
		),
	];
}
