import {z} from 'zod';
import {UserError} from '../domain/user-error.ts';
import {didYouMean} from '../text/nearest-name.ts';
import {bounds} from './defaults.ts';
import {type FlagName, flags} from './flags.ts';
import {readText} from './input/text-file.ts';
import {readYaml} from './input/yaml.ts';

/** The user's own defaults, from the configuration file. */

const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** Sections of the file and their forms. */
const schema = z.strictObject({
	defaults: z.record(z.string(), z.union([scalar, z.array(scalar).min(1)])).optional(),
	theme: z.string().optional(),
	bell: z.boolean().optional(),
});

/** Flags that answer, or name what is to be done, for one command line alone. */
const notKept: ReadonlySet<string> = new Set<FlagName>([
	'yes',
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

/** What the configuration says. */
type UserConfig = {
	readonly flags: KeptFlags;
	/** An error about a value of a flag, with its place in the file where it was not typed; any other error as it is. */
	readonly located: (error: unknown, argv: readonly string[]) => unknown;
};

type FaultAt = (path: readonly PropertyKey[], reason: string, hint: string) => UserError;

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
	const {value, lineAt} = readYaml(file, text);
	const faultAt: FaultAt = (at, reason, hint) =>
		new UserError(`${file}:${lineAt(at)}: ${reason}`, {exitCode: 2, hint});
	const parsed = schema.safeParse(value ?? {});
	if (!parsed.success) {
		throw formFault(parsed.error.issues[0], faultAt);
	}
	const {defaults = {}, ...sections} = parsed.data;
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

function formFault(issue: z.core.$ZodIssue | undefined, faultAt: FaultAt): UserError {
	const known = Object.keys(schema.shape);
	if (issue?.code === 'unrecognized_keys') {
		const [key = ''] = issue.keys;
		return faultAt([key], `unknown key "${key}".`, `${didYouMean(key, known)}Known: ${known.join(', ')}.`);
	}
	const at = issue?.path ?? [];
	return faultAt(
		at,
		`"${at.join('.')}" has a form that is not allowed here.`,
		'Write defaults: {flag: value}, theme: NAME or bell: false.',
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
