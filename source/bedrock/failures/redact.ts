import type {Answer} from '../../domain/backend.ts';
import {hidden, withoutSecretForms} from '../../text/secrets.ts';

/** A session token or secret key without its name, in a message of the service, which contains no file names. */
const longRun = /[A-Za-z0-9+/=]{40,}/g;

const environmentNames = [
	'AWS_ACCESS_KEY_ID',
	'AWS_SECRET_ACCESS_KEY',
	'AWS_SESSION_TOKEN',
	'AWS_BEARER_TOKEN_BEDROCK',
	'AWS_CONTAINER_AUTHORIZATION_TOKEN',
] as const;

/** The secrets of an environment. */
export function secretsOf(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
	return environmentNames.map((name) => environment[name] ?? '').filter((value) => !isStandIn(value));
}

/** Stand-ins such as `test`, as simulators take them, are not secret: hiding them would blank out words. */
const isStandIn = (value: string): boolean => value.length < 4 || /^[a-z]{4,7}$/i.test(value);

/** Without the known secrets. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
	// Nearly every text is free of them, and every answer is searched.
	if (!secrets.some((secret) => text.includes(secret))) {
		return text;
	}
	let result = text;
	// Longest first: a value that contains another one must not stay in part.
	for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
		result = result.replaceAll(secret, hidden);
	}
	return result;
}

/** Text of others without credentials: the known ones and everything that looks like one. */
export function withoutCredentials(text: string, secrets: readonly string[]): string {
	return withoutSecretForms(withoutSecrets(text, secrets)).replaceAll(longRun, hidden);
}

/**
 * Text that may be shown and written: without credentials, on one line, at most 300 characters.
 * @param secrets Values known to be secret, beside the forms that any secret has.
 */
export function redacted(text: string, secrets: readonly string[]): string {
	const result = withoutCredentials(text, secrets);
	const line = result.replace(/[\u0000-\u001F\u007F-\u009F\s]+/g, ' ').trim();
	return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

/** Shortest real credential; shorter stand-ins may be words of an answer. */
const realLength = 16;

/** Words of the service such as `end_turn`, which cannot be a credential. */
const plainWord = /^[a-z_]{1,30}$/;

/** An answer without anything that the request was signed with. */
export function answerWithoutSecrets<
	T extends Pick<Answer, 'text' | 'reasoning' | 'stopReason' | 'tier' | 'latencyMode' | 'requestId'>,
>(answer: T, secrets: readonly string[]): T {
	const real = secrets.filter(({length}) => length >= realLength);
	const word = (text: string): string =>
		plainWord.test(text) ? withoutSecrets(text, secrets) : redacted(text, secrets);
	return {
		...answer,
		text: withoutSecrets(answer.text, real),
		reasoning: answer.reasoning && withoutSecrets(answer.reasoning, real),
		stopReason: word(answer.stopReason),
		tier: answer.tier && word(answer.tier),
		latencyMode: answer.latencyMode && word(answer.latencyMode),
		requestId: answer.requestId && withoutSecrets(answer.requestId, secrets),
	};
}
