import {homedir} from 'node:os';

/** Where nothing is: a home that holds no settings and takes no caches. */
const noHome = '/nonexistent';

const hasHome = (): boolean => {
	try {
		return homedir() !== '';
	} catch {
		return false;
	}
};

/**
 * A container's numeric user without HOME has no home folder, and libraries that ask for one while they are loaded would
 * end the program. Threads take over the environment, so this comes before any of them.
 */
export function ensureHome(environment: Record<string, string | undefined>): void {
	if (!hasHome()) {
		environment.HOME = noHome;
	}
}
