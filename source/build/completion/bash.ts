import {type Command, commands} from '../../config/command-table.ts';
import {flags} from '../../config/flags.ts';
import {flagsOf} from '../../config/help.ts';
import {type Offer, spellings, takesValue, valueOffer, wordOffer} from './offers.ts';

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
/** Completion for bash 3.2 and newer. @param presets Names of the shipped presets. */
export const bashCompletion = (presets: readonly string[]): string => {
	const names = commands.map(({name}) => name).filter((name) => name !== 'screen');
	return [
		'# bash completion for bedrock-top: source it, or put it into bash_completion.d',
		'_bedrock_top() {',
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
};
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: shell code, expanded by the shell
