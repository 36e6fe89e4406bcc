import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {externalDataInterceptor, getHomeDir, loadSharedConfigFiles} from '@smithy/core/config';

/**
 * AWS's two configuration files, read as the AWS CLI does: it accepts quoted names of profiles, blanks around them,
 * keys in capitals and colons. The SDK does not, so the files are rewritten for it.
 */

/** Sections of the configuration file that have a name. */
const namedKinds = new Set(['profile', 'sso-session', 'services']);

/** The words of a section's header, split like a shell does; undefined where a quote is not closed. */
const wordsOf = (text: string): readonly string[] | undefined => {
	const words: string[] = [];
	let rest = text.trim();
	while (rest !== '') {
		const match = /^(?:"([^"]*)"|'([^']*)'|([^\s"']+))(?=\s|$)\s*/.exec(rest);
		if (match === null) {
			return undefined;
		}
		words.push(match[1] ?? match[2] ?? match[3] ?? '');
		rest = rest.slice(match[0].length);
	}
	return words;
};

/** The SDK reads a name with any characters where a dot is between kind and name. */
const headerFor = (header: string): string => {
	const [kind = '', name, ...more] = wordsOf(header) ?? [];
	const isNamed = namedKinds.has(kind) && name !== undefined && more.length === 0;
	return isNamed ? `[${kind}.${name}]` : `[${header}]`;
};

const headerPattern = /^\s*\[(.+)\]\s*(?:[#;].*)?$/;
/** A setting at the start of a line: an indented one belongs to the setting above it. */
const settingPattern = /^([^\s=:#;[][^=:]*?)[ \t]*[=:][ \t]*(.*)$/;

/** A configuration file in the SDK's form. */
function configForSdk(text: string): string {
	return text
		.replace(/^\uFEFF/, '')
		.split(/\r?\n/)
		.map((line) => {
			const header = headerPattern.exec(line)?.[1];
			if (header !== undefined) {
				return headerFor(header);
			}
			const [, name, value] = settingPattern.exec(line) ?? [];
			return name === undefined ? line : `${name.toLowerCase()} = ${value}`;
		})
		.join('\n');
}

/** Sections by name, each with its lines. */
const sectionsOf = (text: string): ReadonlyMap<string, readonly string[]> => {
	const sections = new Map<string, string[]>();
	let current: string[] | undefined;
	for (const line of text.split('\n')) {
		const header = headerPattern.exec(line)?.[1];
		if (header === undefined) {
			current?.push(line);
		} else {
			current = sections.get(header) ?? [];
			sections.set(header, current);
		}
	}
	return sections;
};

/**
 * Profiles of a credentials file whose names the SDK misreads (`[my work]`), as sections of a configuration file,
 * where it reads them.
 */
function movedToConfig(credentials: string): string {
	return [...sectionsOf(credentials)]
		.filter(([name]) => /\s/.test(name.trim()))
		.map(([name, lines]) => [`[profile.${name}]`, ...lines].join('\n'))
		.join('\n');
}

const profilePrefix = 'profile.';

/** Names of all profiles of a configuration file in the SDK's form, empty ones included, which the SDK drops. */
function profileNames(config: string): readonly string[] {
	return [...sectionsOf(config).keys()].flatMap((name) =>
		name === 'default' ? [name] : name.startsWith(profilePrefix) ? [name.slice(profilePrefix.length)] : [],
	);
}

/** Headers of a configuration file without the word `profile`, which no AWS tool reads. */
function strayNames(config: string): readonly string[] {
	return [...sectionsOf(config).keys()].filter((name) => /^[^\s.]+$/.test(name) && name !== 'default');
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of a profile, by their names in lower case. */
export type Section = Readonly<Record<string, string | undefined>>;

/** AWS's two configuration files as they are now. */
export type SharedFiles = {
	/** Of both files; the credentials file wins. */
	readonly profiles: ReadonlyMap<string, Section>;
	/** Names of the `[sso-session ...]` sections. */
	readonly ssoSessions: ReadonlyMap<string, Section>;
	/** Sections of the configuration file without the word `profile`. */
	readonly strays: readonly string[];
	/** Paths as a user writes them. */
	readonly configPath: string;
	readonly credentialsPath: string;
	/** Why an existing file cannot be read, a sentence each. */
	readonly faults: readonly string[];
};

const atHome = (path: string): string => (path.startsWith('~/') ? join(getHomeDir(), path.slice(2)) : path);

const asWritten = (path: string): string =>
	path.startsWith(`${getHomeDir()}/`) ? `~${path.slice(getHomeDir().length)}` : path;

/** Folders in place of files and missing files are ignored, as by all AWS tools. */
const readText = async (path: string, faults: string[]): Promise<string> => {
	try {
		return await readFile(path, 'utf8');
	} catch (error) {
		const code = (error as {code?: string}).code ?? 'unknown';
		if (!['ENOENT', 'ENOTDIR'].includes(code)) {
			faults.push(`${asWritten(path)} cannot be read (${code}).`);
		}
		return '';
	}
};

const ssoPrefix = 'sso-session.';

/**
 * Reads both files as the AWS CLI does and makes all parts of the SDK read them the same way. Reads changed files
 * again: the SDK by itself reads each once.
 */
export async function readSharedFiles(environment: Environment = process.env): Promise<SharedFiles> {
	const configFile = environment.AWS_CONFIG_FILE || join(getHomeDir(), '.aws', 'config');
	const credentialsFile =
		environment.AWS_SHARED_CREDENTIALS_FILE || join(getHomeDir(), '.aws', 'credentials');
	const faults: string[] = [];
	const [ownConfig, ownCredentials] = await Promise.all([
		readText(atHome(configFile), faults),
		readText(atHome(credentialsFile), faults),
	]);
	const credentials = configForSdk(ownCredentials);
	const config = [configForSdk(ownConfig), movedToConfig(credentials)].join('\n');
	// One part of the SDK asks for the path as set, another for the path with the home folder filled in.
	for (const path of new Set([configFile, atHome(configFile)])) {
		externalDataInterceptor.interceptFile(path, config);
	}
	externalDataInterceptor.interceptFile(atHome(credentialsFile), credentials);
	const read = await loadSharedConfigFiles();
	const sections = new Map<string, Section>(Object.entries(read.configFile));
	const isSession = (name: string): boolean => name.startsWith(ssoPrefix);
	const profiles = new Map<string, Section>(
		profileNames(config).map((name) => [name, sections.get(name) ?? {}]),
	);
	for (const [name, section] of Object.entries(read.credentialsFile)) {
		profiles.set(name, {...profiles.get(name), ...section});
	}
	return {
		profiles,
		ssoSessions: new Map(
			[...sections]
				.filter(([name]) => isSession(name))
				.map(([name, section]) => [name.slice(ssoPrefix.length), section]),
		),
		strays: strayNames(config),
		configPath: asWritten(atHome(configFile)),
		credentialsPath: asWritten(atHome(credentialsFile)),
		faults,
	};
}
