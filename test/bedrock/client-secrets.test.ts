import {describe, expect, it} from 'vitest';
import {createSecrets} from '../../source/bedrock/client-secrets.ts';

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
