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
