import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {alertJsonSchema} from '../account/alert-webhook.ts';
import {commands} from '../config/command-table.ts';
import {flags} from '../config/flags.ts';
import {flagHead, flagTail, usage} from '../config/help.ts';
import {resultsJsonSchema} from '../reports/results-schema.ts';
import {usualKeymap} from '../view/keymap.ts';

/** Files of `dist/` for users: the types and the schema of results, the man page, the licences. */

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

/** Files of `dist/` that are for others than the program itself: name -> text. */
export function publishedFiles(version: string): Readonly<Record<string, string>> {
	const schema = resultsJsonSchema();
	return {
		'results.schema.json': `${JSON.stringify(schema, null, '\t')}\n`,
		'results.d.ts': [
			typeDeclaration('Results', schema),
			'/** The figures of one variant on one target. */',
			"export type VariantResults = Results['variants'][number];",
			'/** A model as it was called, with its quota. */',
			"export type TargetResults = Results['targets'][number];",
			'',
		].join('\n'),
		'alert.schema.json': `${JSON.stringify(alertJsonSchema(), null, '\t')}\n`,
		'bedrock-top.1': manPage(version),
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
	['3', 'A --fail-if condition is true.'],
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
	];
	return `${ascii(lines.join('\n'))}\n`;
}

/** Folder of the package that a bundled file belongs to; undefined for a file of our own. */
const packageFolder = (file: string): string | undefined =>
	/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];

/** A file of the package by the beginning of its name; empty where there is none. */
const fileText = async (folder: string, pattern: RegExp): Promise<string> => {
	const names = await readdir(folder);
	const name = names.find((candidate) => pattern.test(candidate));
	return name === undefined ? '' : (await readFile(path.join(folder, name), 'utf8')).trim();
};

/** The licence, and the notice that some licences ask to be passed on. */
const licenceText = async (folder: string): Promise<string> =>
	[await fileText(folder, /^licen[cs]e/i), await fileText(folder, /^notice/i)]
		.filter((text) => text !== '')
		.join('\n\n');

/** What the MIT licence grants, for packages that name it and leave its text out. */
const mitText = (
	author: string,
): string => `(no licence file in the package; its package.json names the MIT licence:)

Copyright (c) ${author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

const nameOf = (author: string | {readonly name?: string} | undefined): string =>
	(typeof author === 'string' ? author : author?.name) ?? 'its authors';

type Notice = {readonly title: string; readonly text: string};

const noticeOf = async (folder: string): Promise<Notice> => {
	const {name, version, license, author} = JSON.parse(
		await readFile(path.join(folder, 'package.json'), 'utf8'),
	) as {
		name: string;
		version: string;
		license?: string;
		author?: string | {readonly name?: string};
	};
	const text = await licenceText(folder);
	return {
		title: `${name} ${version} (${license ?? 'licence not stated'})`,
		text: text === '' && license === 'MIT' ? mitText(nameOf(author)) : text,
	};
};

/**
 * Names and licences of all packages in the bundle; packages that share a licence text are listed above it together.
 * @param files Bundled files, relative to the root.
 */
export async function thirdPartyNotices(root: string, files: readonly string[]): Promise<string> {
	const folders = [...new Set(files.map(packageFolder).filter((folder) => folder !== undefined))].toSorted();
	const notices = await Promise.all(folders.map((folder) => noticeOf(path.join(root, folder))));
	const byText = Map.groupBy(notices, ({text}) => text);
	const blocks = [...byText].map(
		([text, group]) =>
			`${group.map(({title}) => title).join('\n')}\n\n${text === '' ? '(no licence file in the package)' : text}`,
	);
	return `bedrock-top contains the following packages.\n\n${blocks.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
