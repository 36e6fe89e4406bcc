import os from 'node:os';
import {type Credentials, certify} from '../../simulator/wire/certificate.ts';
import {isEverywhere} from '../../simulator/wire/visitor.ts';
import {type TrustedFile, writeTrustedFile} from './trusted-file.ts';

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
