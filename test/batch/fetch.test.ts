import {readFileSync} from 'node:fs';
import path from 'node:path';
import {gzipSync} from 'node:zlib';
import {
	DeleteObjectCommand,
	GetObjectCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	S3Client,
} from '@aws-sdk/client-s3';
import {describe, expect, it, onTestFinished} from 'vitest';
import {credentials} from '../simulator/harness.ts';
import {batchAccount, batchModel, batchPlace, callBatch, listJobs} from './batch-harness.ts';

/** Outputs that are not where they should be were paid for all the same. */

/** A batch that was answered, and hands on its outputs. */
const answeredBatch = async () => {
	const account = await batchAccount();
	await callBatch(account.preset(120), ...batchModel, ...batchPlace, ...account.out('1'));
	const s3 = new S3Client({endpoint: account.url, region: 'us-east-1', credentials, forcePathStyle: true});
	onTestFinished(() => s3.destroy());
	const {Contents = []} = await s3.send(new ListObjectsV2Command({Bucket: 'inputs'}));
	const Key = Contents.map((each) => each.Key ?? '').find((key) => /jsonl\.out$/.test(key)) ?? '';
	const [job] = await listJobs();
	const at = {Bucket: 'inputs', Key};
	return {
		...account,
		arn: job?.arn ?? '',
		remove: async () => s3.send(new DeleteObjectCommand(at)),
		put: async (Body: string | Uint8Array, name = Key) =>
			s3.send(new PutObjectCommand({Bucket: 'inputs', Key: name, Body})),
		key: Key,
		body: async () => (await (await s3.send(new GetObjectCommand(at))).Body?.transformToString()) ?? '',
	};
};

type Case = readonly [
	name: string,
	change: (batch: Awaited<ReturnType<typeof answeredBatch>>) => Promise<unknown>,
	said: RegExp,
	answered: number,
];

const cases: readonly Case[] = [
	[
		'no output',
		async ({remove}) => remove(),
		/there is manifest\.json\.out; the job reports 120 answers, 0 were found/,
		0,
	],
	[
		'only a packed one',
		async ({remove, put, key, body}) => {
			await put(gzipSync(await body()), `${key}.gz`);
			await remove();
		},
		/jsonl\.out\.gz.*cannot be read/,
		0,
	],
	[
		'a line that is cut',
		async ({put, body}) => put((await body()).replace(/\n[^\n]*\n$/, '\n{"recordId":"r00\n')),
		/1 line cannot be read \(the first is line 120 of .*\.jsonl\.out: "\{"recordId":"r00"\)/,
		119,
	],
	[
		'lines that are gone',
		async ({put, body}) => put(`${(await body()).split('\n').slice(0, 90).join('\n')}\n`),
		/reports 120 answers, 90 were found/,
		90,
	],
];

describe('outputs that are not where they should be', () => {
	it.each(cases)(
		'are named with their place, and nothing is offered to be asked again: %s',
		async (_name, change, said, answered) => {
			const batch = await answeredBatch();
			await change(batch);
			const again = await callBatch('--watch', batch.arn, ...batch.out('2'));
			expect(again.stdout).toMatch(said);
			expect(again.stdout).toContain('s3://inputs/x/');
			expect(again.stdout).toContain(`batch --watch ${batch.arn}`);
			expect(again.stdout).not.toMatch(/--resubmit|--resume|can be submitted again/);
			expect(again.stdout).toContain(`${answered} of 120 records answered`);

			await expect(callBatch('--resubmit', batch.arn, '--yes')).rejects.toMatchObject({
				exitCode: 1,
				message: expect.stringMatching(said),
			});
			expect(await listJobs()).toHaveLength(1);
		},
	);

	it('are read when they are back', async () => {
		const batch = await answeredBatch();
		const body = await batch.body();
		await batch.remove();
		await callBatch('--watch', batch.arn, ...batch.out('2'));
		await batch.put(body);
		const again = await callBatch('--watch', batch.arn, ...batch.out('3'));
		expect(again.stdout).toContain('120 of 120 records answered');
		expect(readFileSync(path.join(batch.home, '3', 'answers.jsonl'), 'utf8').split('\n')).toHaveLength(121);
	});
});
