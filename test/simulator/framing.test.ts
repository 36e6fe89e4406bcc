import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {EventStreamCodec} from '@smithy/core/event-streams';
import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {
	encodeEvent,
	encodeException,
	encodeHeaders,
	encodeMessage,
	padding,
} from '../../source/simulator/wire/framing.ts';
import {readFrames} from './frames.ts';

/** Tests source/simulator/wire/framing.ts with the decoder of the SDK. */

const codec = new EventStreamCodec(
	(bytes) => Buffer.from(bytes).toString('utf8'),
	(text) => Buffer.from(text),
);

describe('event-stream messages', () => {
	it('are read by AWS’s codec, whatever they hold', () => {
		fc.assert(
			fc.property(
				fc.string({minLength: 1, maxLength: 50}),
				fc.string({unit: 'grapheme'}),
				(type, payload) => {
					const message = codec.decode(encodeEvent(type, payload));
					expect(Buffer.from(message.body).toString()).toBe(payload);
					expect(message.headers[':event-type']).toEqual({type: 'string', value: type});
					expect(message.headers[':message-type']).toEqual({type: 'string', value: 'event'});
				},
			),
		);
	});

	it('carry exceptions under their own header', () => {
		const [frame] = readFrames(encodeException('modelStreamErrorException', '{"message":"x"}'));
		expect(frame?.headers).toEqual({
			':exception-type': 'modelStreamErrorException',
			':content-type': 'application/json',
			':message-type': 'exception',
		});
	});

	it('are padded with a beginning of one alphabet', () => {
		const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
		fc.assert(
			fc.property(fc.double({min: 0, max: 1, maxExcluded: true, noNaN: true}), (value) => {
				const text = padding(() => value);
				expect(text.length).toBeGreaterThan(1);
				expect(alphabet.startsWith(text)).toBe(true);
			}),
		);
	});
});

const vectors = new URL('../../../shared/recordings/eventstream/', import.meta.url);

describe.skipIf(!existsSync(vectors))(
	'AWS’s vectors (skipped without ../shared/recordings/eventstream)',
	() => {
		const cases = existsSync(vectors)
			? readdirSync(new URL('decoded/positive/', vectors)).flatMap((name) => {
					const decoded = JSON.parse(readFileSync(new URL(`decoded/positive/${name}`, vectors), 'utf8')) as {
						headers: Array<{name: string; type: number; value: string}>;
						payload: string;
					};
					// Only strings are ever sent as headers.
					return decoded.headers.every(({type}) => type === 7) ? [{name, ...decoded}] : [];
				})
			: [];

		it.each(cases)('$name', ({name, headers, payload}) => {
			const encoded = encodeMessage(
				encodeHeaders(
					Object.fromEntries(
						headers.map((header) => [header.name, Buffer.from(header.value, 'base64').toString()]),
					),
				),
				Buffer.from(payload, 'base64').toString(),
			);
			expect(encoded.equals(readFileSync(new URL(`encoded/positive/${name}`, vectors)))).toBe(true);
		});
	},
);
