import {describe, expect, it} from 'vitest';
import type {Method} from '../../../source/domain/backend.ts';
import {event, exception} from '../../conformance/frames.ts';
import {eventStreamHeaders, jsonHeaders, withReplays} from '../../conformance/harness.ts';

/**
 * Tests source/bedrock/failures/error-facts.ts: answers that are not Bedrock's or not in its form, through the real
 * client.
 */

const replays = withReplays();

const answer = async (
	status: number,
	headers: Readonly<Record<string, string>>,
	body: string | Uint8Array,
	method: Method = 'converse',
) => {
	const {outcome} = await replays.call({status, headers, body: Buffer.from(body)}, {method});
	return outcome.kind === 'failed' ? outcome.failure : undefined;
};

const html = {'content-type': 'text/html; charset=utf-8'};
const page = (title: string): string => `<!DOCTYPE html><html><head><title>${title}</title></head></html>`;

describe('pages', () => {
	const methods: readonly Method[] = ['converse', 'converse-stream', 'invoke', 'invoke-stream'];

	it.each(methods)(
		'%s: a page instead of an answer is told by its title and not tried again',
		async (method) => {
			for (const status of [200, 403, 404]) {
				expect(await answer(status, html, page('Access Denied'), method)).toMatchObject({
					class: 'network',
					isRetryable: false,
					message: `A page came instead of an answer: "Access Denied" (HTTP ${status}).`,
					advice: expect.stringContaining('Something else answered'),
				});
			}
		},
	);

	it('a load balancer speaks for the service', async () => {
		expect(await answer(502, html, page('Bad Gateway'))).toMatchObject({class: 'network', isRetryable: true});
		expect(await answer(503, html, page('No capacity'))).toMatchObject({
			class: 'overloaded',
			isRetryable: true,
		});
		expect(await answer(504, html, page('Too late'))).toMatchObject({class: 'timeout', isRetryable: true});
	});

	it.each(methods)('%s: an answer that is null, or no answer at all, is said in words', async (method) => {
		for (const body of ['null', '5', '"text"', '[]', 'true']) {
			const {message} = (await answer(200, jsonHeaders, body, method)) ?? {};
			expect(message).toMatch(/^[A-Z].+\.$/);
			expect(message).not.toMatch(/properties|undefined|not a function|iterable|null/);
		}
	});

	it('a long page without a title', async () => {
		const {message} = (await answer(403, html, `<html>${'x'.repeat(200_000)}</html>`)) ?? {};
		expect(message).toBe('A page came instead of an answer (HTTP 403).');
	});
});

describe('other forms of errors', () => {
	it.each([
		[
			'XML',
			403,
			{'content-type': 'application/xml'},
			'<Error><Code>AccessDenied</Code><Message>No.</Message></Error>',
			'access-denied',
			'No.',
		],
		[
			'XML without a text',
			404,
			{'content-type': 'text/xml'},
			'<UnknownOperationException/>',
			'not-found',
			'UnknownOperationException, HTTP 404',
		],
		[
			'plain text',
			413,
			{'content-type': 'text/plain'},
			'Request Entity Too Large',
			'validation',
			'Request Entity Too Large',
		],
		[
			'JSON of OpenAI',
			401,
			jsonHeaders,
			'{"error":{"message":"No such key.","type":"invalid_request_error"}}',
			'credentials',
			'No such key.',
		],
		[
			'JSON of Anthropic',
			529,
			jsonHeaders,
			'{"type":"error","error":{"type":"overloaded_error","message":"Busy"}}',
			'overloaded',
			'Busy',
		],
		[
			'a limit of tokens',
			429,
			jsonHeaders,
			'{"error":{"message":"Number of tokens has exceeded your rate limit"}}',
			'throttled-tokens',
			'Number of tokens has exceeded your rate limit',
		],
		['a detail', 404, jsonHeaders, '{"detail":"Not Found"}', 'not-found', 'Not Found'],
		[
			'the oldest form of AWS',
			404,
			jsonHeaders,
			'{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException","message":null},"Version":"1.0"}',
			'not-found',
			'UnknownOperationException, HTTP 404',
		],
		['nothing at all', 403, jsonHeaders, '', 'access-denied', 'HTTP 403'],
		['nothing that can be read', 403, jsonHeaders, '\0\u0007', 'access-denied', 'HTTP 403'],
	] as const)('%s', async (_form, status, headers, body, failureClass, message) => {
		expect(await answer(status, headers, body)).toMatchObject({class: failureClass, message});
	});

	it('nothing that can be read has a message on bedrock-mantle too', async () => {
		const failure = await answer(400, jsonHeaders, '\0', 'responses-stream');
		expect(failure).toMatchObject({class: 'validation', message: 'HTTP 400'});
	});

	it('an exception that the SDK does not know, within a stream', async () => {
		const body = Buffer.concat([
			event('messageStart', {role: 'assistant'}),
			exception('accessDeniedException', {message: 'Not any more.'}),
		]);
		expect(await answer(200, eventStreamHeaders, body, 'converse-stream')).toMatchObject({
			class: 'access-denied',
			message: 'Not any more.',
			charge: 'unknown',
		});
	});

	it('JSON in place of a stream', async () => {
		for (const method of ['converse-stream', 'invoke-stream'] as const) {
			expect(await answer(200, jsonHeaders, '{"completion":"x"}', method)).toMatchObject({
				class: 'network',
				message: 'Not a stream came as the answer, but application/json.',
			});
		}
	});

	it('no JSON under 200', async () => {
		expect(await answer(200, {'content-type': 'text/plain'}, 'All is well.')).toMatchObject({
			class: 'network',
			message: 'An answer came that cannot be read (HTTP 200).',
		});
	});

	it('an error under 200 is no empty answer', async () => {
		expect(await answer(200, jsonHeaders, '{"error":{"message":"oops"}}', 'invoke')).toMatchObject({
			class: 'model-error',
			message: 'oops',
			isRetryable: false,
		});
		expect(await answer(200, jsonHeaders, '{"generated_text":"x"}', 'invoke')).toMatchObject({
			class: 'model-error',
			advice: expect.stringContaining('--method converse'),
		});
	});
});
