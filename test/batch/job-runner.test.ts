import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {getOrCreateBatch} from '../../source/batch/create.ts';
import {fetchBatch} from '../../source/batch/fetch.ts';
import {type BatchPorts, runBatch} from '../../source/batch/job-runner.ts';
import {type BatchSetup, setUpBatch} from '../../source/batch/setup.ts';
import {type BatchStore, createBatchStore} from '../../source/batch/store.ts';
import {createClients} from '../../source/bedrock/clients/clients.ts';
import {
	callError,
	createJobService,
	isPassing,
	type JobService,
} from '../../source/bedrock/jobs/job-service.ts';
import {createObjectStore, type ObjectStore} from '../../source/bedrock/jobs/object-store.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';
import type {Connection} from '../../source/domain/run-config.ts';
import type {Scenario} from '../../source/simulator/options.ts';
import {startForTest} from '../simulator/harness.ts';

/** Tests source/batch/job-runner.ts, fetch.ts and store.ts together: a batch from upload to results, killed at each step. */

const place = {s3: 's3://inputs/batch/', roleArn: 'arn:aws:iam::123456789012:role/batch'};
const noFlags = {
	isSet: () => undefined,
	text: () => undefined,
	texts: () => [],
	afterPreset: () => [],
	typed: () => [],
};

const temporaryFolder = (): string => {
	const folder = mkdtempSync(path.join(os.tmpdir(), 'bedrock-top-test-'));
	onTestFinished(() => rmSync(folder, {recursive: true, force: true}));
	return folder;
};

/** A batch of three jobs: 112 tickets, each asked in three ways. */
const prepare = async (scenario: Scenario = {}) => {
	const {url} = await startForTest({
		scenario: {...scenario, batch: {stepMs: 1, recordsPerSecond: 1_000_000, ...scenario.batch}},
	});
	const connection: Connection = {region: 'us-east-1', profile: undefined, simulatorUrl: url};
	const asked = await resolveRun('high-volume', noFlags, async () => '');
	const variants = asked.variants.map((variant) => ({...variant, itemsPerRequest: 1}));
	const made = await setUpBatch({...asked, variants, connection}, connection);
	onTestFinished(() => made.account.clients.close());
	const setup: BatchSetup = {...made, limits: {...made.limits, recordsPerJob: 120}};
	const clients = createClients(connection, {maxSockets: 4});
	onTestFinished(() => clients.close());
	return {setup, clients, jobs: createJobService(clients), objects: createObjectStore(clients)};
};

class Killed extends Error {}

/** Some of the steps; all of them in `npm run soak`. */
const killPoints =
	process.env.BEDROCK_TOP_SOAK === undefined
		? [1, 2, 3, 4, 7, 12, 18]
		: Array.from({length: 20}, (_unused, index) => index + 1);

/** Ends the program, as far as the batch can tell, at the n-th thing that it does. */
const createKiller = (killAt: number) => {
	let count = 0;
	const step = (): void => {
		count += 1;
		if (count === killAt) {
			throw new Killed(`killed at ${killAt}`);
		}
	};
	return {
		count: () => count,
		store: (store: BatchStore): BatchStore => ({
			...store,
			async save(state) {
				step();
				await store.save(state);
			},
		}),
		jobs: (jobs: JobService): JobService => ({
			...jobs,
			async create(order) {
				step();
				const arn = await jobs.create(order);
				step();
				return arn;
			},
			async get(arn) {
				step();
				return jobs.get(arn);
			},
		}),
		objects: (objects: ObjectStore): ObjectStore => ({
			...objects,
			async write(...parameters) {
				step();
				await objects.write(...parameters);
				step();
			},
			async *read(where) {
				step();
				yield* objects.read(where);
			},
		}),
	};
};

type World = Awaited<ReturnType<typeof prepare>> & {readonly folder: string};

/** One life of the program: everything that it knows beforehand lies on the disk. */
const live = async (
	{setup, clients, jobs, objects, folder}: World,
	killer = createKiller(0),
	more: Partial<BatchPorts> = {},
) => {
	const store = killer.store(createBatchStore(path.join(folder, 'state')));
	const {state} = await getOrCreateBatch(setup, place, store, 1);
	const ports: BatchPorts = {
		store,
		objects: killer.objects(objects),
		jobs: killer.jobs(jobs),
		explain: (error, what, action) =>
			error instanceof Killed ? error : callError(error, clients, {what, action}),
		activeJobs: 20,
		onProgress: () => {},
		isTransient: isPassing,
		now: () => 0,
		wait: async () => {},
		signal: new AbortController().signal,
		...more,
	};
	const hasEnded = await runBatch(state, ports);
	const fetched = hasEnded
		? await fetchBatch(state, setup.batch, {
				objects: killer.objects(objects),
				lineOf: setup.lineOf,
				folder: path.join(folder, 'out'),
			})
		: undefined;
	return {state, fetched};
};

type AnswerLine = {readonly variant: string; readonly items: readonly number[]};

const linesIn = <Line>(file: string): readonly Line[] =>
	readFileSync(file, 'utf8')
		.split('\n')
		.filter(Boolean)
		.map((line) => JSON.parse(line) as Line);

const keysOf = (file: string): readonly string[] =>
	linesIn<AnswerLine>(file).map(({variant, items}) => `${variant} ${items.join()}`);

describe('a batch', () => {
	it('answers every record once', async () => {
		const world = {...(await prepare()), folder: temporaryFolder()};
		const {state, fetched} = await live(world);
		expect(state.jobs.map(({count, status}) => [count, status])).toEqual(
			[112, 112, 112].map((count) => [count, 'Completed']),
		);
		expect(fetched).toMatchObject({succeeded: 336, failed: 0, failedFile: undefined});
		expect(new Set(keysOf(fetched?.answersFile ?? '')).size).toBe(336);
		const [single] = fetched?.figures.variants(60_000) ?? [];
		expect(single?.items.sent).toBe(112);
		expect(single?.rate.usefulPerMinute).toBe(single?.items.useful);
		expect(single?.items.useful).toBeGreaterThan(60);
		expect(single?.latencyMs.total.p50).toBeNull();
		expect(single?.costUsd).toBeGreaterThan(0);
	});

	it.each(killPoints)('that is killed at point %i loses no record and makes no job twice', async (killAt) => {
		const world = {...(await prepare()), folder: temporaryFolder()};
		await expect(live(world, createKiller(killAt))).rejects.toThrow(Killed);
		const {fetched} = await live(world);
		const keys = keysOf(fetched?.answersFile ?? '');
		expect(keys).toHaveLength(336);
		expect(new Set(keys).size).toBe(336);
		expect(await world.jobs.list(50)).toHaveLength(3);
	});

	it('that is not over goes on under the same command, and one that is over begins anew', async () => {
		const world = {...(await prepare()), folder: temporaryFolder()};
		const {state} = await live(world);
		const store = createBatchStore(path.join(world.folder, 'state'));
		expect(await getOrCreateBatch(world.setup, place, store, 2)).toMatchObject({
			isNew: false,
			state: {id: state.id},
		});
		await store.save({...state, results: 'results.json'});
		const next = await getOrCreateBatch(world.setup, place, store, 3);
		expect(next.isNew).toBe(true);
		expect(next.state.jobs[0]?.token).not.toBe(state.jobs[0]?.token);
	});

	it('with failed records leaves them in a file that can be submitted again', async () => {
		const world = {...(await prepare({batch: {errorShare: 0.2}})), folder: temporaryFolder()};
		const {fetched} = await live(world);
		const failed = linesIn<{recordId: string; modelInput: unknown}>(fetched?.failedFile ?? '');
		expect(failed.length).toBeGreaterThan(30);
		expect(failed).toHaveLength(fetched?.failed ?? 0);
		expect((fetched?.succeeded ?? 0) + failed.length).toBe(336);
		expect(Object.keys(failed[0] ?? {})).toEqual(['recordId', 'modelInput']);
		expect(fetched?.figures.failures()[0]).toMatchObject({class: 'model-error'});
	});

	it('that expired counts what is in no output as failed', async () => {
		const world = {
			...(await prepare({batch: {endsAs: 'Expired', endsAfterRecords: 50}})),
			folder: temporaryFolder(),
		};
		const {fetched} = await live(world);
		expect(fetched).toMatchObject({succeeded: 150, failed: 186});
	});

	it('submits no more jobs than the account takes at once', async () => {
		const world = {...(await prepare()), folder: temporaryFolder()};
		const active = new Set<string>();
		let most = 0;
		const jobs: JobService = {
			...world.jobs,
			async create(order) {
				const arn = await world.jobs.create(order);
				most = Math.max(most, active.add(arn).size);
				return arn;
			},
			async get(arn) {
				const view = await world.jobs.get(arn);
				if (view.endedAtMs !== undefined) {
					active.delete(arn);
				}
				return view;
			},
		};
		const {fetched} = await live(world, undefined, {activeJobs: 1, jobs});
		expect(most).toBe(1);
		expect(fetched?.succeeded).toBe(336);
	});

	it('waits where the account says that it takes no further job', async () => {
		const world = {...(await prepare()), folder: temporaryFolder()};
		let refusals = 3;
		const jobs: JobService = {
			...world.jobs,
			async create(order) {
				if (refusals > 0) {
					refusals -= 1;
					throw Object.assign(new Error('limit'), {name: 'ServiceQuotaExceededException'});
				}
				return world.jobs.create(order);
			},
		};
		let waits = 0;
		const wait = async (): Promise<void> => {
			waits += 1;
		};
		expect((await live(world, undefined, {jobs, wait})).fetched?.succeeded).toBe(336);
		expect(waits).toBeGreaterThanOrEqual(3);
	});

	it('is looked at again after troubles that pass, and tells them', async () => {
		const world = {...(await prepare()), folder: temporaryFolder()};
		let troubles = 4;
		const jobs: JobService = {
			...world.jobs,
			async get(arn) {
				if (troubles > 0) {
					troubles -= 1;
					const cause = Object.assign(new Error('Rate exceeded'), {name: 'ThrottlingException'});
					throw callError(cause, world.clients, {what: 'The job could not be read', action: 'x'});
				}
				return world.jobs.get(arn);
			},
		};
		const told = new Set<string>();
		const {fetched} = await live(world, undefined, {
			jobs,
			onProgress: (_state, _uploading, trouble) => void (trouble === undefined || told.add(trouble)),
		});
		expect(fetched?.succeeded).toBe(336);
		expect([...told]).toEqual([expect.stringMatching(/could not be read.*Rate exceeded/)]);
	});

	it.each([
		['at the first look of a program', true, 0],
		['for more than ten minutes', false, 600_001],
	])('is given up where it cannot be looked at %s', async (_when, isKnown, stepMs) => {
		const world = {...(await prepare()), folder: temporaryFolder()};
		if (isKnown) {
			const left = new AbortController();
			const inProgress: JobService = {
				...world.jobs,
				get: async (arn) => ({...(await world.jobs.get(arn)), status: 'InProgress'}),
			};
			const wait = async (): Promise<void> => left.abort(130);
			await live(world, undefined, {jobs: inProgress, signal: left.signal, wait});
		}
		const jobs: JobService = {
			...world.jobs,
			async get() {
				throw Object.assign(new Error('Rate exceeded'), {name: 'ThrottlingException'});
			},
		};
		let nowMs = 0;
		const now = (): number => {
			nowMs += stepMs;
			return nowMs;
		};
		await expect(live(world, undefined, {jobs, now})).rejects.toThrow('Rate exceeded');
	});

	it('is left at once, also while a call hangs', async () => {
		const world = {...(await prepare()), folder: temporaryFolder()};
		const controller = new AbortController();
		const jobs: JobService = {
			...world.jobs,
			async get(_arn, signal) {
				const hanging = Promise.withResolvers<never>();
				signal?.addEventListener('abort', () => hanging.reject(signal.reason));
				controller.abort(130);
				return hanging.promise;
			},
		};
		const left = await live(world, undefined, {jobs, signal: controller.signal});
		expect(left.fetched).toBeUndefined();
	});

	it('joins outputs whatever they are called, and an answer is worth more than an error', async () => {
		const world = {...(await prepare({batch: {errorShare: 0.2}})), folder: temporaryFolder()};
		const objects: ObjectStore = {
			...world.objects,
			list: async (where) => (await world.objects.list(where)).flatMap((key) => [key, `${key}?`]),
			async *read(where) {
				const again = where.key.endsWith('?');
				for await (const bytes of world.objects.read({...where, key: where.key.replace('?', '')})) {
					yield again
						? bytes
						: Buffer.from(Buffer.from(bytes).toString().replaceAll('"modelOutput"', '"error"'));
				}
			},
		};
		const {fetched} = await live({...world, objects});
		expect(fetched?.succeeded).toBeGreaterThan(200);
		expect((fetched?.succeeded ?? 0) + (fetched?.failed ?? 0)).toBe(336);
	});

	it('that is left goes on without us', async () => {
		const world = {...(await prepare()), folder: temporaryFolder()};
		const controller = new AbortController();
		const jobs: JobService = {
			...world.jobs,
			get: async (arn) => ({...(await world.jobs.get(arn)), status: 'InProgress'}),
		};
		const left = await live(world, undefined, {
			jobs,
			signal: controller.signal,
			wait: async () => controller.abort(130),
		});
		expect(left.fetched).toBeUndefined();
		expect(left.state.jobs.every(({arn}) => arn !== null)).toBe(true);
		expect((await live(world)).fetched?.succeeded).toBe(336);
		expect(await world.jobs.list(50)).toHaveLength(3);
	});

	it('with too few records is refused before anything is uploaded', async () => {
		const {setup} = await prepare();
		const {task, variants} = setup.batch;
		const batch = {task: {...task, items: task.items.slice(0, 40)}, variants: variants.slice(0, 1)};
		const few = {...setup, batch};
		const store = createBatchStore(temporaryFolder());
		await expect(getOrCreateBatch(few, place, store, 1)).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringMatching(/at least 100 records.*has 40/),
			hint: expect.stringContaining('Add 60'),
		});
		expect(await store.all()).toEqual([]);
	});

	it.each([
		['a bucket that is not there', {missingBuckets: ['inputs']}, /NoSuchBucket|does not exist/],
		['a bucket that refuses', {denied: ['s3:PutObject']}, /not authorized/],
		['a role that may not submit', {denied: ['bedrock:CreateModelInvocationJob']}, /could not be submitted/],
	])('says what is wrong with %s', async (_words, scenario, pattern) => {
		const world = {...(await prepare(scenario)), folder: temporaryFolder()};
		await expect(live(world)).rejects.toMatchObject({
			exitCode: 1,
			message: expect.stringMatching(pattern),
			hint: expect.any(String),
		});
	});
});
