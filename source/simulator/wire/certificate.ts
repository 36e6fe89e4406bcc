import {generateKeyPair, randomBytes} from 'node:crypto';
import {isIP} from 'node:net';
import {promisify} from 'node:util';
import forge from 'node-forge';

/** What a server needs to speak TLS, as PEM. */
export type Credentials = {
	/** Its certificate and, behind it, that of the authority that signed it. */
	readonly certificates: string;
	readonly key: string;
};

type Certified = {
	readonly credentials: Credentials;
	/** Certificate of the authority, for clients to trust. */
	readonly authority: string;
};

/** Common name of the authority, by which a file of an earlier start is known. */
export const authorityName = 'bedrock-top simulate';

const dayMs = 86_400_000;
/** Some clients refuse a server's certificate that holds for longer than 398 days. */
const validDays = 365;
/** For clients in containers and virtual machines, whose clocks may be behind. */
const earlierMs = dayMs;

const makeKeys = promisify(generateKeyPair);

type Keys = {readonly publicKey: string; readonly privateKey: string};

/** RSA, because no client refuses it. */
const newKeys = (): Promise<Keys> =>
	makeKeys('rsa', {
		modulusLength: 2048,
		publicKeyEncoding: {type: 'spki', format: 'pem'},
		privateKeyEncoding: {type: 'pkcs8', format: 'pem'},
	});

/** DER takes a number with its first bit set for a negative one, and refuses one that begins with zeros. */
const serialNumber = (): string => `4${randomBytes(16).toString('hex').slice(1)}`;

const named = (name: string): forge.pki.CertificateField[] => [{name: 'commonName', value: name}];

/** Types of a general name in RFC 5280. */
const alternativeName = (host: string): object =>
	isIP(host) === 0 ? {type: 2, value: host} : {type: 7, ip: host};

const sign = (
	subject: string,
	publicKey: string,
	authority: Keys,
	now: Date,
	extensions: readonly object[],
): string => {
	const certificate = forge.pki.createCertificate();
	certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
	certificate.serialNumber = serialNumber();
	certificate.validity.notBefore = new Date(now.getTime() - earlierMs);
	certificate.validity.notAfter = new Date(now.getTime() + validDays * dayMs);
	certificate.setSubject(named(subject));
	certificate.setIssuer(named(authorityName));
	// Strict clients (Python 3.13) want each certificate to name its own key and that of its authority.
	const authorityKey = forge.pki.getPublicKeyFingerprint(forge.pki.publicKeyFromPem(authority.publicKey));
	certificate.setExtensions([
		...extensions,
		{name: 'subjectKeyIdentifier'},
		{name: 'authorityKeyIdentifier', keyIdentifier: authorityKey.getBytes()},
	]);
	certificate.sign(forge.pki.privateKeyFromPem(authority.privateKey), forge.md.sha256.create());
	return forge.pki.certificateToPem(certificate).replaceAll('\r', '');
};

/**
 * Makes a certificate for hosts, and an authority to trust that signs just this one: its key is forgotten at once. A
 * server's own certificate that is trusted as it stands would do for some clients and not for others.
 * @param hosts Names and addresses, an IPv6 one without brackets.
 */
export async function certify(hosts: readonly string[], now: Date): Promise<Certified> {
	const [authority, server] = await Promise.all([newKeys(), newKeys()]);
	const authorityCertificate = sign(authorityName, authority.publicKey, authority, now, [
		{name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0},
		{name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true},
	]);
	const serverCertificate = sign(hosts[0] ?? 'localhost', server.publicKey, authority, now, [
		{name: 'basicConstraints', critical: true, cA: false},
		{name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true},
		{name: 'extKeyUsage', serverAuth: true},
		{name: 'subjectAltName', altNames: hosts.map(alternativeName)},
	]);
	return {
		credentials: {certificates: serverCertificate + authorityCertificate, key: server.privateKey},
		authority: authorityCertificate,
	};
}
