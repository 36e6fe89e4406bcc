import {describe, expect, it} from 'vitest';
import {admitClient} from '../../source/tap/gate.ts';

const secret = 'abcdefghijklmnopqrstuv';
const at = (target: string, headers: Record<string, string> = {}) =>
	admitClient({target, header: (name) => ({host: '127.0.0.1:8089', ...headers})[name]}, {secret, port: 8089});

describe('the gate', () => {
	it.each([
		['/model/x%3A0/converse?a=1', 'the rest of the path as it came'],
		['/', 'nothing behind it'],
	])('lets a client in by the secret in its path: %s', (rest) => {
		expect(at(`/${secret}${rest}`)).toEqual({target: rest});
	});

	it('lets a client in by the header', () => {
		expect(at('/model/x/converse', {'x-bedrock-top-token': secret})).toEqual({target: '/model/x/converse'});
	});

	it.each([
		['no secret', '/model/x/converse', {}, 'wrong-secret'],
		['another secret', `/${secret.replace('a', 'b')}/model/x/converse`, {}, 'wrong-secret'],
		['a part of it', `/${secret.slice(1)}/model/x/converse`, {}, 'wrong-secret'],
		['a foreign host', `/${secret}/model/x/converse`, {host: 'evil.example:8089'}, 'foreign-host'],
		['another port', `/${secret}/model/x/converse`, {host: '127.0.0.1:80'}, 'foreign-host'],
		['an origin', `/${secret}/model/x/converse`, {origin: 'http://127.0.0.1:8089'}, 'from-a-page'],
		['a browser', `/${secret}/model/x/converse`, {'sec-fetch-site': 'same-origin'}, 'from-a-page'],
		['a navigation', `/${secret}/model/x/converse`, {'sec-fetch-mode': 'navigate'}, 'from-a-page'],
	])('keeps out %s', (_what, target, headers, reason) => {
		expect(at(target, headers)).toEqual({refusal: expect.objectContaining({status: 403, reason})});
	});

	it('takes the fetch of Node, which says only that it is one', () => {
		expect(at(`/${secret}/x`, {'sec-fetch-mode': 'cors'})).toEqual({target: '/x'});
	});
});
