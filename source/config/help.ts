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

/**
 * Help of the whole program.
 * @param keyLines The keys of the screen, from the keymap.
 */
export function generalHelp(keyLines: readonly string[]): readonly string[] {
	return [
		'bedrock-top - top for Amazon Bedrock: live quota use, and which prompt gets the most useful work through it',
		'',
		'Commands:',
		...columns(commands.map((command: Command) => [usage(command), command.help])),
		'',
		'A preset is a shipped name, else a path. Without an account: bedrock-top summarize --demo',
		'',
		'Flags:',
		...flagRows(flags),
		'',
		'Keys:',
		...keyLines.map((line) => `  ${line}`),
		'',
		'Exit: 0 done, 1 nothing useful or a fault of the environment, 2 usage, 3 --fail-if, 128+n signal.',
	];
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
