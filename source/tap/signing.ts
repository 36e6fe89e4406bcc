import {createHash, createHmac, createSecretKey, type KeyObject} from 'node:crypto';
import {HttpRequest} from '@smithy/core/protocols';
import {SignatureV4} from '@smithy/signature-v4';
import type {AwsCredentialIdentity, Checksum, SourceData} from '@smithy/types';
import {type Headers, headerIn} from './listener.ts';
import {refusals, type TapRefusal} from './refusal.ts';

/** A request that is about to leave for the service. */
export type Outgoing = {
	readonly method: string;
	/** Base of the service: scheme and host, without a path that matters. */
	readonly url: URL;
	/** Path and query, percent-encoding as it came: decoded, `%3A` would get another signature than at AWS. */
	readonly target: string;
	readonly headers: Headers;
	readonly body: Buffer;
	/** Name of the service in the signature. */
	readonly service: 'bedrock' | 'bedrock-mantle';
};

type SignerOptions = {
	/** The own keys; renewed before they expire, and asked for once at a time. */
	readonly credentials: () => Promise<AwsCredentialIdentity>;
	/** The own Bedrock API key, which goes before the keys; undefined without one. */
	readonly token: string | undefined;
	readonly region: string;
	/** Sign requests of other access keys too. */
	readonly isResigning: boolean;
	/** The signature's time. */
	readonly now: () => Date;
};

/** Headers of a signature, which hold for one host only. */
const ofSignature: ReadonlySet<string> = new Set([
	'authorization',
	'x-amz-date',
	'x-amz-security-token',
	'x-amz-content-sha256',
]);

/** Own headers that the service never sees, and those that the new request has by itself. */
const left: ReadonlySet<string> = new Set(['x-bedrock-top-token', 'host', 'content-length', 'expect']);

/** Own keys that are remembered: a client may still sign with those before the last renewal. */
const rememberedKeys = 8;

const bytesOf = (data: SourceData): Uint8Array => {
	if (typeof data === 'string') {
		return Buffer.from(data);
	}
	return ArrayBuffer.isView(data)
		? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
		: new Uint8Array(data);
};

/** SHA-256 for signatures. A secret becomes a key of the crypto library once: that takes longer than to sign with it. */
class Sha256 implements Checksum {
	static readonly #ofText = new Map<string, KeyObject>();
	static readonly #ofBytes = new WeakMap<object, KeyObject>();
	#hash: {update: (data: Uint8Array) => unknown; digest: () => Buffer};
	readonly #secret: SourceData | undefined;

	constructor(secret?: SourceData) {
		this.#secret = secret;
		this.#hash = this.#begun();
	}

	update(data: Uint8Array): void {
		this.#hash.update(data);
	}

	async digest(): Promise<Uint8Array> {
		return this.#hash.digest();
	}

	reset(): void {
		this.#hash = this.#begun();
	}

	#begun() {
		return this.#secret === undefined
			? createHash('sha256')
			: createHmac('sha256', Sha256.#keyOf(this.#secret));
	}

	static #keyOf(secret: SourceData): KeyObject {
		const isText = typeof secret === 'string';
		const known = isText ? Sha256.#ofText.get(secret) : Sha256.#ofBytes.get(secret);
		const key = known ?? createSecretKey(bytesOf(secret));
		if (!isText) {
			Sha256.#ofBytes.set(secret, key);
		} else if (known === undefined) {
			if (Sha256.#ofText.size >= rememberedKeys) {
				Sha256.#ofText.clear();
			}
			Sha256.#ofText.set(secret, key);
		}
		return key;
	}
}

const accessKeyIn = (authorization: string): string | undefined =>
	/^AWS4-[\w-]+\s.*?Credential=([^/,\s]+)\//i.exec(authorization)?.[1];

/** What the service reads for its access key, in whichever way the client signed. */
type Caller =
	| {readonly kind: 'token'}
	| {readonly kind: 'unsigned'}
	| {readonly kind: 'key'; readonly id: string}
	/** In pieces, or in a way that is not known. */
	| {readonly kind: 'streaming'};

/** Parts of a query that sign a request in place of headers. */
const inQuery = /^x-amz-(?:algorithm|credential|date|expires|security-token|signature|signedheaders)$/i;

/** The access key that signed a query. */
const keyInQuery = (target: string): string | undefined => {
	if (!target.includes('?')) {
		return undefined;
	}
	const query = new URLSearchParams(target.split('?').slice(1).join('?'));
	const [, credential] = [...query].find(([name]) => /^x-amz-credential$/i.test(name)) ?? [];
	const isSigned = [...query.keys()].some((name) => /^x-amz-signature$/i.test(name));
	return isSigned || credential !== undefined ? (credential ?? '').split('/', 1)[0] : undefined;
};

/** A target without what signed it; the rest stays as it came. */
const unsignedTarget = (target: string): string => {
	const [path = '', ...rest] = target.split('?');
	const kept = rest
		.join('?')
		.split('&')
		.filter((part) => part !== '' && !inQuery.test(part.split('=', 1)[0] ?? ''));
	return kept.length === 0 ? path : `${path}?${kept.join('&')}`;
};

const callerOf = ({headers, target}: Pick<Outgoing, 'headers' | 'target'>): Caller => {
	const presigned = keyInQuery(target);
	if (presigned !== undefined) {
		return {kind: 'key', id: presigned};
	}
	const authorization = headerIn(headers, 'authorization');
	if (headerIn(headers, 'x-amz-content-sha256')?.startsWith('STREAMING-')) {
		return {kind: 'streaming'};
	}
	if (authorization === undefined) {
		return headerIn(headers, 'x-api-key') === undefined ? {kind: 'unsigned'} : {kind: 'token'};
	}
	const id = accessKeyIn(authorization);
	return id === undefined ? {kind: 'token'} : {kind: 'key', id};
};

/** Signs what passes with the tap's own credentials. */
export class Signer {
	readonly #options: SignerOptions;
	readonly #signers = new Map<string, SignatureV4>();
	readonly #ownKeys = new Set<string>();
	/** Milliseconds by which the service's clock is ahead of this one, where that would break a signature. */
	#skewMs = 0;

	constructor(options: SignerOptions) {
		this.#options = options;
	}

	/**
	 * The headers and the target to send, or why it is refused. Bearer tokens and API keys pass as they came.
	 * @throws whatever the credentials' source throws.
	 */
	async headersFor(
		given: Outgoing,
	): Promise<Pick<Outgoing, 'headers' | 'target'> | {readonly refusal: TapRefusal}> {
		const caller = callerOf(given);
		const isPresigned = keyInQuery(given.target) !== undefined;
		const outgoing = isPresigned ? {...given, target: unsignedTarget(given.target)} : given;
		const {target} = outgoing;
		if (caller.kind === 'streaming') {
			return {refusal: refusals.streamingSignature};
		}
		const kept = outgoing.headers.filter(([name]) => !left.has(name.toLowerCase()));
		const own: Headers = [
			['host', outgoing.url.host],
			...(outgoing.body.length === 0 && outgoing.method === 'GET'
				? []
				: [['content-length', String(outgoing.body.length)] as const]),
		];
		if (caller.kind === 'token') {
			return {target, headers: [...own, ...kept]};
		}
		const {token} = this.#options;
		if (caller.kind === 'unsigned' && token !== undefined) {
			return {target, headers: [...own, ...kept, ['authorization', `Bearer ${token}`]]};
		}
		const keys = await this.#options.credentials();
		this.#remember(keys.accessKeyId);
		if (caller.kind === 'key' && !this.#ownKeys.has(caller.id) && !this.#options.isResigning) {
			return {refusal: refusals.otherKey};
		}
		const unsigned = kept.filter(([name]) => !ofSignature.has(name.toLowerCase()));
		return {target, headers: [...own, ...unsigned, ...(await this.#signature(outgoing, unsigned))]};
	}

	/** Learns from the date of an answer. @param date Header `Date` of the service. */
	heard(date: string | undefined): void {
		const at = date === undefined ? Number.NaN : Date.parse(date);
		const skewMs = at - this.#options.now().getTime();
		// AWS takes five minutes; a little is the network.
		this.#skewMs = Number.isNaN(skewMs) || Math.abs(skewMs) < 120_000 ? 0 : skewMs;
	}

	#remember(id: string): void {
		this.#ownKeys.add(id);
		const [oldest] = this.#ownKeys;
		if (this.#ownKeys.size > rememberedKeys && oldest !== undefined) {
			this.#ownKeys.delete(oldest);
		}
	}

	async #signature({url, target, method, body, service}: Outgoing, headers: Headers): Promise<Headers> {
		const [, path = '/', query] = /^([^?]*)(?:\?(.*))?$/s.exec(target) ?? [];
		// Few headers: what a proxy on the way adds or changes must not break the signature.
		const signed = Object.fromEntries([
			['host', url.host],
			...headers
				.map(([name, value]) => [name.toLowerCase(), value] as const)
				.filter(([name]) => name === 'content-type' || name.startsWith('x-amz-')),
		]);
		const request = new HttpRequest({
			method,
			protocol: url.protocol,
			hostname: url.hostname,
			...(url.port === '' ? {} : {port: Number(url.port)}),
			path,
			query: queryOf(query),
			headers: signed,
			body,
		});
		const result = await this.#signerFor(service).sign(request, {
			signingDate: new Date(this.#options.now().getTime() + this.#skewMs),
		});
		return Object.entries(result.headers).filter(([name]) => !Object.hasOwn(signed, name));
	}

	#signerFor(service: Outgoing['service']): SignatureV4 {
		const known =
			this.#signers.get(service) ??
			new SignatureV4({
				credentials: this.#options.credentials,
				region: this.#options.region,
				service,
				sha256: Sha256,
				applyChecksum: false,
			});
		this.#signers.set(service, known);
		return known;
	}
}

/** Values of a query by name; several values of one name are a list. */
const queryOf = (query: string | undefined): Record<string, string | string[]> => {
	const result: Record<string, string | string[]> = {};
	for (const [name, value] of new URLSearchParams(query ?? '')) {
		const known = result[name];
		result[name] = known === undefined ? value : [known, value].flat();
	}
	return result;
};
