import {randomUUID} from 'node:crypto';
import {z} from 'zod';
import {alertFigures, alertOperators} from '../domain/account-snapshot.ts';
import type {Clock} from '../domain/clock.ts';
import {limitSources, scopes} from '../domain/target.ts';
import {reasonOf} from '../domain/user-error.ts';
import {withoutSecretForms} from '../text/secrets.ts';
import {type RaisedAlert, raisedWords, usesOf} from './alerts.ts';

/** Alerts as messages to a webhook: what is sent, and how it gets there. Nothing that is watched waits for it. */

const alertSchema = z
	.object({
		schema: z.literal(1),
		id: z.uuid().describe('the same when a message is sent again'),
		tool: z.object({name: z.literal('bedrock-top'), version: z.string()}),
		at: z.iso.datetime().describe('when it was raised, by the clock of the service'),
		text: z.string().describe('the alert in a sentence'),
		alert: z.string().describe('as --alert has it'),
		figure: z.enum(alertFigures),
		operator: z.enum(alertOperators),
		bound: z.number().describe('percent'),
		percent: z.number().describe('of the limit that is in use'),
		used: z.number().nullable().describe('requests or quota tokens, of the minute or of the day'),
		limit: z.number().nullable(),
		limitSource: z.enum(limitSources).nullable(),
		account: z.string().nullable().describe('null where it is not known'),
		region: z.string(),
		model: z.string(),
		scope: z.enum(scopes),
		simulated: z.boolean(),
	})
	.describe('An alert of bedrock-top, as --alert-url sends it. null means not known, never 0.');

type AlertMessage = z.infer<typeof alertSchema>;

/** The published JSON Schema (draft 2020-12) of the message. */
export function alertJsonSchema(): Readonly<Record<string, unknown>> {
	return {title: 'bedrock-top alert, schema 1', ...z.toJSONSchema(alertSchema)};
}

const messageOf = (raised: RaisedAlert, version: string): AlertMessage => {
	const {alert, bucket, percent, of} = raised;
	const {used, limit} = usesOf(bucket)[alert.figure];
	return {
		schema: 1,
		id: randomUUID(),
		tool: {name: 'bedrock-top', version},
		at: new Date(of.at).toISOString(),
		text: `${of.simulated ? 'SIMULATED: ' : ''}${raisedWords(raised)}`,
		alert: alert.text,
		figure: alert.figure,
		operator: alert.operator,
		bound: alert.bound,
		percent,
		used,
		limit: limit.value,
		limitSource: limit.source,
		account: of.account ?? null,
		region: bucket.region,
		model: bucket.model,
		scope: bucket.scope,
		simulated: of.simulated,
	};
};

type WebhookPorts = {
	readonly clock: Clock;
	/** Version of this program. */
	readonly version: string;
	/** A sentence about a message that did not arrive. */
	readonly onFault: (text: string) => void;
	/** For tests. */
	readonly random?: () => number;
	readonly send?: typeof fetch;
};

/** The way to a webhook. */
export type AlertWebhook = {
	/** Returns at once. Messages go one after the other, in this order. */
	readonly post: (raised: readonly RaisedAlert[]) => void;
	/** Ends it, once what was posted has arrived or was given up, but not later than this. */
	readonly close: (limitMs: number) => Promise<void>;
};

/** Attempts to deliver a message: the last comes two minutes after the first. */
const maxAttempts = 8;
const firstDelayMs = 1000;
const maxDelayMs = 60_000;
/** Milliseconds that an attempt may take. */
const patienceMs = 10_000;
/** More messages than that wait for nobody: the oldest go. */
const maxWaiting = 100;

/** What became of an attempt; a text says why it failed. */
type Outcome = 'arrived' | {readonly reason: string; readonly isFinal: boolean; readonly afterMs: number};

/** Answers after which the same message may pass later. */
const passing = (status: number): boolean =>
	status === 408 || status === 425 || status === 429 || status >= 500;

/** Milliseconds that `Retry-After` asks for; 0 without one. */
const retryAfterMs = (header: string | null, nowMs: number): number => {
	const seconds = header === null ? Number.NaN : Number(header);
	const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header ?? '') - nowMs;
	return ms > 0 ? ms : 0;
};

/** What a request is sent to, and what lets it in: user and password of a URL are a header of the request. */
const addressOf = (url: string): {readonly href: string; readonly headers: Record<string, string>} => {
	const address = new URL(url);
	const {username, password} = address;
	address.username = '';
	address.password = '';
	const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
	return {
		href: address.href,
		headers: {
			'content-type': 'application/json',
			...(username === '' && password === ''
				? {}
				: {authorization: `Basic ${Buffer.from(login).toString('base64')}`}),
		},
	};
};

/**
 * Opens the way to a webhook.
 * @param url Its address. It may be a secret: no message, output or log repeats more of it than its host.
 */
export function openWebhook(url: string, ports: WebhookPorts): AlertWebhook {
	const {clock, version, onFault, random = Math.random, send = fetch} = ports;
	const {href, headers} = addressOf(url);
	const {host} = new URL(href);
	const closing = new AbortController();
	const waiting: AlertMessage[] = [];
	let working: Promise<void> | undefined;

	const attempt = async (message: AlertMessage): Promise<Outcome> => {
		try {
			const {
				status,
				headers: answered,
				body,
			} = await send(href, {
				method: 'POST',
				headers: {...headers, 'user-agent': `bedrock-top/${version}`},
				body: JSON.stringify(message),
				redirect: 'manual',
				signal: AbortSignal.any([closing.signal, AbortSignal.timeout(patienceMs)]),
			});
			await body?.cancel().catch(() => {});
			return status >= 200 && status < 300
				? 'arrived'
				: {
						reason: `it answered ${status}`,
						isFinal: !passing(status),
						afterMs: retryAfterMs(answered.get('retry-after'), clock.epoch()),
					};
		} catch (error) {
			const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
			const isLate = error instanceof Error && error.name === 'TimeoutError';
			const reason = isLate
				? 'it did not answer'
				: withoutSecretForms(reasonOf(cause)).replaceAll(href, host);
			return {reason, isFinal: false, afterMs: 0};
		}
	};

	const pause = async (ms: number): Promise<void> =>
		new Promise((resolve) => {
			const cancel = clock.after(ms, resolve);
			closing.signal.addEventListener('abort', () => {
				cancel();
				resolve();
			});
		});

	const deliver = async (message: AlertMessage): Promise<void> => {
		for (let count = 1; ; count++) {
			const outcome = await attempt(message);
			if (outcome === 'arrived') {
				return;
			}
			if (outcome.isFinal || count === maxAttempts || closing.signal.aborted) {
				onFault(`An alert did not reach the webhook at ${host}: ${outcome.reason}. (${message.text})`);
				return;
			}
			const delayMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (count - 1)) * (0.75 + random() / 2);
			await pause(Math.max(delayMs, Math.min(outcome.afterMs, maxDelayMs)));
		}
	};

	const work = async (): Promise<void> => {
		for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
			await deliver(next);
		}
		working = undefined;
	};

	return {
		post(raised) {
			waiting.push(...raised.map((each) => messageOf(each, version)));
			const lost = waiting.splice(0, Math.max(0, waiting.length - maxWaiting));
			for (const {text} of lost) {
				onFault(`An alert did not reach the webhook at ${host}: too many were waiting. (${text})`);
			}
			working ??= waiting.length === 0 ? undefined : work();
		},
		async close(limitMs) {
			const work = working;
			if (work === undefined) {
				return;
			}
			const cancel = clock.after(limitMs, () => closing.abort());
			await work;
			cancel();
		},
	};
}
