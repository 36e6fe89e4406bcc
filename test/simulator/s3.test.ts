import {Readable} from 'node:stream';
import {
	AbortMultipartUploadCommand,
	CopyObjectCommand,
	CreateBucketCommand,
	CreateMultipartUploadCommand,
	DeleteBucketCommand,
	DeleteObjectCommand,
	DeleteObjectsCommand,
	GetBucketAclCommand,
	GetBucketLocationCommand,
	GetObjectCommand,
	GetObjectTaggingCommand,
	HeadBucketCommand,
	HeadObjectCommand,
	ListBucketsCommand,
	ListMultipartUploadsCommand,
	ListObjectsCommand,
	ListObjectsV2Command,
	type ListObjectsV2CommandOutput,
	ListObjectVersionsCommand,
	PutObjectCommand,
	paginateListBuckets,
	paginateListObjectsV2,
	S3Client,
	type S3ClientConfig,
} from '@aws-sdk/client-s3';
import {Upload} from '@aws-sdk/lib-storage';
import {NodeHttpHandler} from '@smithy/node-http-handler';
import {describe, expect, it, onTestFinished} from 'vitest';
import {credentials, startForTest} from './harness.ts';

/** Tests source/simulator/s3/ with the SDK as it is: checksums and chunked bodies included. */

const bucket = 'records';

const openS3 = async (scenario = {}, config: S3ClientConfig = {}): Promise<S3Client> => {
	const {url} = await startForTest({scenario});
	const client = new S3Client({
		endpoint: url,
		region: 'us-east-1',
		credentials,
		forcePathStyle: true,
		maxAttempts: 1,
		requestHandler: new NodeHttpHandler(),
		...config,
	});
	onTestFinished(() => client.destroy());
	return client;
};

const textOf = async (client: S3Client, key: string, range?: string): Promise<string> => {
	const {Body} = await client.send(new GetObjectCommand({Bucket: bucket, Key: key, Range: range}));
	return (await Body?.transformToString()) ?? '';
};

const bytes = (length: number, seed: number): Buffer =>
	Buffer.from(Array.from({length}, (_unused, index) => (index * 31 + seed) % 251));

describe('S3 of the simulator', () => {
	it('gives back what was put, whatever is in the key and the text', async () => {
		const client = await openS3();
		const key = 'a b/ü&<x>+%/records.jsonl';
		const Body = '{"recordId":"r1"}\n{"recordId":"ü"}\n';
		const {ETag} = await client.send(new PutObjectCommand({Bucket: bucket, Key: key, Body}));
		expect(await textOf(client, key)).toBe(Body);
		expect(await textOf(client, key, 'bytes=2-9')).toBe('recordId');
		const head = await client.send(new HeadObjectCommand({Bucket: bucket, Key: key}));
		expect(head).toMatchObject({ContentLength: Buffer.byteLength(Body), ETag});
		const {Contents} = await client.send(new ListObjectsV2Command({Bucket: bucket, Prefix: 'a b/ü&'}));
		expect(Contents?.map(({Key, Size}) => [Key, Size])).toEqual([[key, Buffer.byteLength(Body)]]);
		await client.send(new DeleteObjectCommand({Bucket: bucket, Key: key}));
		await expect(textOf(client, key)).rejects.toMatchObject({name: 'NoSuchKey'});
	});

	it.each([
		['in one piece', 1000],
		['just below the size of a part', 5 * 1024 * 1024 - 1],
		['in several parts', 12 * 1024 * 1024 + 7],
	])('takes a stream %s', async (_words, length) => {
		const client = await openS3();
		const whole = bytes(length, 3);
		const chunks = Array.from({length: Math.ceil(length / 65_000)}, (_unused, index) =>
			whole.subarray(index * 65_000, (index + 1) * 65_000),
		);
		const upload = new Upload({
			client,
			params: {Bucket: bucket, Key: 'whole.bin', Body: Readable.from(chunks, {objectMode: false})},
			partSize: 5 * 1024 * 1024,
		});
		await upload.done();
		const {Body} = await client.send(new GetObjectCommand({Bucket: bucket, Key: 'whole.bin'}));
		expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(whole)).toBe(true);
		const across = 'bytes=5242870-5242889';
		if (length > 6_000_000) {
			const part = await client.send(new GetObjectCommand({Bucket: bucket, Key: 'whole.bin', Range: across}));
			const read = Buffer.from((await part.Body?.transformToByteArray()) ?? []);
			expect(read.equals(whole.subarray(5_242_870, 5_242_890))).toBe(true);
		}
	});

	it('takes a stream of a known length that the SDK sends in signed chunks', async () => {
		const client = await openS3({}, {requestChecksumCalculation: 'WHEN_SUPPORTED'});
		const whole = bytes(300_000, 5);
		await client.send(
			new PutObjectCommand({
				Bucket: bucket,
				Key: 'chunked.bin',
				Body: Readable.from([whole.subarray(0, 100_001), whole.subarray(100_001)], {objectMode: false}),
				ContentLength: whole.length,
			}),
		);
		const {Body} = await client.send(new GetObjectCommand({Bucket: bucket, Key: 'chunked.bin'}));
		expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(whole)).toBe(true);
	});

	it('lists in pages', async () => {
		const client = await openS3();
		const keys = Array.from({length: 230}, (_unused, index) => `page/${String(index).padStart(3, '0')}`);
		await Promise.all(
			keys.map(async (Key) => client.send(new PutObjectCommand({Bucket: bucket, Key, Body: 'x'}))),
		);
		const listed: Array<string | undefined> = [];
		let pages = 0;
		for await (const page of paginateListObjectsV2({client}, {Bucket: bucket, Prefix: 'page/'})) {
			pages += 1;
			listed.push(...(page.Contents ?? []).map(({Key}) => Key));
		}
		expect(pages).toBe(3);
		expect(listed).toEqual(keys);
	});

	it('keeps nothing of an upload that was given up', async () => {
		const client = await openS3();
		const place = {Bucket: bucket, Key: 'given-up'};
		const {UploadId} = await client.send(new CreateMultipartUploadCommand(place));
		await client.send(new AbortMultipartUploadCommand({...place, UploadId}));
		await expect(textOf(client, 'given-up')).rejects.toMatchObject({name: 'NoSuchKey'});
		await expect(client.send(new AbortMultipartUploadCommand({...place, UploadId}))).rejects.toMatchObject({
			name: 'NoSuchUpload',
		});
	});

	it('shows its buckets, in pages where that is asked for', async () => {
		const client = await openS3({missingBuckets: ['gone']});
		expect((await client.send(new ListBucketsCommand({}))).Buckets ?? []).toEqual([]);
		await client.send(new CreateBucketCommand({Bucket: 'made'}));
		await client.send(new PutObjectCommand({Bucket: bucket, Key: 'x', Body: 'x'}));
		await client.send(new PutObjectCommand({Bucket: 'another', Key: 'x', Body: 'x'}));
		const {Buckets, Owner} = await client.send(new ListBucketsCommand({}));
		expect(Buckets?.map(({Name}) => Name)).toEqual(['another', 'made', bucket]);
		expect(Buckets?.[0]?.CreationDate).toBeInstanceOf(Date);
		expect(Owner?.ID).toBe('123456789012');
		const pages: Array<ReadonlyArray<string | undefined>> = [];
		for await (const page of paginateListBuckets({client, pageSize: 2}, {})) {
			pages.push((page.Buckets ?? []).map(({Name}) => Name));
		}
		expect(pages).toEqual([['another', 'made'], [bucket]]);
	});

	it('tells whether and where a bucket is', async () => {
		const client = await openS3({missingBuckets: ['gone']}, {region: 'eu-west-1'});
		const {BucketRegion} = await client.send(new HeadBucketCommand({Bucket: bucket}));
		expect(BucketRegion).toBe('eu-west-1');
		const {LocationConstraint} = await client.send(new GetBucketLocationCommand({Bucket: bucket}));
		expect(LocationConstraint).toBe('eu-west-1');
		await expect(client.send(new HeadBucketCommand({Bucket: 'gone'}))).rejects.toMatchObject({
			$metadata: {httpStatusCode: 404},
		});
	});

	it('lists like folders, by the newer call and by the older', async () => {
		const client = await openS3();
		for (const Key of ['a.txt', 'in/1', 'in/2', 'in/deep/3', 'out/4']) {
			await client.send(new PutObjectCommand({Bucket: bucket, Key, Body: 'x'}));
		}
		const place = {Bucket: bucket, Delimiter: '/'};
		const shownBy = ({Contents, CommonPrefixes}: ListObjectsV2CommandOutput) => [
			...(Contents ?? []).map(({Key}) => Key),
			...(CommonPrefixes ?? []).map(({Prefix}) => Prefix),
		];
		const root = await client.send(new ListObjectsV2Command(place));
		expect(shownBy(root)).toEqual(['a.txt', 'in/', 'out/']);
		expect(root.KeyCount).toBe(3);
		const inner = await client.send(new ListObjectsCommand({...place, Prefix: 'in/'}));
		expect(shownBy(inner)).toEqual(['in/1', 'in/2', 'in/deep/']);
		const first = await client.send(new ListObjectsCommand({...place, MaxKeys: 2}));
		expect([shownBy(first), first.NextMarker]).toEqual([['a.txt', 'in/'], 'in/']);
		const second = await client.send(new ListObjectsCommand({...place, Marker: first.NextMarker}));
		expect([shownBy(second), second.IsTruncated]).toEqual([['out/'], false]);
	});

	it('is read through a presigned URL', async () => {
		const client = await openS3();
		await client.send(new PutObjectCommand({Bucket: bucket, Key: 'x', Body: 'hello'}));
		const {protocol, hostname, port} = (await client.config.endpoint?.()) ?? {};
		const scope = 'simulated%2F20261120%2Fus-east-1%2Fs3%2Faws4_request';
		const response = await fetch(`${protocol}//${hostname}:${port}/${bucket}/x?X-Amz-Credential=${scope}`);
		expect(await response.text()).toBe('hello');
	});

	it.each<readonly [string, (client: S3Client) => Promise<unknown>]>([
		[
			'a copy',
			(client) => client.send(new CopyObjectCommand({Bucket: bucket, Key: 'y', CopySource: `${bucket}/x`})),
		],
		['rights', (client) => client.send(new GetBucketAclCommand({Bucket: bucket}))],
		['tags', (client) => client.send(new GetObjectTaggingCommand({Bucket: bucket, Key: 'x'}))],
		['versions', (client) => client.send(new ListObjectVersionsCommand({Bucket: bucket}))],
		['uploads', (client) => client.send(new ListMultipartUploadsCommand({Bucket: bucket}))],
		['a bucket to delete', (client) => client.send(new DeleteBucketCommand({Bucket: bucket}))],
		[
			'several objects to delete',
			(client) => client.send(new DeleteObjectsCommand({Bucket: bucket, Delete: {Objects: [{Key: 'x'}]}})),
		],
	])('does not take %s for another call', async (_words, call) => {
		const client = await openS3();
		await client.send(new PutObjectCommand({Bucket: bucket, Key: 'x', Body: 'x'}));
		await expect(call(client)).rejects.toMatchObject({
			name: 'NotImplemented',
			message: expect.stringMatching(/^The simulator does not serve .+\.$/),
		});
		const {Contents} = await client.send(new ListObjectsV2Command({Bucket: bucket}));
		expect(Contents?.map(({Key}) => Key)).toEqual(['x']);
	});

	it.each([
		['AccessDenied', {denied: ['s3:PutObject']}],
		['NoSuchBucket', {missingBuckets: [bucket]}],
	])('answers %s where the scenario says so', async (name, scenario) => {
		const client = await openS3(scenario);
		const put = client.send(new PutObjectCommand({Bucket: bucket, Key: 'x', Body: 'x'}));
		await expect(put).rejects.toMatchObject({name});
	});
});
