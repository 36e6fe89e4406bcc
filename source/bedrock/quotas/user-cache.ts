import envPaths from 'env-paths';

/** The user's cache folder for this program; undefined where there is none. */
export function cacheFolder(): string | undefined {
	try {
		return envPaths('bedrock-top', {suffix: ''}).cache;
	} catch {
		// No HOME and no entry in the user database.
		return undefined;
	}
}
