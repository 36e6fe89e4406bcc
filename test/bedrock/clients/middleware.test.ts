import {describe, expect, it} from 'vitest';
import {createSecrets, watchSecrets} from '../../../source/bedrock/clients/middleware.ts';

describe('secrets that requests were signed with', () => {
	it('are told together with those of the environment, each once', () => {
		const secrets = createSecrets({AWS_SECRET_ACCESS_KEY: 'planted-0123456789'});
		secrets.keep(['signed-with-this']);
		secrets.keep(['signed-with-this', 'and-with-this']);
		expect(secrets.all()).toEqual(['planted-0123456789', 'signed-with-this', 'and-with-this']);
	});

	it('make a new list only when something new was kept', () => {
		const secrets = createSecrets({});
		secrets.keep(['first-secret']);
		const before = secrets.all();
		secrets.keep(['first-secret']);
		expect(secrets.all()).toBe(before);
		secrets.keep(['second-secret']);
		expect(secrets.all()).toEqual(['first-secret', 'second-secret']);
	});

	it('stay few while credentials rotate, and one that is used again is kept again', () => {
		const secrets = createSecrets({});
		for (let index = 0; index < 100; index++) {
			secrets.keep([`rotated-${index}`]);
		}
		expect(secrets.all()).toHaveLength(24);
		expect(secrets.all()).toContain('rotated-99');
		secrets.keep(['rotated-0']);
		expect(secrets.all()).toContain('rotated-0');
	});
});

describe('a client that is watched', () => {
	it('keeps each new key, session and bearer token, however much it is like the one before', async () => {
		const secrets = createSecrets({});
		let send: (args: object) => unknown = () => undefined;
		const middlewareStack = {
			add(middleware: (next: (args: object) => object) => typeof send) {
				send = middleware((args) => args);
			},
		};
		watchSecrets({middlewareStack}, secrets);
		const signed = (key: string, signature: string): string =>
			`AWS4-HMAC-SHA256 Credential=${key}/20260101/us-east-1/bedrock/aws4_request, Signature=${signature}`;
		for (const [authorization, token] of [
			[signed('AKIAFIRST', 'one'), undefined],
			[signed('AKIAFIRST', 'two'), undefined],
			[signed('AKIAFIRST', 'three'), 'session-token-1'],
			[signed('AKIAFIRST', 'four'), 'session-token-2'],
			[signed('AKIASECOND', 'five'), 'session-token-2'],
			['Bearer same-start/then-one', undefined],
			['Bearer same-start/then-two', undefined],
		] as const) {
			send({request: {headers: {authorization, 'x-amz-security-token': token}}});
		}
		expect(secrets.all()).toEqual([
			'AKIAFIRST',
			'session-token-1',
			'session-token-2',
			'AKIASECOND',
			'same-start/then-one',
			'same-start/then-two',
		]);
	});
});
