#!/usr/bin/env node
import {homedir} from 'node:os';

// React and Ink choose their faster build by this, and they read it while they are being loaded.
process.env.NODE_ENV ??= 'production';

const oldestMajor = 22;
/** Milliseconds that what is left open has to close. */
const lingerMs = 500;
const major = Number(process.versions.node.split('.')[0]);

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
function ensureHome(environment: Record<string, string | undefined>): void {
	if (!hasHome()) {
		environment.HOME = noHome;
	}
}

if (major < oldestMajor) {
	process.stderr.write(
		`bedrock-top needs Node ${oldestMajor} or newer; this is Node ${process.versions.node}.\n`,
	);
	process.exitCode = 2;
} else {
	try {
		// What `ps` and `top` show.
		process.title = 'bedrock-top';
		ensureHome(process.env);
		const {dispatch} = await import('./commands/dispatch.ts');
		process.exitCode = await dispatch(process.argv.slice(2));
	} catch (error) {
		// The program itself could not be loaded.
		const {message, stack} = error instanceof Error ? error : new Error(String(error));
		const shown = process.argv.includes('--debug') ? stack : message;
		process.stderr.write(`bedrock-top cannot start: ${shown}\n`);
		process.exitCode = 1;
	}
	// Nothing that was left open keeps the program from ending.
	setTimeout(() => process.exit(), lingerMs).unref();
}
