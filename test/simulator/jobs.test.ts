import {existsSync, readFileSync} from 'node:fs';
import {
	BedrockClient,
	CreateModelInvocationJobCommand,
	type CreateModelInvocationJobCommandInput,
	GetModelInvocationJobCommand,
	ListModelInvocationJobsCommand,
	StopModelInvocationJobCommand,
} from '@aws-sdk/client-bedrock';
import {GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client} from '@aws-sdk/client-s3';
import {NodeHttpHandler} from '@smithy/node-http-handler';
import {describe, expect, it, onTestFinished} from 'vitest';
import {createLifecycle} from '../../source/simulator/catalog/model.ts';
import {models} from '../../source/simulator/catalog/models.ts';
import {answerRecord} from '../../source/simulator/jobs/run-job.ts';
import type {Scenario} from '../../source/simulator/options.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import type {Time} from '../../source/simulator/time.ts';
import {credentials, defaultOptions} from './harness.ts';

/** Tests source/simulator/jobs/: the life of a job, its records and its calls. */

const model = 'us.amazon.nova-lite-v1:0';

/** A clock on which a job stands still until it is woken, so that no state passes unseen. */
const createStandingTime = (): Time & {readonly sleepers: Array<() => void>} => {
	const sleepers: Array<() => void> = [];
	let nowMs = Date.UTC(2026, 0, 1);
	return {
		sleepers,
		now: () => nowMs,
		sleep: (delayMs) =>
			new Promise((resolve) => {
				sleepers.push(() => {
					nowMs += delayMs;
					resolve();
				});
			}),
	};
};

const lineOf = (index: number): string =>
	JSON.stringify({
		recordId: `r${index}`,
		modelInput: {
			messages: [{role: 'user', content: [{text: `Name one colour. ${index}`}]}],
			inferenceConfig: {maxTokens: 20},
		},
	});

const open = async (batch: Scenario['batch'] = {}, records = 100, line = lineOf) => {
	const time = createStandingTime();
	const {url, stop} = await startSimulator({...defaultOptions, scenario: {batch}}, time);
	onTestFinished(stop);
	const settings = {endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1};
	const bedrock = new BedrockClient({...settings, requestHandler: new NodeHttpHandler()});
	const s3 = new S3Client({...settings, forcePathStyle: true, requestHandler: new NodeHttpHandler()});
	onTestFinished(() => {
		bedrock.destroy();
		s3.destroy();
	});
	const Body = Array.from({length: records}, (_unused, index) => `${line(index)}\n`).join('');
	await s3.send(new PutObjectCommand({Bucket: 'batch', Key: 'in/a.jsonl', Body}));
	const create = async (more: Partial<CreateModelInvocationJobCommandInput> = {}) =>
		bedrock.send(
			new CreateModelInvocationJobCommand({
				jobName: 'a-job',
				modelId: model,
				roleArn: 'arn:aws:iam::123456789012:role/batch',
				modelInvocationType: 'Converse',
				inputDataConfig: {s3InputDataConfig: {s3Uri: 's3://batch/in/a.jsonl'}},
				outputDataConfig: {s3OutputDataConfig: {s3Uri: 's3://batch/out/'}},
				...more,
			}),
		);
	const get = async (jobIdentifier: string | undefined) =>
		bedrock.send(new GetModelInvocationJobCommand({jobIdentifier}));
	/** The states that a job is seen in, until it is over. */
	const follow = async (arn: string | undefined) => {
		const seen: string[] = [];
		for (;;) {
			// Who sleeps now is seen in the state it sleeps in; who falls asleep later waits for the next look.
			const sleepers = time.sleepers.splice(0);
			const job = await get(arn);
			if (seen.at(-1) !== job.status) {
				seen.push(job.status ?? '');
			}
			if (job.endTime !== undefined) {
				return {seen, job};
			}
			for (const wake of sleepers) {
				wake();
			}
		}
	};
	const outputs = async (arn = '') => {
		const Prefix = `out/${arn.slice(arn.lastIndexOf('/') + 1)}/`;
		const {Contents = []} = await s3.send(new ListObjectsV2Command({Bucket: 'batch', Prefix}));
		const texts = await Promise.all(
			Contents.map(async ({Key}) => {
				const {Body: output} = await s3.send(new GetObjectCommand({Bucket: 'batch', Key}));
				return [Key?.slice(Prefix.length), await output?.transformToString()] as const;
			}),
		);
		return Object.fromEntries(texts) as Record<string, string>;
	};
	return {bedrock, create, get, follow, outputs};
};

const records = (text = ''): Array<Record<string, unknown>> =>
	text
		.split('\n')
		.filter(Boolean)
		.map((line) => JSON.parse(line) as Record<string, unknown>);

describe('batch inference jobs of the simulator', () => {
	it('go through every state and answer each record', async () => {
		const {create, follow, outputs} = await open();
		const {jobArn} = await create();
		const {seen, job} = await follow(jobArn);
		expect(seen).toEqual(['Submitted', 'Validating', 'Scheduled', 'InProgress', 'Completed']);
		expect(job).toMatchObject({totalRecordCount: 100, successRecordCount: 100, errorRecordCount: 0});
		const files = await outputs(jobArn);
		expect(Object.keys(files)).toEqual(['a.jsonl.out', 'manifest.json.out']);
		const lines = records(files['a.jsonl.out']);
		expect(lines.map(({recordId}) => recordId)).toEqual(
			Array.from({length: 100}, (_unused, index) => `r${index}`),
		);
		expect(lines.every(({modelOutput}) => modelOutput !== undefined)).toBe(true);
		expect(JSON.parse(files['manifest.json.out'] ?? '')).toMatchObject({processedRecordCount: 100});
	});

	it('answer a repeated client token with the same job, and other parameters with a conflict', async () => {
		const {bedrock, create} = await open();
		const first = await create({clientRequestToken: 'token-1'});
		const second = await create({clientRequestToken: 'token-1'});
		expect(second.jobArn).toBe(first.jobArn);
		await expect(create({clientRequestToken: 'token-1', jobName: 'other'})).rejects.toMatchObject({
			name: 'ConflictException',
		});
		const {invocationJobSummaries} = await bedrock.send(new ListModelInvocationJobsCommand({}));
		expect(invocationJobSummaries).toHaveLength(1);
	});

	it('fail at single records', async () => {
		const {create, follow, outputs} = await open({errorShare: 0.3});
		const {jobArn} = await create();
		const {job} = await follow(jobArn);
		const lines = records((await outputs(jobArn))['a.jsonl.out']);
		const failed = lines.filter(({error}) => error !== undefined);
		expect(failed.length).toBeGreaterThan(10);
		expect(job).toMatchObject({errorRecordCount: failed.length, successRecordCount: 100 - failed.length});
		expect(failed[0]?.error).toMatchObject({errorCode: 500});
	});

	it.each(['Expired', 'PartiallyCompleted'] as const)('end as %s with what is done', async (endsAs) => {
		const {create, follow, outputs} = await open({endsAs, endsAfterRecords: 40});
		const {jobArn} = await create();
		const {job} = await follow(jobArn);
		expect(job).toMatchObject({status: endsAs, processedRecordCount: 40});
		expect(records((await outputs(jobArn))['a.jsonl.out'])).toHaveLength(40);
	});

	it('fail with too few records, and say how many are needed', async () => {
		const {create, follow} = await open({}, 99);
		const {job} = await follow((await create()).jobArn);
		expect(job.status).toBe('Failed');
		expect(job.message).toMatch(/99 records.*at least 100/);
	});

	it('stop when they are told to, once', async () => {
		const {bedrock, create, follow} = await open();
		const {jobArn} = await create();
		await bedrock.send(new StopModelInvocationJobCommand({jobIdentifier: jobArn}));
		const {seen} = await follow(jobArn);
		expect(seen.at(-1)).toBe('Stopped');
		await expect(
			bedrock.send(new StopModelInvocationJobCommand({jobIdentifier: jobArn})),
		).rejects.toMatchObject({name: 'ConflictException'});
	});

	it('are refused above the limit of jobs', async () => {
		const {create} = await open({maxJobs: 2});
		await create();
		await create();
		await expect(create()).rejects.toMatchObject({name: 'ServiceQuotaExceededException'});
	});
});

describe('the form of the records', () => {
	const claude = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
	const claudeLine = (index: number): string =>
		JSON.stringify({
			recordId: `r${index}`,
			modelInput: {
				anthropic_version: 'bedrock-2023-05-31',
				max_tokens: 20,
				messages: [{role: 'user', content: `Name one colour. ${index}`}],
			},
		});

	it.each([
		['Converse', lineOf, {output: {message: {role: 'assistant'}}, usage: {outputTokens: 20}}],
		['InvokeModel', claudeLine, {type: 'message', role: 'assistant', usage: {output_tokens: 20}}],
		[undefined, claudeLine, {type: 'message', role: 'assistant', usage: {output_tokens: 20}}],
	] as const)('is that of %s', async (modelInvocationType, line, modelOutput) => {
		const {create, follow, outputs} = await open({}, 100, line);
		const {jobArn} = await create({modelId: claude, modelInvocationType});
		const {job} = await follow(jobArn);
		expect(job).toMatchObject({
			status: 'Completed',
			successRecordCount: 100,
			modelInvocationType: modelInvocationType ?? 'InvokeModel',
		});
		const [first] = records((await outputs(jobArn))['a.jsonl.out']);
		expect(first).toMatchObject({recordId: 'r0', modelInput: JSON.parse(line(0)).modelInput, modelOutput});
	});

	it.each([
		['Converse', claudeLine, /^The content field in the Message object at messages\.0 is empty/],
		['InvokeModel', lineOf, /^Malformed input request: #: required key \[anthropic_version\] not found/],
	] as const)(
		'of another kind fails in a job of %s, record by record',
		async (modelInvocationType, line, message) => {
			const {create, follow, outputs} = await open({}, 100, line);
			const {jobArn} = await create({modelId: claude, modelInvocationType});
			const {job} = await follow(jobArn);
			expect(job).toMatchObject({successRecordCount: 0, errorRecordCount: 100});
			const [first] = records((await outputs(jobArn))['a.jsonl.out']);
			expect(first).toMatchObject({
				recordId: 'r0',
				error: {errorCode: 400, errorMessage: expect.stringMatching(message)},
			});
			expect(first?.modelOutput).toBeUndefined();
		},
	);

	it('has no third kind', async () => {
		const {create} = await open();
		await expect(create({modelInvocationType: 'Other' as 'Converse'})).rejects.toMatchObject({
			name: 'ValidationException',
			message: expect.stringMatching(/Value 'Other' at 'modelInvocationType' .+ \[InvokeModel, Converse\]$/),
		});
	});

	const answerOf = (modelId: string, modelInput: object, isConverse: boolean) => {
		const lifecycle = createLifecycle('now');
		const settings = {modelId, isConverse, lifecycle, seed: 1, errorShare: 0, jobName: 'job', createdAt: 0};
		return answerRecord(JSON.stringify({recordId: 'r1', modelInput}), settings);
	};

	const usable = models.filter(({traits}) => !traits.has('end-of-life') && !traits.has('no-access'));
	const oneOfEach = [...Map.groupBy(usable, ({family}) => family)].map(([family, [model]]) => {
		const {id = '', isOnDemand = true, profiles = []} = model ?? {};
		return [family, isOnDemand ? id : `${profiles[0]}.${id}`] as const;
	});

	it.each(oneOfEach)('may be that of Converse for the family %s, with its counts', (_family, modelId) => {
		const converse = {messages: [{role: 'user', content: [{text: 'Name one colour.'}]}]};
		const answer = answerOf(modelId, {...converse, inferenceConfig: {maxTokens: 20}}, true);
		expect(JSON.parse(answer.line)).toMatchObject({
			recordId: 'r1',
			modelOutput: {
				output: {message: {role: 'assistant'}},
				usage: {inputTokens: answer.inputTokens, outputTokens: answer.outputTokens},
			},
		});
		expect(answer.outputTokens).toBeGreaterThan(0);
	});
});

const recordings = new URL('../../../shared/recordings/control-plane/cloud-custodian/', import.meta.url);
const recorded = (name: string): {status_code: number; data: Record<string, unknown>} =>
	JSON.parse(readFileSync(new URL(name, recordings), 'utf8'));

describe.skipIf(!existsSync(recordings))('batch jobs beside recorded answers (skipped without them)', () => {
	it('have every field that the service was seen to send', async () => {
		const {create, get, bedrock} = await open();
		const {jobArn} = await create({clientRequestToken: 'token-1'});
		await bedrock.send(new StopModelInvocationJobCommand({jobIdentifier: jobArn}));
		const folder = 'test_bedrock_model_invocation_job_stop';
		const {data} = recorded(`${folder}/bedrock.GetModelInvocationJob_1.json`);
		const job = (await get(jobArn)) as unknown as Record<string, unknown>;
		const wanted = Object.keys(data).filter((key) => key !== 'ResponseMetadata');
		expect(wanted.filter((key) => job[key] === undefined)).toEqual([]);
		expect(job.status).toBe(data.status);
		expect(String(job.jobArn)).toMatch(
			/^arn:aws:bedrock:us-east-1:\d{12}:model-invocation-job\/[a-z0-9]{12}$/,
		);
	});

	it('are not found in the words of the service', async () => {
		const {get} = await open();
		const folder = 'test_bedrock_model_invocation_job_stop_not_found';
		const {status_code, data} = recorded(`${folder}/bedrock.StopModelInvocationJob_1.json`);
		await expect(
			get('arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/none'),
		).rejects.toMatchObject({
			name: 'ResourceNotFoundException',
			message: data.message,
			$metadata: {httpStatusCode: status_code},
		});
	});
});
