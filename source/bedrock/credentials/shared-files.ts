import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {externalDataInterceptor, getHomeDir, loadSharedConfigFiles} from '@smithy/core/config';
import {configForSdk, movedToConfig, profileNames, strayNames} from './as-the-cli-reads.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of a profile, by their names in lower case. */
export type Section = Readonly<Record<string, string | undefined>>;

/** AWS's two configuration files as they are now. */
export type SharedFiles = {
	/** Of both files; what the credentials file says of a profile wins. */
	readonly profiles: ReadonlyMap<string, Section>;
	/** Names of the `[sso-session ...]` sections. */
	readonly ssoSessions: ReadonlyMap<string, Section>;
	/** Sections of the configuration file that lack the word `profile`. */
	readonly strays: readonly string[];
	/** Paths as a user writes them. */
	readonly configPath: string;
	readonly credentialsPath: string;
	/** Why a file that is there cannot be read, a sentence each. */
	readonly faults: readonly string[];
};

const atHome = (path: string): string => (path.startsWith('~/') ? join(getHomeDir(), path.slice(2)) : path);

const asWritten = (path: string): string =>
	path.startsWith(`${getHomeDir()}/`) ? `~${path.slice(getHomeDir().length)}` : path;

/** Folders in place of files and files that are not there say nothing, as everywhere in AWS's tools. */
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
 * Reads both files as the AWS CLI does and has the SDK, in all its parts, read them so too. Files that changed since the last
 * time count: the SDK by itself reads each once.
 */
export const readSharedFiles = async (environment: Environment = process.env): Promise<SharedFiles> => {
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
	// The SDK asks for the path as it is set in one place, and with the home folder in its place in another.
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
};
