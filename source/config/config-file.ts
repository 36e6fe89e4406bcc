import {existsSync, mkdirSync, realpathSync} from 'node:fs';
import path from 'node:path';
import {isMap, parseDocument} from 'yaml';
import {z} from 'zod';
import {UserError} from '../domain/user-error.ts';
import {didYouMean} from '../text/nearest-name.ts';
import {privateFolderMode, writeAtomically} from '../text/private-file.ts';
import {bounds} from './defaults.ts';
import {type FlagName, flags} from './flags.ts';
import {readText} from './input/text-file.ts';
import {readYaml} from './input/yaml.ts';

/** What the user keeps: defaults of flags, columns and keys, in the configuration file. */

const key = z.union([z.string().min(1), z.number()]);
const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** Sections of the file and their forms. */
const schema = z.strictObject({
	defaults: z.record(z.string(), z.union([scalar, z.array(scalar).min(1)])).optional(),
	theme: z.string().optional(),
	bell: z.boolean().optional(),
	columns: z.record(z.string(), z.array(z.string()).min(1)).optional(),
	keys: z.record(z.string(), z.union([key, z.array(key).min(1)])).optional(),
});

/** What each section takes, in words. */
const sectionWords: Readonly<Record<keyof typeof schema.shape, string>> = {
	defaults: 'Flags by name with their values, such as defaults: {region: eu-central-1}.',
	theme: 'A name, such as theme: light.',
	bell: 'true or false.',
	columns: 'Lists of columns by view, such as columns: {quotas: [limit, used]}.',
	keys: 'Keys by command, such as keys: {run: R, quit: [Q, "Ctrl+D"]}; put signs in quotes.',
};

/** Flags that answer, or name what is to be done, for one command line alone. */
const notKept: ReadonlySet<string> = new Set<FlagName>([
	'yes',
	'request',
	'force',
	'help',
	'version',
	'resume',
	'search',
	'watch',
	'stop',
	'resubmit',
	'list',
	'last',
	'copy',
]);

/** Values of flags by name: one, or several of a flag that may be repeated. */
export type KeptFlags = ReadonlyMap<string, readonly string[]>;

type FaultAt = (path: readonly PropertyKey[], reason: string, hint: string) => UserError;

/** What the configuration says. */
export type UserConfig = {
	readonly flags: KeptFlags;
	/** Names of columns by view; which there are, the screen knows. */
	readonly columns: Readonly<Record<string, readonly string[]>>;
	/** Names of keys by command. */
	readonly keys: Readonly<Record<string, readonly string[]>>;
	/** An error (exit 2) at the line of a value. */
	readonly faultAt: FaultAt;
	/** An error about a value of a flag, with its place in the file where it was not typed; any other error as it is. */
	readonly located: (error: unknown, argv: readonly string[]) => unknown;
};

/** Keys and the values of flags are kept as written: 1.10 stays 1.10. */
const isText = ([section, name]: readonly PropertyKey[]): boolean =>
	section === 'keys' ||
	(section === 'defaults' &&
		flags.some((flag) => flag.name === name && (flag.kind === 'value' || flag.kind === 'repeated')));

/** What a flag would have on a command line; undefined for an optional one that is off. */
const asTyped = (name: string, given: unknown): readonly string[] | undefined => {
	const isOptional = flags.find((flag) => flag.name === name)?.kind === 'optional';
	return isOptional && typeof given === 'boolean' ? (given ? [''] : undefined) : [given].flat().map(String);
};

const isTyped = (name: string, argv: readonly string[]): boolean => {
	const short = flags.find((flag) => flag.name === name)?.short;
	const spellings = [`--${name}`, `--no-${name}`, ...(short === undefined ? [] : [`-${short}`])];
	return argv.some((word) => spellings.includes(word.split('=', 1)[0] ?? ''));
};

/**
 * Reads the user's configuration.
 * @throws UserError (exit 2) with file and line for what it cannot hold.
 */
export function readConfig(file: string): UserConfig {
	const text = readText(file, {bytes: bounds.bytes.preset, hint: 'A configuration has a few lines.'});
	const {value, lineAt} = readYaml(file, text, isText);
	const faultAt: FaultAt = (at, reason, hint) =>
		new UserError(`${file}:${lineAt(at)}: ${reason}`, {exitCode: 2, hint});
	const parsed = schema.safeParse(value ?? {});
	if (!parsed.success) {
		throw formFault(value, parsed.error.issues[0], faultAt);
	}
	const {defaults = {}, columns = {}, keys = {}, ...sections} = parsed.data;
	for (const [name, given] of Object.entries(defaults)) {
		assertKept(name, given, faultAt);
	}
	const kept = new Map<string, readonly string[]>();
	for (const [name, given] of Object.entries({...defaults, ...sections})) {
		const values = asTyped(name, given);
		if (values !== undefined) {
			kept.set(name, values);
		}
	}
	return {
		flags: kept,
		columns,
		keys: Object.fromEntries(
			Object.entries(keys).map(([command, given]) => [command, [given].flat().map(String)]),
		),
		faultAt,
		located(error, argv) {
			const name = error instanceof UserError ? /^--([a-z-]+): /.exec(error.message)?.[1] : undefined;
			if (!(error instanceof UserError) || name === undefined || !kept.has(name) || isTyped(name, argv)) {
				return error;
			}
			const line = lineAt(name in sections ? [name] : ['defaults', name]);
			return new UserError(`${error.message.replace(/\.$/, '')} (from ${file}:${line}).`, error);
		},
	};
}

function formFault(value: unknown, issue: z.core.$ZodIssue | undefined, faultAt: FaultAt): UserError {
	const known = Object.keys(schema.shape);
	if (issue?.code === 'unrecognized_keys') {
		const [key = ''] = issue.keys;
		return faultAt([key], `unknown key "${key}".`, `${didYouMean(key, known)}Known: ${known.join(', ')}.`);
	}
	const at = issue?.path ?? [];
	if (at.length === 0) {
		return faultAt(at, 'it has no "key: value" lines.', `Known: ${known.join(', ')}.`);
	}
	const given = at.reduce<unknown>((part, name) => (part as Record<PropertyKey, unknown>)?.[name], value);
	const name = at.filter((part) => typeof part === 'string').join('.');
	return faultAt(
		at,
		`"${name}": ${JSON.stringify(given) ?? given} is not allowed here.`,
		sectionWords[at[0] as keyof typeof sectionWords],
	);
}

/** @throws UserError (exit 2) for a flag that cannot be kept, or a value that it does not take. */
function assertKept(name: string, given: unknown, faultAt: FaultAt): void {
	const at = ['defaults', name];
	const flag = flags.find((each) => each.name === name);
	if (flag === undefined) {
		const known = flags.filter((each) => !notKept.has(each.name)).map((each) => each.name);
		throw faultAt(
			at,
			`unknown flag "${name}" in "defaults".`,
			`${didYouMean(name, known)}Names are those of bedrock-top --help, without dashes.`,
		);
	}
	if (notKept.has(name)) {
		throw faultAt(at, `"${name}" can't be a default.`, 'Type it with the command that it is for.');
	}
	if (flag.kind === 'boolean' && typeof given !== 'boolean') {
		throw faultAt(at, `"${name}": ${JSON.stringify(given)} is not true or false.`, flag.help);
	}
	if (flag.kind !== 'repeated' && Array.isArray(given)) {
		throw faultAt(at, `"${name}" takes one value.`, flag.help);
	}
	const values = [given].flat().map(String);
	const wrong = values.find((value) => flag.choices !== undefined && !flag.choices.includes(value));
	if (flag.choices !== undefined && wrong !== undefined) {
		throw faultAt(
			at,
			`"${name}": "${wrong}" is not one of: ${flag.choices.join(', ')}.`,
			`${didYouMean(wrong, flag.choices)}${flag.help}`,
		);
	}
}

/** A value at its place in the file; undefined takes away what is there. */
export type Remembered = readonly [path: readonly string[], value: unknown];

/**
 * Writes values into the configuration, which is made where there is none; comments and all else in it stay.
 * @throws UserError (exit 2) with file and line for a file that is not YAML; an error of the file system.
 */
export async function rememberIn(file: string, values: readonly Remembered[]): Promise<void> {
	// A link of that name may lead to where the user keeps such files.
	const target = existsSync(file) ? realpathSync(file) : file;
	const text = existsSync(file)
		? readText(file, {bytes: bounds.bytes.preset, hint: 'A configuration has a few lines.'})
		: '';
	readYaml(file, text);
	const document = parseDocument(text);
	for (const [at, value] of values) {
		const section = at.slice(0, -1);
		if (value === undefined) {
			if (document.hasIn(at)) {
				document.deleteIn(at);
			}
			continue;
		}
		// "defaults:" with nothing below it holds nothing that a value could be put into.
		if (section.length > 0 && document.hasIn(section) && !isMap(document.getIn(section))) {
			document.deleteIn(section);
		}
		document.setIn(at, document.createNode(value, {flow: true}));
	}
	mkdirSync(path.dirname(target), {recursive: true, mode: privateFolderMode});
	// As the user spaces them: { a: 1 } or {a: 1}.
	const flowCollectionPadding = /[{[] /.test(text);
	await writeAtomically(target, document.toString({lineWidth: 0, flowCollectionPadding}));
}
