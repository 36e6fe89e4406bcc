import {mkdtemp, rm} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {setFlagsFromString} from 'node:v8';
import {type BatchDestination, getOrCreateBatch} from '../batch/create.ts';
import {aboutJobs} from '../batch/existing-jobs.ts';
import {planRoutes} from '../batch/plan.ts';
import {type BatchSetup, batchOrder, setUpBatch} from '../batch/setup.ts';
import {type BatchStore, batchFolder, createBatchStore, itemsName} from '../batch/store.ts';
import {watchBatch} from '../batch/watch.ts';
import {type BatchLimits, gigabyte, usualLimits} from '../bedrock/jobs/batch-records.ts';
import {parseS3Uri} from '../bedrock/jobs/object-store.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import {wordsAsTyped} from '../config/repeat.ts';
import {resolveConnection} from '../config/resolve-account.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import type {Connection} from '../domain/run-config.ts';
import {UserError} from '../domain/user-error.ts';
import {type Io, writeLines} from '../terminal/io.ts';
import {untilSignal} from '../terminal/signals.ts';
import {formatCount} from '../text/numbers.ts';
import {startDemo} from './demo.ts';

/**
 * Keeps V8's space for new objects at its size. V8 doubles it while many short-lived objects are made, and a batch makes
 * some for each record: without this it takes about 24 MB more (test/bench).
 */
function limitYoungGeneration(): void {
	setFlagsFromString('--semi-space-growth-factor=1');
}

/** Seed of the simulator behind `--demo`. */
const demoSeed = 1;
const demoDestination: BatchDestination = {
	s3: 's3://bedrock-top-demo/batch',
	roleArn: 'arn:aws:iam::123456789012:role/bedrock-top-demo',
};

const usage = (message: string, hint: string): UserError => new UserError(message, {exitCode: 2, hint});

const destinationOf = ({flags}: Arguments): BatchDestination => {
	const isDemo = flags.isSet('demo') ?? false;
	const s3 = flags.text('s3') ?? (isDemo ? demoDestination.s3 : undefined);
	const roleArn = flags.text('role-arn') ?? (isDemo ? demoDestination.roleArn : undefined);
	if (s3 === undefined || roleArn === undefined) {
		throw usage(
			`A batch job needs ${s3 === undefined ? '--s3 s3://bucket/prefix' : '--role-arn ARN'}.`,
			'The bucket holds inputs and outputs; the role is one that bedrock.amazonaws.com may assume and that may read and write there. --plan and --demo need neither.',
		);
	}
	if (parseS3Uri(s3) === undefined) {
		throw usage(`--s3: "${s3}" is not a place in S3.`, 'Write it as in s3://my-bucket/batch.');
	}
	if (!/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/.test(roleArn)) {
		throw usage(
			`--role-arn: "${roleArn}" is not the ARN of a role.`,
			'Write it as in arn:aws:iam::123456789012:role/bedrock-batch.',
		);
	}
	return {s3: s3.replace(/\/*$/, '/'), roleArn};
};

/**
 * @param isTemporary For a demo, whose jobs end with its simulator, and for a plan, which leaves nothing.
 */
const openStore = async (
	isTemporary: boolean,
	io: Io,
): Promise<{store: BatchStore; close: () => Promise<void>}> => {
	if (!isTemporary) {
		const store = createBatchStore(batchFolder(), async (line) => writeLines(io.stderr, [line]));
		await store.prepare();
		return {store, close: async () => {}};
	}
	const folder = await mkdtemp(path.join(os.tmpdir(), 'bedrock-top-batches-'));
	return {
		store: createBatchStore(folder),
		close: async () => rm(folder, {recursive: true, force: true}),
	};
};

const submit = async (given: Arguments, connection: Connection, io: Io): Promise<number> => {
	const {flags} = given;
	const isPlan = flags.isSet('plan') ?? false;
	const destination = isPlan ? demoDestination : destinationOf(given);
	const isDemo = flags.isSet('demo') ?? false;
	const {store, close} = await openStore(isDemo || isPlan, io);
	let setup: BatchSetup | undefined;
	try {
		const ordering = batchOrder(given.words[0], flags, io, path.join(store.draft, itemsName));
		const order = await untilSignal(io.signal, ordering);
		await writeLines(io.stderr, order.config.remarks ?? []);
		setup = await untilSignal(io.signal, setUpBatch({...order.config, connection}, connection, order));
		if (isPlan) {
			return await untilSignal(io.signal, planRoutes(setup, flags, io));
		}
		const region = isDemo ? undefined : setup.target.region;
		const repeat = wordsAsTyped(given, [
			['model', setup.target.model],
			['region', region],
			['seed', setup.config.seed],
		]);
		const {state, isNew} = await getOrCreateBatch({...setup, repeat}, destination, store, Date.now());
		await writeLines(io.stderr, [
			...(setup.limits.assumed.length === 0 || isDemo
				? []
				: [`Assumed, because the account does not report it: ${assumedText(setup.limits)}.`]),
			...(isNew ? [] : ['Continuing the batch that this command began before.']),
		]);
		const options = {
			account: setup.account,
			limits: setup.limits,
			store,
			output: resolveOutput(flags, io.environment),
			isDemo,
			profile: connection.profile,
		};
		return await watchBatch(state, options, io);
	} finally {
		await store.dropDraft();
		await close();
		setup?.account.clients.close();
	}
};

/** The command `batch`. @returns Exit code. */
export async function batch(given: Arguments, io: Io): Promise<number> {
	limitYoungGeneration();
	const {flags} = given;
	const ways = (['watch', 'stop', 'resubmit'] as const).filter((name) => flags.text(name) !== undefined);
	const isList = flags.isSet('list') ?? false;
	if (ways.length + (isList ? 1 : 0) > 1) {
		throw usage('--watch, --resubmit, --stop and --list exclude one another.', 'Give one of them.');
	}
	if (flags.text('items') !== undefined && !(flags.isSet('plan') ?? false)) {
		throw usage(
			'--items is the number of items that --plan assumes, and --plan is not given.',
			'Add --plan, which submits nothing, or leave --items out: a batch asks every item of its preset.',
		);
	}
	if (flags.typed('ledger').length > 0 && !(flags.isSet('plan') ?? false)) {
		throw usage(
			'--ledger is what --plan reads, and --plan is not given: a batch job has a quota of its own.',
			'Add --plan, which submits nothing, or leave --ledger out.',
		);
	}
	if (ways.length > 0 && flags.isSet('demo')) {
		throw usage(
			`--${ways[0]} and --demo do not go together: the jobs of a demo end with it.`,
			'Leave --demo out.',
		);
	}
	// The ARN of a job names its Region.
	const jobs = ways.flatMap((name) => flags.text(name) ?? []);
	const demo = await startDemo(flags.isSet('demo'), resolveConnection(flags, jobs), demoSeed);
	try {
		return await (ways.length > 0 || isList ? aboutJobs : submit)(given, demo.connection, io);
	} finally {
		await demo.stop();
	}
}

/** Names of the limits in messages. */
const limitWords: Readonly<Record<keyof typeof usualLimits, string>> = {
	minRecords: 'minimum of records per job',
	recordsPerFile: 'records per file',
	recordsPerJob: 'records per job',
	bytesPerFile: 'size of a file',
	bytesPerJob: 'size of a job',
	activeJobs: 'jobs at once',
};

const isGigabytes = (name: keyof typeof usualLimits): boolean => name.startsWith('bytes');

/** The assumed limits with their values: `records per file 50,000, size of a file 1 GB`. */
export function assumedText({assumed}: Pick<BatchLimits, 'assumed'>): string {
	return assumed
		.map((name) => {
			const value = usualLimits[name];
			return `${limitWords[name]} ${isGigabytes(name) ? `${value / gigabyte} GB` : formatCount(value)}`;
		})
		.join(', ');
}
