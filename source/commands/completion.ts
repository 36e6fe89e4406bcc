import {type Command, commands, type Flag, type Shell, shells} from '../config/command-table.ts';
import {flags} from '../config/flags.ts';
import {flagsOf, helpTopics} from '../config/help.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import {shippedPresets} from '../config/parse-preset.ts';
import {UserError} from '../domain/user-error.ts';
import {type Io, writeLines} from '../terminal/io.ts';

/** A shipped preset, with what it is for. */
type OfferedPreset = {readonly name: string; readonly description: string};

const scripts: Readonly<Record<Shell, (presets: readonly OfferedPreset[]) => string>> = {
	bash: bashCompletion,
	zsh: zshCompletion,
	fish: fishCompletion,
};

/** The command `completion`: prints the script for a shell. @returns Exit code. */
export async function completion({words}: Arguments, io: Pick<Io, 'stdout'>): Promise<number> {
	const shell = shells.find((name) => name === words[0]);
	if (shell === undefined) {
		throw new UserError(`completion: "${words[0]}" is not one of: ${shells.join(', ')}.`, {
			exitCode: 2,
			hint: 'For example: source <(bedrock-top completion bash)',
		});
	}
	await writeLines(io.stdout, scripts[shell](shippedPresets()).trimEnd().split('\n'));
	return 0;
}

/** Completions for bash, fish and zsh, from the tables of commands and flags. */

/** What a shell offers at a position: fixed words, files, or both. */
type Offer = {readonly words: readonly string[]; readonly hasFiles: boolean};

const nothing: Offer = {words: [], hasFiles: false};

const namesOf = (presets: readonly OfferedPreset[]): readonly string[] => presets.map(({name}) => name);

/** Characters of a description, so that a list of them stays a list. */
const maxDescription = 70;

const short = (text: string): string =>
	text.length > maxDescription ? `${text.slice(0, maxDescription - 3)}...` : text;

/** Every word that has a description: commands, presets and the topics of the help, then the flags. */
function descriptions(presets: readonly OfferedPreset[]): ReadonlyArray<readonly [string, string]> {
	return [
		...commands.filter(({name}) => name !== 'screen').map(({name, help}) => [name, short(help)] as const),
		...presets.map(({name, description}) => [name, short(`preset: ${description}`)] as const),
		...helpTopics.map((topic) => [topic, `all ${topic}`] as const),
		...flags.flatMap((flag) => spellings(flag).map((spelling) => [spelling, short(flag.help)] as const)),
	];
}

/** The offer for the words after a command. @param presets Names of the shipped presets. */
function wordOffer({offers}: Command, presets: readonly string[]): Offer {
	switch (offers) {
		case 'presets':
			return {words: presets, hasFiles: true};
		case 'files':
			return {words: [], hasFiles: true};
		case 'shells':
			return {words: shells, hasFiles: false};
		case 'topics':
			return {words: [...commands.map(({name}) => name), ...helpTopics], hasFiles: false};
		default:
			return nothing;
	}
}

/** Whether the value of the flag is the next word. */
function takesValue({kind}: Flag): boolean {
	return kind === 'value' || kind === 'repeated';
}

/** The offer for the value of a flag. */
function valueOffer({name, value, choices}: Flag, presets: readonly string[]): Offer {
	if (choices !== undefined) {
		return {words: choices, hasFiles: false};
	}
	if (name === 'copy') {
		return {words: presets, hasFiles: false};
	}
	return {words: [], hasFiles: value === 'FILE' || value === 'DIR'};
}

/** All ways to type a flag. */
function spellings(flag: Flag): readonly string[] {
	const {name, kind, short, isOnByDefault = false} = flag;
	const isEither = kind === 'boolean' && (flag.default ?? '').startsWith('on when');
	return [
		...(isOnByDefault ? [] : [`--${name}`]),
		...(isOnByDefault || isEither ? [`--no-${name}`] : []),
		...(short === undefined ? [] : [`-${short}`]),
	];
}

const generate = ({words, hasFiles}: Offer): string =>
	[
		...(words.length === 0 ? [] : [`COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$current"))`]),
		...(hasFiles ? ['COMPREPLY+=($(compgen -f -- "$current"))'] : []),
		...(words.length === 0 && !hasFiles ? [':'] : []),
	].join('; ');

const valueCases = (presets: readonly string[]): readonly string[] =>
	flags
		.filter(takesValue)
		.map((flag) => `\t\t${spellings(flag).join('|')}) ${generate(valueOffer(flag, presets))}; return ;;`);

const flagWords = (command: Command): string => flagsOf(command).flatMap(spellings).join(' ');

const commandCases = (presets: readonly string[]): readonly string[] =>
	commands
		.filter(({name}) => name !== 'screen')
		.flatMap((command) => [`\t\t${command.name}) flags='${flagWords(command)}' ;;`])
		.concat(`\t\t*) flags='${flagWords(commands.find(({name}) => name === 'screen') as Command)}' ;;`)
		.concat([
			'\tesac',
			'\tif [[ $current == -* ]]; then',
			'\t\tCOMPREPLY=($(compgen -W "$flags" -- "$current"))',
			'\t\treturn',
			'\tfi',
			'\tcase $command in',
		])
		.concat(
			commands
				.filter(({name}) => name !== 'screen')
				.map((command) => `\t\t${command.name}) ${generate(wordOffer(command, presets))} ;;`),
		);

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: shell code, expanded by the shell
/** Completion for bash 3.2 and newer; what is listed has its description. */
export function bashCompletion(shipped: readonly OfferedPreset[]): string {
	const presets = namesOf(shipped);
	const names = commands.map(({name}) => name).filter((name) => name !== 'screen');
	return [
		'# bash completion for bedrock-top: source it, or put it into bash_completion.d',
		...describeBash(shipped),
		'_bedrock_top() {',
		'\t_bedrock_top_words',
		'\t# Only where candidates are listed: in a word that is inserted a description would stay.',
		'\tif [[ ${COMP_TYPE:-9} == 63 || ${COMP_TYPE:-9} == 33 ]] && (( ${#COMPREPLY[@]} > 1 )); then',
		'\t\tlocal index about',
		'\t\tcompopt +o filenames 2>/dev/null || return',
		'\t\tfor index in "${!COMPREPLY[@]}"; do',
		'\t\t\t_bedrock_top_about "${COMPREPLY[index]}"',
		'\t\t\t[[ -z $about ]] || COMPREPLY[index]="${COMPREPLY[index]}  ($about)"',
		'\t\tdone',
		'\tfi',
		'}',
		'_bedrock_top_words() {',
		'\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=screen word flags',
		'\tCOMPREPLY=()',
		'\tcase $previous in',
		...valueCases(presets),
		'\tesac',
		'\tfor word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
		`\t\tcase $word in ${names.join('|')}) command=$word; break ;; esac`,
		'\tdone',
		'\tcase $command in',
		...commandCases(presets),
		`\t\t*) ${generate({words: [...names, ...presets], hasFiles: true})} ;;`,
		'\tesac',
		'}',
		'complete -o filenames -F _bedrock_top bedrock-top',
		'',
	].join('\n');
}
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: shell code, expanded by the shell

/** A function that sets `about` to the description of a word, or to nothing. */
const describeBash = (presets: readonly OfferedPreset[]): readonly string[] => [
	'_bedrock_top_about() {',
	'\tcase $1 in',
	...descriptions(presets).map(
		([word, about]) => `\t\t${word}) about='${about.replaceAll("'", String.raw`'\''`)}' ;;`,
	),
	"\t\t*) about='' ;;",
	'\tesac',
	'}',
];

const fishQuoted = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;

const offered = ({words, hasFiles}: Offer): string =>
	[hasFiles ? ' -F' : ' -f', words.length === 0 ? '' : ` -a ${fishQuoted(words.join(' '))}`].join('');

/** When a command's words and flags are offered; `screen` where no other command was typed. */
const condition = ({name}: Command, names: readonly string[]): string =>
	name === 'screen'
		? fishQuoted(`not __fish_seen_subcommand_from ${names.join(' ')}`)
		: fishQuoted(`__fish_seen_subcommand_from ${name}`);

const flagLines = (
	flag: Flag,
	conditions: readonly string[],
	presets: readonly string[],
): readonly string[] =>
	conditions.map((when) => {
		const names = spellings(flag).map((spelling) =>
			spelling.startsWith('--') ? `-l ${spelling.slice(2)}` : `-s ${spelling.slice(1)}`,
		);
		const value = takesValue(flag) ? ` -r${offered(valueOffer(flag, presets))}` : '';
		return `complete -c bedrock-top -n ${when} ${names.join(' ')}${value} -d ${fishQuoted(flag.help)}`;
	});

/** Completion for fish. */
export function fishCompletion(shipped: readonly OfferedPreset[]): string {
	const presets = namesOf(shipped);
	const named = commands.filter(({name}) => name !== 'screen');
	const names = named.map(({name}) => name);
	const isBare = fishQuoted(`not __fish_seen_subcommand_from ${names.join(' ')}`);
	return [
		'# fish completion for bedrock-top: put it into ~/.config/fish/completions/bedrock-top.fish',
		'complete -c bedrock-top -f',
		...named.map(
			({name, help}) => `complete -c bedrock-top -n ${isBare} -a ${fishQuoted(name)} -d ${fishQuoted(help)}`,
		),
		...commands.flatMap((command) => {
			const when = condition(command, names);
			const offer = wordOffer(command, []);
			return [
				`complete -c bedrock-top -n ${when}${offered(offer)}`,
				...(command.offers === 'presets'
					? shipped.map(
							({name, description}) =>
								`complete -c bedrock-top -n ${when} -a ${fishQuoted(name)} -d ${fishQuoted(short(description))}`,
						)
					: []),
			];
		}),
		...flags.flatMap((flag) => {
			const conditions = commands
				.filter((command) => flagsOf(command).includes(flag))
				.map((command) => condition(command, names));
			return flagLines(flag, conditions, presets);
		}),
		'',
	].join('\n');
}

/** Text within the brackets of a specification and within single quotes. */
const zshQuoted = (text: string): string =>
	text.replaceAll(/[\\[\]:]/g, String.raw`\$&`).replaceAll("'", String.raw`'\''`);

const action = ({words, hasFiles}: Offer): string => {
	if (words.length === 0) {
		return hasFiles ? '_files' : ' ';
	}
	const list = `(${words.join(' ')})`;
	return hasFiles ? `{_alternative "words:word:${list}" "files:file:_files"}` : list;
};

const specification = (flag: Flag, presets: readonly string[]): readonly string[] => {
	const value = zshQuoted(flag.value ?? '');
	const behind = takesValue(flag)
		? `:${value}:${action(valueOffer(flag, presets))}`
		: flag.kind === 'optional'
			? `::${value}:_files`
			: '';
	const repeat = flag.kind === 'repeated' ? '*' : '';
	return spellings(flag).map((spelling) => {
		const joint = flag.kind === 'optional' ? '=-' : takesValue(flag) && spelling.startsWith('--') ? '=' : '';
		return `'${repeat}${spelling}${joint}[${zshQuoted(flag.help)}]${behind}'`;
	});
};

const commandCase = (command: Command, presets: readonly string[]): readonly string[] => {
	const specifications = flagsOf(command).flatMap((flag) => specification(flag, presets));
	const {words, hasFiles} = wordOffer(command, presets);
	const rest = `'*:word:${action({words, hasFiles}).replaceAll("'", String.raw`'\\''`)}'`;
	const all = words.length > 0 || hasFiles ? [...specifications, rest] : specifications;
	const pattern = command.name === 'screen' ? '*' : command.name;
	return [`\t\t${pattern})`, `\t\t\t_arguments ${all.join(' \\\n\t\t\t\t')}`, '\t\t\t;;'];
};

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: shell code, expanded by the shell
/** Completion for zsh. */
export function zshCompletion(shipped: readonly OfferedPreset[]): string {
	const presets = namesOf(shipped);
	const named = commands.filter(({name}) => name !== 'screen');
	const [screen] = commands;
	return [
		'#compdef bedrock-top',
		'# zsh completion for bedrock-top: source it behind compinit, or put it into $fpath as _bedrock-top',
		'_bedrock_top() {',
		'\tlocal word command=screen',
		'\tlocal -a names',
		'\tnames=(',
		...named.map(({name, help}) => `\t\t'${zshQuoted(name)}:${zshQuoted(help)}'`),
		...shipped.map(({name, description}) => `\t\t'${zshQuoted(name)}:${zshQuoted(short(description))}'`),
		'\t)',
		'\tfor word in "${(@)words[2,CURRENT-1]}"; do',
		`\t\tcase $word in ${named.map(({name}) => name).join('|')}) command=$word; break ;; esac`,
		'\tdone',
		'\tif [[ $command == screen && $PREFIX != -* && ${words[CURRENT-1]} != -* ]]; then',
		"\t\t_describe 'command or preset' names",
		'\t\t_files',
		'\t\treturn',
		'\tfi',
		'\tif [[ $command != screen ]]; then',
		'\t\twords=("${words[1]}" "${(@)words[3,-1]}")',
		'\t\t(( CURRENT-- ))',
		'\tfi',
		'\tcase $command in',
		...named.flatMap((command) => commandCase(command, presets)),
		...(screen === undefined ? [] : commandCase(screen, presets)),
		'\tesac',
		'}',
		'compdef _bedrock_top bedrock-top',
		'',
	].join('\n');
}
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: shell code, expanded by the shell
