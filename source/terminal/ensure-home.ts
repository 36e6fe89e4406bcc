import {homedir} from 'node:os';

/** A home without settings, in which no caches can be written. */
const noHome = '/nonexistent';

const hasHome = (): boolean => {
	try {
		return homedir() !== '';
	} catch {
		return false;
	}
};

/**
 * Sets HOME where it is missing, as for a numeric user of a container: some libraries ask for a home while they load, and
 * would end the program. Call it before any thread starts, for threads inherit the environment.
 */
export function ensureHome(environment: Record<string, string | undefined>): void {
	if (!hasHome()) {
		environment.HOME = noHome;
	}
}
