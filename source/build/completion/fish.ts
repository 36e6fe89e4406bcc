import {type Command, commands} from '../../config/command-table.ts';
import type {Flag} from '../../config/flags/flag.ts';
import {flags} from '../../config/flags.ts';
import {flagsOf} from '../../config/help.ts';
import {type Offer, spellings, takesValue, valueOffer, wordOffer} from './offers.ts';

const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;

const offered = ({words, hasFiles}: Offer): string =>
	[hasFiles ? ' -F' : ' -f', words.length === 0 ? '' : ` -a ${quoted(words.join(' '))}`].join('');

/** When a command's words and flags are offered; `screen` is what no other name was typed for. */
const condition = ({name}: Command, names: readonly string[]): string =>
	name === 'screen'
		? quoted(`not __fish_seen_subcommand_from ${names.join(' ')}`)
		: quoted(`__fish_seen_subcommand_from ${name}`);

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
		return `complete -c bedrock-top -n ${when} ${names.join(' ')}${value} -d ${quoted(flag.help)}`;
	});

/** Completion for fish. @param presets Names of the shipped presets. */
export const fishCompletion = (presets: readonly string[]): string => {
	const named = commands.filter(({name}) => name !== 'screen');
	const names = named.map(({name}) => name);
	const isBare = quoted(`not __fish_seen_subcommand_from ${names.join(' ')}`);
	return [
		'# fish completion for bedrock-top: put it into ~/.config/fish/completions/bedrock-top.fish',
		'complete -c bedrock-top -f',
		...named.map(
			({name, help}) => `complete -c bedrock-top -n ${isBare} -a ${quoted(name)} -d ${quoted(help)}`,
		),
		...commands.map(
			(command) =>
				`complete -c bedrock-top -n ${condition(command, names)}${offered(wordOffer(command, presets))}`,
		),
		...flags.flatMap((flag) => {
			const conditions = commands
				.filter((command) => flagsOf(command).includes(flag))
				.map((command) => condition(command, names));
			return flagLines(flag, conditions, presets);
		}),
		'',
	].join('\n');
};
