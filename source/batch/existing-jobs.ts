import path from 'node:path';
import {type OpenAccount, openAccount} from '../bedrock/account-access.ts';
import {type BatchLimits, readBatchLimits} from '../bedrock/jobs/batch-records.ts';
import {createJobService, hasEnded, type JobService} from '../bedrock/jobs/job-service.ts';
import type {Arguments, FlagValues} from '../config/parse-arguments.ts';
import {resolveOverride} from '../config/resolve-account.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import {readGuards} from '../config/resolve-run.ts';
import type {Connection} from '../domain/run-config.ts';
import {UserError} from '../domain/user-error.ts';
import {writeJsonFile} from '../terminal/files.ts';
import {type Io, writeJson, writeLines} from '../terminal/io.ts';
import {untilSignal} from '../terminal/signals.ts';
import {formatCount} from '../text/numbers.ts';
import {createFollowUp} from './create.ts';
import {againLines, fetchAgainLines} from './job-runner.ts';
import {type BatchTask, lineMaker} from './records.ts';
import {type BatchState, findUnanswered, type Unanswered} from './state.ts';
import {type BatchStore, batchFolder, createBatchStore} from './store.ts';
import {type WatchOptions, watchBatch} from './watch.ts';

/** Commands about jobs that were submitted before: --list, --stop, --watch and --resubmit. */

type BatchContext = {
	readonly account: OpenAccount;
	readonly connection: Connection;
	readonly jobs: JobService;
	readonly store: BatchStore;
	readonly flags: FlagValues;
	readonly io: Io;
};

/** The batch that a job belongs to. @throws UserError (exit 1) for a job that was submitted elsewhere. */
async function stateOf({store, jobs}: BatchContext, arn: string): Promise<BatchState> {
	const state = (await store.all()).find((each) => each.jobs.some((job) => job.arn === arn));
	if (state !== undefined) {
		return state;
	}
	const {status, message} = await jobs.get(arn);
	throw new UserError(
		`${arn} was not submitted from here, so its outputs cannot be joined; it is ${status}${message === undefined ? '' : ` (${message})`}.`,
		{
			exitCode: 1,
			hint: hasEnded(status) ? 'Its outputs are in S3.' : 'Watch it where it was submitted, or with --list.',
		},
	);
}

/** The limits that a batch was submitted under; states of earlier versions have none, so the account is asked again. */
async function limitsOf(
	{account}: BatchContext,
	{limits, target}: BatchState,
): Promise<WatchOptions['limits']> {
	// Earlier versions had another name for the minimum.
	return limits?.minRecords !== undefined
		? limits
		: await readBatchLimits(account.options.source, target.baseModel);
}

function watchOptions({account, store, flags, connection, io}: BatchContext) {
	return {
		account,
		store,
		output: resolveOutput(flags, io.environment),
		isDemo: false,
		profile: connection.profile,
	};
}

const stops: ReadonlySet<string | null> = new Set(['Stopping', 'Stopped']);

/** A job may have been stopped from elsewhere: the service is asked where the known state is not final. */
const isStopped = async ({jobs}: BatchContext, state: BatchState): Promise<boolean> => {
	for (const {arn, status} of state.jobs) {
		if (arn === null) {
			continue;
		}
		const isFinal = status !== null && hasEnded(status);
		if (stops.has(isFinal ? status : (await jobs.get(arn)).status)) {
			return true;
		}
	}
	return false;
};

/** The store of a batch of which only some jobs are watched: the others stay on disk as they are. */
const keepingOthers = (store: BatchStore, {jobs}: BatchState): BatchStore => ({
	...store,
	save: async (state) => store.save({...state, jobs}),
});

/** `batch --watch ARN`. Waiting jobs are submitted too, unless somebody stopped a job of the batch. @returns Exit code. */
async function rejoin(context: BatchContext, arn: string): Promise<number> {
	const state = await stateOf(context, arn);
	const limits = await limitsOf(context, state);
	const options = {...watchOptions(context), limits};
	const submitted = state.jobs.filter((job) => job.arn !== null);
	const waiting = state.jobs.length - submitted.length;
	const isHeld = waiting > 0 && (state.results !== null || (await isStopped(context, state)));
	if (!isHeld) {
		return watchBatch(state, options, context.io);
	}
	await writeLines(context.io.stderr, [
		`A job of this batch was stopped, so ${waiting} of ${state.jobs.length} jobs that were never submitted are not submitted now.`,
		'The command that began the batch continues with them; --resubmit submits what has no answer in the end.',
	]);
	const store = keepingOthers(options.store, state);
	return watchBatch({...state, jobs: submitted}, {...options, store}, context.io);
}

/** Drops jobs that were never submitted: another batch asks their records now. */
const giveUpWaiting = async ({store}: BatchContext, lineage: readonly BatchState[]): Promise<void> => {
	for (const state of lineage.filter(({jobs}) => jobs.some(({arn}) => arn === null))) {
		await store.save({...state, jobs: state.jobs.filter(({arn}) => arn !== null)});
		await store.dropRecords(state.id);
	}
};

/** What is left may be too little for a job; on demand has no minimum. @throws UserError (exit 2). */
const assertEnough = (
	{last, failed}: Unanswered,
	batch: BatchTask,
	limits: BatchLimits,
	{connection}: BatchContext,
): void => {
	if (failed.length >= limits.minRecords) {
		return;
	}
	const folder = path.dirname(last.results ?? '');
	const lines = againLines({...last, failed}, batch, limits, folder, {profile: connection.profile});
	throw new UserError(
		`${formatCount(failed.length)} ${failed.length === 1 ? 'record has' : 'records have'} no answer, and a batch job needs at least ${formatCount(limits.minRecords)}.`,
		{exitCode: 2, hint: lines.map((line) => line.trim()).join(' ')},
	);
};

const submitAgain = async (context: BatchContext, before: BatchState, left: Unanswered): Promise<number> => {
	const {account, store, flags, connection, io} = context;
	const {last, failed} = left;
	const {preset, source, repeat, maxTokens, seed, target, form, price} = last;
	const limits = await readBatchLimits(account.options.source, target.baseModel);
	const batch = await store.loadTask(last.id);
	assertEnough(left, batch, limits, context);
	const config = {preset, maxTokens, seed, guards: readGuards(flags), connection};
	const lineOf = lineMaker(target, form, maxTokens);
	const input = {config, batch, target, form, price, limits, lineOf, source, repeat};
	const state = await createFollowUp(input, left, store, Date.now());
	await giveUpWaiting(context, left.lineage);
	const words = last === before ? 'had no answer' : 'still have no answer';
	await writeLines(io.stderr, [
		`${failed.length} of ${before.records} records ${words} and are submitted again.`,
	]);
	return watchBatch(state, {...watchOptions(context), limits}, io);
};

/** The output of `--json` where nothing was left to submit. */
const nothing = {
	jobArn: null,
	status: null,
	records: {total: 0, succeeded: 0, failed: 0},
	results: null,
};

const printNothingLeft = async ({flags, io}: BatchContext, isLater: boolean): Promise<void> => {
	const later = isLater ? ', the last of them when they were submitted again' : '';
	await writeLines(io.stderr, [`Every record had an answer${later}: there is nothing to submit again.`]);
	const {json} = resolveOutput(flags, io.environment);
	if (json?.file !== undefined) {
		await writeJsonFile(json.file, nothing);
	} else if (json !== undefined) {
		await writeJson(io.stdout, nothing);
	}
};

/**
 * Missing outputs may hold answers that are paid for.
 * @throws UserError (exit 1) with the places.
 */
const assertFetched = (last: BatchState, {connection}: BatchContext): void => {
	const {troubles = [], failed} = last;
	if (troubles.length > 0 && failed.length > 0) {
		const lines = fetchAgainLines(last, {profile: connection.profile});
		throw new UserError(troubles.join(' '), {
			exitCode: 1,
			hint: lines.map((line) => line.trim()).join(' '),
		});
	}
};

/** `batch --resubmit ARN`: asks again what has no answer. @returns Exit code; 0 where every record has an answer. */
async function resubmit(context: BatchContext, arn: string): Promise<number> {
	const {store, io} = context;
	const before = await stateOf(context, arn);
	if (before.results === null) {
		throw new UserError(`The failed records of the batch of ${arn} are not known yet.`, {
			exitCode: 2,
			hint: `Fetch its outputs first: bedrock-top batch --watch ${arn}`,
		});
	}
	const left = findUnanswered(before, await store.all());
	assertFetched(left.last, context);
	if (left.begun !== undefined) {
		await writeLines(io.stderr, ['Continuing the batch that this command began before.']);
		const limits = await limitsOf(context, left.begun);
		return watchBatch(left.begun, {...watchOptions(context), limits}, io);
	}
	if (left.failed.length === 0) {
		await printNothingLeft(context, left.last !== before);
		return 0;
	}
	return submitAgain(context, before, left);
}

/** Jobs that `--list` shows. */
const maxListed = 50;

const isJson = ({flags, io}: BatchContext): boolean =>
	resolveOutput(flags, io.environment).json !== undefined;

const list = async (context: BatchContext): Promise<number> => {
	const {jobs, store, io} = context;
	const known = new Set((await store.all()).flatMap((state) => state.jobs.map(({arn}) => arn)));
	const listed = await untilSignal(io.signal, jobs.list(maxListed));
	const lines = listed.map((job) => {
		const mark = known.has(job.arn) ? '  (from here)' : '';
		const counts = job.total === 0 ? '' : `  ${job.processed}/${job.total}`;
		return `${job.status.padEnd(18)}  ${job.arn}  ${job.name}${counts}${mark}`;
	});
	await (isJson(context) ? writeJson(io.stdout, listed) : writeLines(io.stdout, lines));
	return 0;
};

const stop = async (context: BatchContext, arn: string): Promise<number> => {
	const {jobs, io} = context;
	await untilSignal(io.signal, jobs.stop(arn));
	const {status} = await untilSignal(io.signal, jobs.get(arn));
	await (isJson(context)
		? writeJson(io.stdout, {jobArn: arn, status})
		: writeLines(io.stdout, [`${arn} ${status}`]));
	return 0;
};

/** Runs the command that a flag names. @returns Exit code. */
export async function aboutJobs({flags}: Arguments, connection: Connection, io: Io): Promise<number> {
	const request = {connection, override: resolveOverride(flags), isRefreshing: false, tier: undefined};
	const account = await untilSignal(io.signal, openAccount(request));
	const jobs = createJobService(account.clients);
	const store = createBatchStore(batchFolder(), async (sentence) => writeLines(io.stderr, [sentence]));
	const context = {account, connection, jobs, store, flags, io};
	const [stopped, watched, again] = (['stop', 'watch', 'resubmit'] as const).map((name) => flags.text(name));
	try {
		if (stopped !== undefined) {
			return await stop(context, stopped);
		}
		if (watched !== undefined) {
			return await rejoin(context, watched);
		}
		return await (again === undefined ? list(context) : resubmit(context, again));
	} finally {
		account.clients.close();
	}
}
