import {type Command, commands} from '../../config/command-table.ts';
import type {Flag} from '../../config/flags/flag.ts';
import {flagsOf} from '../../config/help.ts';
import {type Offer, spellings, takesValue, valueOffer, wordOffer} from './offers.ts';

/** Text within the brackets of a specification and within single quotes. */
const quoted = (text: string): string =>
	text.replaceAll(/[\\[\]:]/g, String.raw`\$&`).replaceAll("'", String.raw`'\''`);

const action = ({words, hasFiles}: Offer): string => {
	if (words.length === 0) {
		return hasFiles ? '_files' : ' ';
	}
	const list = `(${words.join(' ')})`;
	return hasFiles ? `{_alternative "words:word:${list}" "files:file:_files"}` : list;
};

const specification = (flag: Flag, presets: readonly string[]): readonly string[] => {
	const value = quoted(flag.value ?? '');
	const behind = takesValue(flag)
		? `:${value}:${action(valueOffer(flag, presets))}`
		: flag.kind === 'optional'
			? `::${value}:_files`
			: '';
	const repeat = flag.kind === 'repeated' ? '*' : '';
	return spellings(flag).map((spelling) => {
		const joint = flag.kind === 'optional' ? '=-' : takesValue(flag) && spelling.startsWith('--') ? '=' : '';
		return `'${repeat}${spelling}${joint}[${quoted(flag.help)}]${behind}'`;
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
/** Completion for zsh. @param presets Names of the shipped presets. */
export const zshCompletion = (presets: readonly string[]): string => {
	const named = commands.filter(({name}) => name !== 'screen');
	const [screen] = commands;
	return [
		'#compdef bedrock-top',
		'# zsh completion for bedrock-top: source it behind compinit, or put it into $fpath as _bedrock-top',
		'_bedrock_top() {',
		'\tlocal word command=screen',
		'\tlocal -a names',
		'\tnames=(',
		...named.map(({name, help}) => `\t\t'${quoted(name)}:${quoted(help)}'`),
		...presets.map((name) => `\t\t'${quoted(name)}:shipped preset'`),
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
};
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: shell code, expanded by the shell
