import {randomBytes} from 'node:crypto';
import {AbortMultipartUploadCommand, S3Client} from '@aws-sdk/client-s3';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {createClients} from '../../../source/bedrock/clients/clients.ts';
import {createObjectStore} from '../../../source/bedrock/jobs/object-store.ts';
import {startForTest} from '../../simulator/harness.ts';

/** Our way through S3, over the simulator and over a server that we did not write. */

type Started = {readonly url: string; readonly stop: () => Promise<void>};

/** A package that is not among our dependencies; FAUXQS names its module where it lies elsewhere. */
const foreignModule = process.env.FAUXQS ?? 'fauxqs';
const foreign = (await import(foreignModule).catch(() => undefined)) as
	| {
			readonly startFauxqs: (options: object) => Promise<{
				readonly address: string;
				readonly createBucket: (name: string) => void;
				readonly stop: () => Promise<void>;
			}>;
	  }
	| undefined;

const startForeign = async (): Promise<Started> => {
	const server = await foreign?.startFauxqs({port: 0, logger: false});
	if (server === undefined) {
		throw new Error('fauxqs is not installed');
	}
	server.createBucket('inputs');
	onTestFinished(server.stop);
	return {url: server.address, stop: server.stop};
};

const open = (url: string) => {
	vi.stubEnv('AWS_ENDPOINT_URL_S3', url);
	vi.stubEnv('AWS_ACCESS_KEY_ID', 'simulated');
	vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'simulated');
	onTestFinished(() => {
		vi.unstubAllEnvs();
	});
	const clients = createClients(
		{region: 'us-east-1', profile: undefined, simulatorUrl: undefined},
		{maxSockets: 4},
	);
	onTestFinished(() => clients.close());
	return createObjectStore(clients);
};

const read = async (bytes: AsyncIterable<Uint8Array>): Promise<Buffer> => {
	const chunks: Uint8Array[] = [];
	for await (const chunk of bytes) {
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
};

const mebibyte = 1024 * 1024;

const servers: ReadonlyArray<readonly [string, boolean, () => Promise<Started>]> = [
	['the simulator', true, startForTest],
	['fauxqs (skipped where it is not installed)', foreign !== undefined, startForeign],
];

describe.each(servers)('objects over %s', (_name, isThere, start) => {
	// One piece, whole parts, a part with next to nothing behind it, and parts that end within a piece.
	it
		.skipIf(!isThere)
		.each([100, 5 * mebibyte, 10 * mebibyte + 1, Math.round(11.3 * mebibyte), 20 * mebibyte + 3])(
		'are written, listed and read: %i bytes',
		async (length) => {
			const store = open((await start()).url);
			const whole = randomBytes(length);
			let told = 0;
			const source = {
				size: length,
				async read(into: Buffer, offset: number) {
					whole.copy(into, 0, offset, offset + into.length);
				},
			};
			await store.write({bucket: 'inputs', key: 'a/in put.jsonl'}, source, {
				signal: new AbortController().signal,
				onBytes(bytes) {
					told = Math.max(told, bytes);
				},
			});
			expect(told).toBe(length);
			expect(await store.list({bucket: 'inputs', key: 'a/'})).toEqual(['a/in put.jsonl']);
			expect((await read(store.read({bucket: 'inputs', key: 'a/in put.jsonl'}))).equals(whole)).toBe(true);
		},
	);

	it.skipIf(!isThere)('are not written where their source ends too soon', async () => {
		const store = open((await start()).url);
		const source = {
			size: 20_000_000,
			async read(_into: Buffer, offset: number) {
				if (offset > 0) {
					throw new Error('shorter than it was');
				}
			},
		};
		const options = {signal: new AbortController().signal, onBytes() {}};
		await expect(store.write({bucket: 'inputs', key: 'a/cut'}, source, options)).rejects.toThrow('shorter');
		expect(await store.list({bucket: 'inputs', key: 'a/'})).toEqual([]);
	});

	it.skipIf(!isThere)('are left alone when the signal comes', async () => {
		const store = open((await start()).url);
		const controller = new AbortController();
		const source = {
			size: 20_000_000,
			async read(into: Buffer, offset: number) {
				into.fill(1);
				if (offset > 0) {
					controller.abort();
				}
			},
		};
		const options = {signal: controller.signal, onBytes() {}};
		await expect(store.write({bucket: 'inputs', key: 'b/cut'}, source, options)).rejects.toThrow();
		expect(await store.list({bucket: 'inputs', key: 'b/'})).toEqual([]);
	});

	it.skipIf(!isThere)('leave no part behind when the signal comes while parts are on their way', async () => {
		const store = open((await start()).url);
		const sent = vi.spyOn(S3Client.prototype, 'send');
		onTestFinished(() => sent.mockRestore());
		const controller = new AbortController();
		const source = {size: 30_000_000, read: async (into: Buffer) => void into.fill(1)};
		const options = {signal: controller.signal, onBytes: () => controller.abort()};
		await expect(store.write({bucket: 'inputs', key: 'c/cut'}, source, options)).rejects.toThrow();
		const removal = sent.mock.calls.findIndex(([command]) => command instanceof AbortMultipartUploadCommand);
		expect(sent.mock.settledResults[removal]?.type).toBe('fulfilled');
	});

	it.skipIf(!isThere)('that are not there are a fault with a way out', async () => {
		const store = open((await start()).url);
		await expect(read(store.read({bucket: 'inputs', key: 'none'}))).rejects.toMatchObject({
			exitCode: 1,
			message: expect.stringContaining('s3://inputs/none could not be read'),
			hint: expect.any(String),
		});
	});
});
