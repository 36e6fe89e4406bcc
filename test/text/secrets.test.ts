import {describe, expect, it} from 'vitest';
import {withoutSecretForms} from '../../source/text/secrets.ts';

describe('what has the form of a credential', () => {
	it.each([
		['key AKIAIOSFODNN7EXAMPLE0 is wrong', 'key [hidden] is wrong'],
		['Bearer abc123defghi', 'Bearer [hidden]'],
		['http://user:pass@proxy:8080/x', 'http://[hidden]@proxy:8080/x'],
		['aws_secret_access_key = wJalrXUtnFEMI', 'aws_secret_access_key = [hidden]'],
		['token FwoGZXIvYXdzEBYaDHqa0AP1CQ8ZpA2b9yKpAfF1x2 left', 'token [hidden] left'],
	])('is hidden in %j', (text, expected) => {
		expect(withoutSecretForms(text)).toBe(expected);
	});

	it.each([
		'/home/User1/projects/somewhere/VeryDeep/reports20261129/results',
		'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
		'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
		'basic authentication is asked for, and the session token has expired',
		'100,000 quota tokens a minute @ 60 requests',
	])('is not seen in %j', (text) => {
		expect(withoutSecretForms(text)).toBe(text);
	});

	it.each(['a.', 'a:', 'a:b@', 'secret_key', 'bearer ', '://a', 'Aa1', 'authorization:', 'x:y@z.'])(
		'takes no text long to look through: %j again and again',
		(part) => {
			const before = performance.now();
			withoutSecretForms(`${part.repeat(20_000)}@:1!`);
			expect(performance.now() - before).toBeLessThan(2000);
		},
	);
});
