import {withoutSecrets} from '../bedrock/failures/redact.ts';
import {reasonOf, UserError} from '../domain/user-error.ts';
import {callerOf} from './clients.ts';
import {endToEnd, headerIn, type Incoming} from './listener.ts';
import {noCredentials, refusals, sendRefusal, type TapRefusal, unreachable} from './refusal.ts';
import type {UpstreamHost} from './routes.ts';
import type {Outgoing, Signer} from './signing.ts';
import type {Traffic} from './traffic.ts';
import {type Agents, isCutByService, send, type UpstreamAnswer} from './upstream.ts';

/** The way of a request to the service and of its answer back, whatever it is: bytes as they came. */

/** Largest body that Bedrock takes. */
const maxBodyBytes = 25_000_000;

/** What is read of a body that is too large before its connection is closed. */
const maxReadBytes = 20 * maxBodyBytes;

/** What an exchange needs. */
export type ExchangePorts = {
	readonly traffic: Traffic;
	readonly signer: Signer;
	readonly agents: Agents;
	/** Base of a host of the service. Rejects with a UserError where there is none. */
	readonly baseOf: (host: UpstreamHost) => Promise<URL>;
	/** Values that must never be shown. */
	readonly secrets: () => readonly string[];
};

/**
 * Reads a body. One that is too large is read to its end all the same, and forgotten: a client that is still sending would
 * meet a reset in place of the answer.
 */
export function bodyOf({body}: Incoming, signal: AbortSignal): Promise<Buffer | 'too-large' | 'gone'> {
	const {promise, resolve} = Promise.withResolvers<Buffer | 'too-large' | 'gone'>();
	const chunks: Buffer[] = [];
	let length = 0;
	const end = (): void => {
		// Over HTTP/2 a body that was given up ends like one that is whole.
		resolve(signal.aborted ? 'gone' : length > maxBodyBytes ? 'too-large' : Buffer.concat(chunks, length));
	};
	body.on('data', (chunk: Buffer) => {
		length += chunk.length;
		if (length <= maxBodyBytes) {
			chunks.push(chunk);
		} else {
			chunks.length = 0;
		}
		if (length > maxReadBytes) {
			body.pause();
			end();
		}
	});
	body.on('end', end);
	body.on('error', () => resolve('gone'));
	body.on('close', () => resolve('gone'));
	return promise;
}

/** Answers in the service's place, with a line in the log. */
export function refuse(
	incoming: Incoming,
	refusal: TapRefusal,
	{traffic}: Pick<ExchangePorts, 'traffic'>,
): void {
	if (incoming.reply.isOpen()) {
		traffic.note(
			'refused',
			`Refused a request of ${callerOf(incoming, undefined).name} (${refusal.reason}): ${refusal.message}`,
		);
		sendRefusal(incoming, refusal);
	}
}

const withBase = (base: URL, target: string): string =>
	base.pathname === '/' ? target : `${base.pathname.replace(/\/$/, '')}${target}`;

const outgoingOf = async (
	{method, headers}: Incoming,
	{host, target, body}: {readonly host: UpstreamHost; readonly target: string; readonly body: Buffer},
	ports: ExchangePorts,
): Promise<Outgoing> => {
	const url = await ports.baseOf(host);
	return {
		method,
		url,
		target: withBase(url, target),
		headers: endToEnd(headers),
		body,
		service: host === 'mantle' ? 'bedrock-mantle' : 'bedrock',
	};
};

/** The error of a connection in words. */
const connectionWords = (error: unknown, ports: ExchangePorts): string =>
	withoutSecrets(reasonOf(error), ports.secrets());

/** The service gave no answer. */
export type NoAnswer = {readonly refusal: TapRefusal; readonly error?: unknown};

/** Signs and sends. @returns The answer, or why there is none. */
export async function forward(
	incoming: Incoming,
	to: {readonly host: UpstreamHost; readonly target: string; readonly body: Buffer},
	ports: ExchangePorts,
	{signal, onSend}: {readonly signal: AbortSignal; readonly onSend: () => void},
): Promise<UpstreamAnswer | NoAnswer> {
	let outgoing: Outgoing;
	try {
		outgoing = await outgoingOf(incoming, to, ports);
	} catch (error) {
		return {refusal: unreachable(connectionWords(error, ports))};
	}
	let signed: Awaited<ReturnType<Signer['headersFor']>>;
	try {
		signed = await ports.signer.headersFor(outgoing);
	} catch (error) {
		const hint = error instanceof UserError && error.hint !== undefined ? ` ${error.hint}` : '';
		return {refusal: noCredentials(`${connectionWords(error, ports)}${hint}`)};
	}
	if ('refusal' in signed) {
		return signed;
	}
	onSend();
	try {
		const answer = await send({...outgoing, ...signed}, ports.agents, signal);
		ports.signer.heard(headerIn(answer.headers, 'date'));
		return answer;
	} catch (error) {
		return {refusal: unreachable(connectionWords(error, ports)), error};
	}
}

/** Says to the client why there is no answer; where the service closed the connection, that is all there is to say. */
export function sendUnanswered(incoming: Incoming, {refusal, error}: NoAnswer, ports: ExchangePorts): void {
	if (isCutByService(error)) {
		incoming.reply.cut();
	} else {
		refuse(incoming, refusal, ports);
	}
}

type Watching = {
	readonly onFirstByte: () => void;
	readonly onChunk: (chunk: Buffer) => void;
	/** @param isWhole The body ended by itself, and the client was there to its end. */
	readonly onEnd: (isWhole: boolean) => void;
};

/** Passes an answer on as it comes. What is made of it comes after its bytes have left. @returns Resolves at its end. */
export function passBack(answer: UpstreamAnswer, {reply}: Incoming, watching: Watching): Promise<void> {
	const {status, reason, headers, body} = answer;
	const {promise, resolve} = Promise.withResolvers<void>();
	const out = reply.start(status, reason, endToEnd(headers));
	// The client may leave between two pieces.
	out.on('error', () => undefined);
	let isFirst = true;
	let isOver = false;
	const finish = (isWhole: boolean): void => {
		if (!isOver) {
			isOver = true;
			watching.onEnd(isWhole);
			resolve();
		}
	};
	const pass = (chunk: Buffer): void => {
		if (!out.write(chunk)) {
			body.pause();
			out.once('drain', () => body.resume());
		}
		if (isFirst) {
			isFirst = false;
			watching.onFirstByte();
		}
		watching.onChunk(chunk);
	};
	const cut = (): void => {
		if (isOver) {
			return;
		}
		// What had come while the client was slow.
		for (let rest = body.read(); rest !== null; rest = body.read()) {
			pass(rest);
		}
		reply.cut();
		finish(false);
	};
	body.on('data', pass);
	body.on('end', () => {
		out.end();
		finish(true);
	});
	body.on('error', cut);
	body.on('close', cut);
	return promise;
}

/** Passes a request that is not metered. */
export async function passOther(
	incoming: Incoming,
	{host, target}: {readonly host: UpstreamHost; readonly target: string},
	ports: ExchangePorts,
): Promise<void> {
	const abort = new AbortController();
	incoming.reply.onAbort(() => abort.abort());
	const body = await bodyOf(incoming, abort.signal);
	if (typeof body === 'string') {
		refuse(incoming, refusals.tooLarge, ports);
		return;
	}
	await passUnmetered(incoming, {host, target, body}, ports, abort.signal);
}

/** Passes a request whose body was read. */
export async function passUnmetered(
	incoming: Incoming,
	to: {readonly host: UpstreamHost; readonly target: string; readonly body: Buffer},
	ports: ExchangePorts,
	signal: AbortSignal,
): Promise<void> {
	const answer = await forward(incoming, to, ports, {signal, onSend() {}});
	if ('refusal' in answer) {
		sendUnanswered(incoming, answer, ports);
		return;
	}
	await passBack(answer, incoming, {onFirstByte() {}, onChunk() {}, onEnd() {}});
}
