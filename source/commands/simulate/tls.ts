import {X509Certificate} from 'node:crypto';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {reasonOf, UserError} from '../../domain/user-error.ts';
import {isEverywhere} from '../../simulator/wire/caller.ts';
import {authorityName, type Credentials, certify} from '../../simulator/wire/certificate.ts';
import {writeAtomically} from '../../text/private-file.ts';

/** Names that a simulator can be called by: those of the machine too where it listens on all of its addresses. */
const hostsOf = (host: string | undefined): readonly string[] => {
	const own = ['localhost', '127.0.0.1', '::1'];
	if (host === undefined) {
		return own;
	}
	const further = isEverywhere(host)
		? [
				os.hostname(),
				...Object.values(os.networkInterfaces()).flatMap((addresses) =>
					(addresses ?? []).map(({address}) => address),
				),
			]
		: [host.replace(/^\[(.*)\]$/, '$1')];
	return [...new Set([...own, ...further])];
};

/**
 * Makes certificates for this start, and writes what clients must trust.
 * @param host As it was typed.
 * @param file As it was typed; '': a temporary one.
 * @throws UserError where the file cannot be written.
 */
export async function prepareTls(
	host: string | undefined,
	file: string,
): Promise<{readonly credentials: Credentials; readonly trusted: TrustedFile}> {
	const {credentials, authority} = await certify(hostsOf(host), new Date());
	return {credentials, trusted: await writeTrustedFile(authority, file)};
}

/** The file with the certificate that clients must trust. */
type TrustedFile = {
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
 * Writes the certificate to the file that was named, else to a private temporary folder. Only its owner may change it:
 * clients trust what is in it.
 * @param named '' or undefined: none.
 * @throws UserError where it cannot be written, or something else stands there.
 */
async function writeTrustedFile(certificate: string, named?: string): Promise<TrustedFile> {
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
