import {randomBytes} from 'node:crypto';
import {lstat} from 'node:fs/promises';
import path from 'node:path';
import {diskFiles} from '../bedrock/quotas/account-lists.ts';
import {cacheFolder} from '../text/private-file.ts';
import {secretPattern} from './gate.ts';

/** A new secret: 128 bits, in letters that a path takes as they are. */
const newSecret = (): string => randomBytes(16).toString('base64url');

const fileOf = (port: number, folder: string): string => path.join(folder, 'tap', `${port}.secret`);

/** Only what this user wrote, and nobody else can read, is a secret. */
const isPrivate = async (file: string): Promise<boolean> => {
	const status = await lstat(file);
	const userId = process.getuid?.();
	return status.isFile() && (userId === undefined || (status.uid === userId && (status.mode & 0o077) === 0));
};

/** The secret of a tap that starts. */
type TapSecret = {
	readonly value: string;
	/** Keeps it for the next start: once the port is open, so that the secret of a tap that has it is left alone. */
	readonly keep: () => Promise<void>;
};

/**
 * The secret of a tap. For a port that was typed it is kept in the user's cache folder, so that applications need not be
 * started again with it.
 * @param port 0: any port, whose secret is new each time.
 * @param isNew Another one than before.
 */
export async function secretFor(
	port: number,
	isNew: boolean,
	folder: string | undefined = cacheFolder(),
): Promise<TapSecret> {
	const kept = port === 0 || isNew ? undefined : await keptSecret(port, folder);
	if (kept !== undefined) {
		return {value: kept, async keep() {}};
	}
	const value = newSecret();
	return {
		value,
		async keep() {
			if (port === 0 || folder === undefined) {
				return;
			}
			try {
				await diskFiles.write(fileOf(port, folder), `${value}\n`);
			} catch {
				// Then it holds for this tap alone.
			}
		},
	};
}

/** The secret that is kept for a port; undefined where there is none. */
async function keptSecret(port: number, folder: string | undefined): Promise<string | undefined> {
	if (folder === undefined) {
		return undefined;
	}
	try {
		const file = fileOf(port, folder);
		const text = (await diskFiles.read(file)).trim();
		return (await isPrivate(file)) && secretPattern.test(text) ? text : undefined;
	} catch {
		return undefined;
	}
}
