import {commands} from '../config/command-table.ts';
import {flags} from '../config/flags.ts';
import {flagHead, flagTail, usage} from '../config/help.ts';
import {keyGroups} from '../view/keymap.ts';

/** The man page, from the same tables as the help. */

/** Text as troff reads it: no escapes, no requests by accident, and hyphens that can be copied. */
const plain = (text: string): string =>
	text
		.replaceAll('\\', '\\e')
		.replaceAll('-', '\\-')
		.replaceAll(/^(?=[.'])/gm, '\\&');

/** Characters beyond ASCII by their names, for readers that know no UTF-8. */
const ascii = (text: string): string =>
	text.replaceAll(
		/[^\n\u0020-\u007E]/g,
		(character) => `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
	);

const entry = (head: string, text: string): readonly string[] => ['.TP', `.B ${plain(head)}`, plain(text)];

const exits: ReadonlyArray<readonly [string, string]> = [
	['0', 'Done, or stopped by q, a guard or --max-requests and --max-cost.'],
	[
		'1',
		'Not one useful item, the daily quota is used up, a fault of the environment, or reports that could not be written.',
	],
	['2', 'What was typed cannot be done.'],
	['3', 'A --fail-if condition is true.'],
	['129, 130, 143', 'Ended by SIGHUP, SIGINT, SIGTERM; partial results are written.'],
];

const environment: ReadonlyArray<readonly [string, string]> = [
	['AWS_REGION, AWS_PROFILE, ...', 'Region, profile and credentials, as the AWS CLI and the SDKs read them.'],
	['AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_BEDROCK_RUNTIME, ...', 'Endpoints of the services.'],
	['HTTPS_PROXY, NO_PROXY', 'The proxy.'],
	['NO_COLOR, TERM=dumb', 'No colour.'],
];

const files: ReadonlyArray<readonly [string, string]> = [
	[
		'bedrock-top-reports/<time>/',
		'results.json, summary.md, best-request.json, the charts, and where asked for answers.jsonl and requests.csv.',
	],
];

const examples: ReadonlyArray<readonly [string, string]> = [
	['bedrock-top summarize --demo', 'The screen, on the embedded simulator: no account, no cost.'],
	['bedrock-top run ./tickets.yaml -m MODEL --json', 'A run without the screen, results on stdout.'],
	['source <(bedrock-top completion bash)', 'Completion for bash.'],
];

/**
 * The man page as troff (man macros).
 * @param version Of the program.
 */
export function manPage(version: string): string {
	const lines = [
		`.TH BEDROCK\\-TOP 1 "" "bedrock\\-top ${plain(version)}" "User Commands"`,
		'.SH NAME',
		plain('bedrock-top').concat(
			' \\- ',
			plain('live quota use of Amazon Bedrock, and which prompt gets the most useful work through it'),
		),
		'.SH SYNOPSIS',
		...commands.flatMap((command) => [`.B ${plain(`${usage(command)} [flags]`)}`, '.br']).slice(0, -1),
		'.SH DESCRIPTION',
		plain(
			'bedrock-top finds out the quotas of an account, shows live what is used, reserved and left, and runs prompt variants to say which one gets the most useful work through the quota. A preset is a shipped name, else a path.',
		),
		'.SH COMMANDS',
		...commands.flatMap((command) => entry(usage(command), command.help)),
		'.SH OPTIONS',
		...flags.flatMap((flag) => entry(flagHead(flag), flagTail(flag))),
		'.SH KEYS',
		...keyGroups.flatMap(({title, entries}) => [
			`.SS ${plain(title)}`,
			...entries.flatMap(({keys, description}) => entry(keys.join(' '), description)),
		]),
		'.SH EXIT STATUS',
		...exits.flatMap(([head, text]) => entry(head, text)),
		'.SH ENVIRONMENT',
		...environment.flatMap(([head, text]) => entry(head, text)),
		'.SH FILES',
		...files.flatMap(([head, text]) => entry(head, text)),
		'.SH EXAMPLES',
		...examples.flatMap(([head, text]) => entry(head, text)),
	];
	return `${ascii(lines.join('\n'))}\n`;
}
