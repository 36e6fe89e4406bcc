import type {Answer} from '../domain/backend.ts';

/** No credential leaves the program: neither one that is known, nor what has the form of one. */

/** Replacement of a secret. */
export const hidden = '[hidden]';

/**
 * Known forms of credentials in messages of AWS, credential helpers and proxies. Repetitions are bounded, so that no text can
 * keep a thread busy.
 */
const patterns: ReadonlyArray<readonly [RegExp, string]> = [
	[/\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}\b/g, hidden],
	[/\bABSK[A-Za-z0-9+/=_-]{8,}/g, hidden],
	[/\bbedrock-api-key-[A-Za-z0-9+/=_-]+/g, hidden],
	// "Bearer Token has expired" and "Basic authentication" name no token; what is one has more than letters.
	[/\b(Bearer|Basic)\s{1,8}(?!tokens?\b|auth)(?=[^\s,;"']{0,400}[\d=_.+/-])[^\s,;"']{8,}/gi, `$1 ${hidden}`],
	[/\b(x-amz-security-token|authorization)\b(["']?\s{0,8}[:=]\s{0,8}["']?)[^\s,;"']+/gi, `$1$2${hidden}`],
	[/\b(Credential|Signature)=[^\s,;"'&]+/g, `$1=${hidden}`],
	[
		/\b(\w{0,40}(?:secret|session)_?(?:access)?_?(?:key|token)\w{0,40}|password)\b(["']?\s{0,8}[:=]\s{0,8}["']?)[^\s,;"']+/gi,
		`$1$2${hidden}`,
	],
	[/(:\/\/)[^\s/@]{1,400}@/g, `$1${hidden}@`],
	// The same without a scheme.
	[/(?<![\w.%+-])[\w.%+-]{1,64}:[^\s/@]{1,400}@(?=[\w.-]{1,253}:\d)/g, `${hidden}@`],
	// A key or token without its name: a run far longer than any word or ID, and no path, which no capitals and digits mix in.
	[
		/(?<![\w+/=.~-])(?=[a-z\d+/=]*[A-Z])(?=[A-Z\d+/=]*[a-z])(?=[A-Za-z+/=]*\d)[A-Za-z0-9+=][A-Za-z0-9+/=]{39,}/g,
		hidden,
	],
];

/** Shorter text has no secret, and nearly all longer text has none of these. */
const shortest = 12;
const suspicious =
	/A(?:KI|SI|BI|CC)A|ABSK|bedrock-api-key|bearer|basic|security-token|authorization|credential=|signature=|secret|session|password|@|[A-Za-z0-9+/=]{40}/i;

/** Text without anything in the form of a credential. */
export function withoutSecretForms(text: string): string {
	return text.length < shortest || !suspicious.test(text)
		? text
		: patterns.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}

const hideUser = (url: string): string => url.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, `$1${hidden}@`);

/** What follows a colon and can't be a port may be a password whose host was forgotten. */
const hideNoPort = (url: string): string =>
	url.replace(/^([a-z][a-z\d+.-]*:\/\/(?:\[[^\]]*\]|[^/:@[]*):)(?!\d{1,6}(?:\/|$)).+$/is, `$1${hidden}`);

/** A URL that was typed, perhaps wrongly, as it may be quoted: without what may be a user, a password or a parameter. */
export function quotedUrl(url: string): string {
	const [scheme = ''] = /^[a-z][a-z\d+.-]*:\/\//i.exec(url) ?? [];
	if (url.includes('?')) {
		return url.includes('@') ? `${scheme}${hidden}` : url.replace(/\?.*$/s, `?${hidden}`);
	}
	return hideNoPort(hideUser(url));
}

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
