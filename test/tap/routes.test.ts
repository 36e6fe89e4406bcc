import {describe, expect, it} from 'vitest';
import {admitClient, routeOf} from '../../source/tap/routes.ts';

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

describe('a path', () => {
	it.each([
		['POST', '/model/amazon.nova-lite-v1%3A0/converse', 'inference'],
		['POST', '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123%3Ainference-profile%2Fus.x/invoke', 'inference'],
		['POST', '/model/arn:aws:bedrock:us-east-1:123:application-inference-profile%2Fab/converse', 'inference'],
		['POST', '/model/m/invoke-with-bidirectional-stream', 'unsupported'],
		['POST', '/model/m/count-tokens', 'other'],
		['GET', '/inference-profiles?type=SYSTEM_DEFINED', 'other'],
		['GET', '/inference-profiles/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx', 'other'],
		['POST', '/anthropic/v1/messages', 'inference'],
		['POST', '/v1/chat/completions', 'inference'],
		['POST', '/openai/v1/chat/completions', 'inference'],
		['POST', '/v1/responses', 'inference'],
		['POST', '/openai/v1/responses', 'inference'],
		['POST', '/anthropic/v1/messages/count_tokens', 'other'],
		['GET', '/v1/models', 'other'],
		['GET', '/anthropic/v1/models/anthropic.claude-opus-5', 'other'],
		['GET', '/openai/v1/responses/resp_1', 'other'],
		['DELETE', '/v1/responses/resp_1', 'other'],
	])('of Bedrock passes: %s %s', (method, target, kind) => {
		expect(routeOf(method, target).kind).toBe(kind);
	});

	it.each([
		['GET', '/model/m/converse'],
		['POST', '/model//converse'],
		['POST', '//model/m/converse'],
		['POST', '/model/../converse'],
		['POST', '/model/%2e%2e/converse'],
		['POST', '/model/m%2F..%2F../invoke'],
		['POST', '/model/m/x/converse'],
		['POST', '/model/m%2/converse'],
		['POST', '/model/m\u00e4/converse'],
		['POST', '/model/a\\b/converse'],
		['GET', '/inference-profiles/../foundation-models'],
		['GET', '/inference-profiles/..%2Ffoundation-models'],
		['GET', '/inference-profiles/%2E%2E/foundation-models'],
		['GET', '/inference-profiles//x'],
		['GET', '/async-invoke/./x'],
		['DELETE', '/inference-profiles/x'],
		['GET', '/anthropic/v1/messages'],
		['POST', '/anthropic/v1/messages/batches'],
		['DELETE', '/v1/models/x'],
		['POST', '/openai/v1/../responses'],
		['GET', '/foundation-models'],
		['POST', 'http://other.example/model/m/converse'],
		['GET', '/'],
		['GET', ''],
	])('that leads elsewhere does not: %s %s', (method, target) => {
		expect(routeOf(method, target)).toEqual({kind: 'unknown'});
	});
});
