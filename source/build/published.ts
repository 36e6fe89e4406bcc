import {alertJsonSchema} from '../account/alert-webhook.ts';
import {type Command, commands} from '../config/command-table.ts';
import {flags} from '../config/flags.ts';
import {flagHead, flagsOf, flagTail, usage} from '../config/help.ts';
import {resultsJsonSchema} from '../reports/results-schema.ts';
import {usualKeymap} from '../view/keymap.ts';

/** Files of `dist/` for users: the types and the schema of results, the man pages. */

/** JSON Schema as zod writes it. It becomes TypeScript, so that the published types need no other package. */
type Schema = {
	readonly type?: string | readonly string[];
	readonly const?: unknown;
	readonly enum?: readonly unknown[];
	readonly anyOf?: readonly Schema[];
	readonly items?: Schema | false;
	readonly prefixItems?: readonly Schema[];
	readonly properties?: Readonly<Record<string, Schema>>;
	readonly required?: readonly string[];
	readonly additionalProperties?: Schema | boolean;
	readonly propertyNames?: Schema;
	readonly description?: string;
};

const tabs = (depth: number): string => '\t'.repeat(depth);

const union = (types: readonly string[]): string => [...new Set(types)].join(' | ');

const grouped = (type: string): string =>
	type.includes(' | ') || type.startsWith('readonly ') ? `(${type})` : type;

const comment = ({description}: Schema, depth: number): string =>
	description === undefined ? '' : `${tabs(depth)}/** ${description.replaceAll('*/', '* /')} */\n`;

const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

const membersOf = (schema: Schema, depth: number): string => {
	const {properties = {}, required = []} = schema;
	const members = Object.entries(properties).map(([name, member]) => {
		const mark = required.includes(name) ? '' : '?';
		return `${comment(member, depth + 1)}${tabs(depth + 1)}readonly ${key(name)}${mark}: ${typeOf(member, depth + 1)};\n`;
	});
	return `{\n${members.join('')}${tabs(depth)}}`;
};

const objectOf = (schema: Schema, depth: number): string => {
	const {properties, additionalProperties, propertyNames} = schema;
	if (properties !== undefined) {
		return membersOf(schema, depth);
	}
	const value = typeof additionalProperties === 'object' ? typeOf(additionalProperties, depth) : 'unknown';
	const names = propertyNames?.enum;
	return names === undefined
		? `Readonly<Record<string, ${value}>>`
		: `Readonly<Partial<Record<${union(names.map((name) => JSON.stringify(name)))}, ${value}>>>`;
};

const arrayOf = ({prefixItems, items}: Schema, depth: number): string =>
	prefixItems === undefined
		? `readonly ${grouped(typeof items === 'object' ? typeOf(items, depth) : 'unknown')}[]`
		: `readonly [${prefixItems.map((item) => typeOf(item, depth)).join(', ')}]`;

const named = (type: string | undefined, schema: Schema, depth: number): string => {
	switch (type) {
		case 'string':
		case 'boolean':
		case 'null':
			return type;
		case 'number':
		case 'integer':
			return 'number';
		case 'array':
			return arrayOf(schema, depth);
		case 'object':
			return objectOf(schema, depth);
		default:
			throw new Error(`No type is known for ${JSON.stringify(schema)}.`);
	}
};

function typeOf(schema: Schema, depth: number): string {
	if ('const' in schema) {
		return JSON.stringify(schema.const);
	}
	if (schema.enum !== undefined) {
		return union(schema.enum.map((value) => JSON.stringify(value)));
	}
	if (schema.anyOf !== undefined) {
		return union(schema.anyOf.map((option) => typeOf(option, depth)));
	}
	return typeof schema.type === 'object'
		? union(schema.type.map((type) => named(type, schema, depth)))
		: named(schema.type, schema, depth);
}

/**
 * A type declaration for what a JSON Schema describes.
 * @throws Error for a keyword that is not known here.
 */
export function typeDeclaration(name: string, schema: Readonly<Record<string, unknown>>): string {
	return `${comment(schema as Schema, 0)}export type ${name} = ${typeOf(schema as Schema, 0)};\n`;
}

/** The types of results for modules of both kinds. */
const resultTypes = (lines: readonly string[]): Readonly<Record<string, string>> => ({
	'results.d.ts': lines.join('\n'),
	'results.d.cts': lines.join('\n'),
});

/** Files of `dist/` that are for others than the program itself: name -> text. */
export function publishedFiles(version: string): Readonly<Record<string, string>> {
	const schema = resultsJsonSchema();
	return {
		'results.schema.json': `${JSON.stringify(schema, null, '\t')}\n`,
		...resultTypes([
			typeDeclaration('Results', schema),
			'/** The figures of one variant on one target. */',
			"export type VariantResults = Results['variants'][number];",
			'/** A model as it was called, with its quota. */',
			"export type TargetResults = Results['targets'][number];",
			'',
		]),
		'alert.schema.json': `${JSON.stringify(alertJsonSchema(), null, '\t')}\n`,
		...manPages(version),
	};
}

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
	['3', 'A --fail-if condition or an --alert is true.'],
	['129, 130, 143', 'Ended by SIGHUP, SIGINT, SIGTERM; partial results are written.'],
];

const environment: ReadonlyArray<readonly [string, string]> = [
	['AWS_REGION, AWS_PROFILE, ...', 'Region, profile and credentials, as the AWS CLI and the SDKs read them.'],
	['AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_BEDROCK_RUNTIME, ...', 'Endpoints of the services.'],
	['HTTPS_PROXY, NO_PROXY', 'The proxy.'],
	['NO_COLOR, TERM=dumb', 'No colour.'],
	['BEDROCK_TOP_CONFIG', 'Another configuration file than the usual one; empty: none.'],
	['BEDROCK_TOP_ALERT_URL', 'The URL of the webhook that alerts are sent to, as --alert-url.'],
	['BEDROCK_TOP_LEDGER', 'The URL of the store in which a fleet shares its quotas, as --ledger.'],
];

const files: ReadonlyArray<readonly [string, string]> = [
	[
		'~/.config/bedrock-top/config.yaml',
		'Your own defaults of flags, theme, bell, columns and keys; Ctrl+S on the screen writes into it.',
	],
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

/** Name of the page of a command. */
const pageName = ({name}: Command): string => `bedrock-top-${name}`;

/** Commands with a page of their own. */
const paged = commands.filter(({name}) => name !== 'screen');

/** The head of a page: its name, and what it is about in one line. */
const headOf = (name: string, version: string, about: string): readonly string[] => [
	`.TH ${plain(name.toUpperCase())} 1 "" "bedrock\\-top ${plain(version)}" "User Commands"`,
	'.SH NAME',
	`${plain(name)} \\- ${plain(about)}`,
];

const seeAlso = (names: readonly string[]): readonly string[] => [
	'.SH SEE ALSO',
	names.map((name) => `${plain(name)}(1)`).join(', '),
];

const commandPage = (command: Command, version: string): readonly string[] => [
	...headOf(pageName(command), version, command.help),
	'.SH SYNOPSIS',
	`.B ${plain(`${usage(command)} [flags]`)}`,
	'.SH OPTIONS',
	...flagsOf(command).flatMap((flag) => entry(flagHead(flag), flagTail(flag))),
	...seeAlso(['bedrock-top']),
];

/** The man pages as troff (man macros), one of the program and one for each command: file name -> text. */
export function manPages(version: string): Readonly<Record<string, string>> {
	const texts = {
		'bedrock-top': mainPage(version),
		...Object.fromEntries(paged.map((command) => [pageName(command), commandPage(command, version)])),
	};
	return Object.fromEntries(
		Object.entries(texts).map(([name, lines]) => [`${name}.1`, `${ascii(lines.join('\n'))}\n`]),
	);
}

function mainPage(version: string): readonly string[] {
	return [
		...headOf(
			'bedrock-top',
			version,
			'live quota use of Amazon Bedrock, and which prompt gets the most useful work through it',
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
		...usualKeymap.groups.flatMap(({title, entries}) => [
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
		...seeAlso(paged.map(pageName)),
	];
}
