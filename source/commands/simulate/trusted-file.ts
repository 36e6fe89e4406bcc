import {X509Certificate} from 'node:crypto';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {reasonOf} from '../../domain/system-words.ts';
import {UserError} from '../../domain/user-error.ts';
import {authorityName} from '../../simulator/wire/certificate.ts';
import {writeAtomically} from '../../text/write-atomically.ts';

/** The file with the certificate that clients must trust. */
export type TrustedFile = {
	/** Absolute, so that the printed lines hold in every folder. */
	readonly file: string;
	/** Takes it away again, unless the user named it. */
	readonly remove: () => Promise<void>;
};

const isOwn = (text: string): boolean => {
	try {
		return new X509Certificate(text).subject === `CN=${authorityName}`;
	} catch {
		return false;
	}
};

const refusal = (file: string, reason: string, cause?: unknown): UserError =>
	new UserError(`--tls: "${file}" cannot be written: ${reason}.`, {
		exitCode: 1,
		hint: 'Name a file that does not exist yet, in a folder that you may write to, or leave it out.',
		cause,
	});

/** What an earlier start wrote is replaced; the certificates of somebody else must not be lost. */
const assertReplaceable = async (file: string): Promise<void> => {
	const text = await readFile(file, 'utf8').catch(() => undefined);
	if (text !== undefined && text.trim() !== '' && !isOwn(text)) {
		throw refusal(file, 'it exists, and holds something else than the certificate of a simulator');
	}
};

/**
 * Writes the certificate for its owner alone, as whoever may change it decides whom clients trust: to the file that was named, else to one in a private temporary folder.
 * @param named '' or undefined: none.
 * @throws UserError where it cannot be written, or something else stands there.
 */
export async function writeTrustedFile(certificate: string, named?: string): Promise<TrustedFile> {
	if (named === undefined || named === '') {
		const folder = await mkdtemp(path.join(os.tmpdir(), 'bedrock-top-tls-'));
		const file = path.join(folder, 'authority.pem');
		await writeAtomically(file, certificate);
		return {file, remove: () => rm(folder, {recursive: true, force: true})};
	}
	const file = path.resolve(named);
	await assertReplaceable(file);
	try {
		await writeAtomically(file, certificate);
	} catch (error) {
		throw refusal(named, reasonOf(error), error);
	}
	return {file, remove: async () => undefined};
}
