import {rmSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {getOrCreateBatch} from '../../source/batch/create.ts';
import {runBatch} from '../../source/batch/job-runner.ts';
import {batchOrder, setUpBatch} from '../../source/batch/setup.ts';
import {batchFolder, createBatchStore, itemsName} from '../../source/batch/store.ts';
import {createClients} from '../../source/bedrock/clients/clients.ts';
import {createJobService} from '../../source/bedrock/jobs/job-service.ts';
import {createObjectStore} from '../../source/bedrock/jobs/object-store.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {
	type BatchScript,
	batchAccount,
	batchModel,
	batchPlace,
	callBatch,
	listJobs,
} from './batch-harness.ts';

/**
 * A batch of three jobs that was killed after its first one.
 * @param activeJobs Jobs that the account takes at once.
 */
const killed = async (activeJobs: number, script?: BatchScript) => {
	const account = await batchAccount(script);
	const connection = {region: 'us-east-1', profile: undefined, simulatorUrl: account.url};
	const {flags} = parseArguments(['batch', ...batchModel]);
	const store = createBatchStore(batchFolder());
	const io = {stdin: process.stdin};
	const order = await batchOrder(account.preset(360), flags, io, path.join(store.draft, itemsName));
	const made = await setUpBatch({...order.config, connection}, connection, order);
	onTestFinished(() => made.account.clients.close());
	const setup = {...made, limits: {...made.limits, recordsPerJob: 120, activeJobs}};
	const place = {s3: 's3://inputs/x/', roleArn: batchPlace[3]};
	const {state} = await getOrCreateBatch(setup, place, store, Date.now());
	const clients = createClients(connection, {maxSockets: 4});
	onTestFinished(() => clients.close());
	const killer = new AbortController();
	const jobs = createJobService(clients);
	await runBatch(state, {
		store,
		objects: createObjectStore(clients),
		jobs: {
			...jobs,
			async create(job) {
				const arn = await jobs.create(job);
				killer.abort();
				return arn;
			},
		},
		explain: (error) => error as Error,
		isTransient: () => false,
		activeJobs,
		onProgress: () => {},
		wait: async () => {},
		now: () => 0,
		signal: killer.signal,
	});
	const [arn = '', ...others] = state.jobs.flatMap((job) => (job.arn === null ? [] : [job.arn]));
	expect(others).toEqual([]);
	return {account, arn, store, state};
};

describe('batch --watch', () => {
	it('goes on with the queue of a batch that was killed, within the limit of its account', async () => {
		// A job takes so long that the next one would be there before its end.
		const {account, arn} = await killed(1, {stepMs: 100});
		const {stdout} = await callBatch('--watch', arn, ...account.out('1'));
		expect(stdout).toContain('360 of 360 records answered');
		const inOrder = (await listJobs()).toReversed();
		expect(inOrder).toHaveLength(3);
		for (const [index, {submittedAtMs}] of inOrder.entries()) {
			expect(submittedAtMs).toBeGreaterThanOrEqual(inOrder[index - 1]?.endedAtMs ?? 0);
		}
	}, 60_000);

	it('asks the account where the state is of a version that did not keep the limits', async () => {
		const {account, arn, store, state} = await killed(1);
		const {limits, ...old} = state;
		expect(limits).toEqual({activeJobs: 1, minRecords: 100});
		await store.save(old);
		const {stdout} = await callBatch('--watch', arn, ...account.out('1'));
		expect(stdout).toContain('360 of 360 records answered');
	}, 60_000);

	it('submits nothing after a stop, and what was left is asked by the command that began it', async () => {
		const {account, arn} = await killed(1, {recordsPerSecond: 100});
		expect((await callBatch('--stop', arn)).stdout).toContain(arn);
		account.script.recordsPerSecond = 1e6;
		const watched = await callBatch('--watch', arn, ...account.out('1'));
		expect(watched.stderr).toContain('2 of 3 jobs that were never submitted are not submitted now');
		expect(watched.stdout).toMatch(/of 360 records answered/);
		expect(await listJobs()).toHaveLength(1);

		const store = createBatchStore(batchFolder());
		const [state] = await store.all();
		expect(state?.jobs.map(({arn}) => arn === null)).toEqual([false, true, true]);
		const again = await callBatch(account.preset(360), ...batchModel, ...batchPlace, ...account.out('2'));
		expect(again.stderr).toContain('Continuing the batch');
		expect(await listJobs()).toHaveLength(3);
	}, 60_000);

	it('leaves jobs that were never submitted alone once their records are submitted again', async () => {
		const {account, arn} = await killed(1, {recordsPerSecond: 100});
		await callBatch('--stop', arn);
		account.script.recordsPerSecond = 1e6;
		await callBatch('--watch', arn, ...account.out('1'));
		const again = await callBatch('--resubmit', arn, '--yes', ...account.out('2'));
		expect(again.stderr).toMatch(/of 360 records had no answer/);
		const jobs = (await listJobs()).length;
		rmSync(path.join(account.home, '1'), {recursive: true});
		const watched = await callBatch('--watch', arn, ...account.out('1'));
		expect(watched.stderr).not.toContain('never submitted');
		expect(await listJobs()).toHaveLength(jobs);
		const left = await callBatch('--resubmit', arn, '--yes', ...account.out('3'));
		expect(left.stderr).toContain('there is nothing to submit again');
	}, 60_000);
});
