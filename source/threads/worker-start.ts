import {existsSync, lstatSync, mkdirSync} from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import {cacheFolder} from '../text/private-file.ts';

/**
 * Lets Node cache compiled code: the next start is a quarter faster. Node runs what is there and checks neither owner nor
 * mode, so the folder is below the user's cache folder and used only where no other user can write.
 */

const folderOf = (cache: string | undefined): string | undefined =>
	cache === undefined ? undefined : path.resolve(cache, 'compiled');

/** Permission bits: group and others; writing by others; sticky, which keeps others from renaming. */
const forOthers = 0o077;
const writableByOthers = 0o002;
const sticky = 0o1000;

type Status = {readonly uid: number; readonly mode: number; isDirectory: () => boolean};

/** Whether a folder is private to this user, below folders that only root and the user can change. */
const isPrivate = (folder: string, userId: number, statusOf: (folder: string) => Status): boolean => {
	const own = statusOf(folder);
	if (!own.isDirectory() || own.uid !== userId || (own.mode & forOthers) !== 0) {
		return false;
	}
	for (let above = path.dirname(folder); ; above = path.dirname(above)) {
		const {uid, mode} = statusOf(above);
		if ((uid !== 0 && uid !== userId) || ((mode & writableByOthers) !== 0 && (mode & sticky) === 0)) {
			return false;
		}
		if (above === path.dirname(above)) {
			return true;
		}
	}
};

/** One by one: Node's own recursive mkdir never ends below a parent that rejects folders as if it were absent (`/proc`). */
export function makeFolder(folder: string): void {
	if (existsSync(folder)) {
		return;
	}
	if (path.dirname(folder) !== folder) {
		makeFolder(path.dirname(folder));
	}
	try {
		mkdirSync(folder, {mode: 0o700});
	} catch (error) {
		// Another program may have made it at the same instant.
		if (!existsSync(folder)) {
			throw error;
		}
	}
}

/**
 * Makes the folder where it is missing.
 * @param cache The user's cache folder for this program.
 * @returns undefined where it cannot be made, or where another user could have written to it.
 */
export function safeFolder(
	cache: string | undefined,
	userId = process.getuid?.(),
	statusOf: (folder: string) => Status = lstatSync,
): string | undefined {
	const folder = folderOf(cache);
	if (folder === undefined) {
		return undefined;
	}
	try {
		makeFolder(folder);
		// Windows has neither: there the profile folder is private.
		return userId === undefined || isPrivate(folder, userId, statusOf) ? folder : undefined;
	} catch {
		return undefined;
	}
}

let inUse: string | undefined;

/** For the main thread. NODE_COMPILE_CACHE wins, and NODE_DISABLE_COMPILE_CACHE=1 turns it off. */
export function keepCompiled(): void {
	const {NODE_COMPILE_CACHE: named, NODE_DISABLE_COMPILE_CACHE: off} = process.env;
	const folder = named === undefined && off === undefined ? safeFolder(cacheFolder()) : undefined;
	if (folder !== undefined && module.enableCompileCache?.(folder).directory !== undefined) {
		inUse = folder;
		// Not only at the end: a closed terminal leaves no time for it.
		setTimeout(() => module.flushCompileCache?.(), 2000).unref();
	}
}

/** The environment of a thread: only it has the variable, started programs never see it. */
export function workerEnvironment(): NodeJS.ProcessEnv {
	return inUse === undefined ? process.env : {...process.env, NODE_COMPILE_CACHE: inUse};
}

/** For a thread that starts other programs: Node has read the variable before. One set by the user stays. */
export function forgetCompileCache(): void {
	if (process.env.NODE_COMPILE_CACHE === folderOf(cacheFolder())) {
		delete process.env.NODE_COMPILE_CACHE;
	}
}

/**
 * Where a worker thread starts: beside the calling file, as TypeScript in the sources (Node strips the types), as
 * JavaScript in the bundle, where all files lie in one folder.
 */
export function workerUrl(name: string): URL {
	return new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
}

/**
 * Ends a worker from within, behind all that it has said. Closing its port lets Node wait for what is still written; where
 * ports cannot be closed (Deno), the thread is left instead.
 * @param exit Leaves this thread, not the program.
 */
export function endWorker(
	port: {readonly close?: () => void},
	exit: () => void = () => process.exit(),
): void {
	if (typeof port.close === 'function') {
		port.close();
	} else {
		exit();
	}
}
