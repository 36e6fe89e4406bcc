import {readBatchLimits} from '../bedrock/jobs/batch-limits.ts';
import {createJobService, hasEnded, type JobService} from '../bedrock/jobs/job-service.ts';
import type {Arguments, FlagValues} from '../config/parse-arguments.ts';
import {resolveOverride} from '../config/resolve-account.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import {readGuards} from '../config/resolve-run.ts';
import type {Connection} from '../config/run-config.ts';
import {UserError} from '../config/user-error.ts';
import {usualLimits} from '../prompts/batch/limits.ts';
import {type Account, openAccount} from './account-access.ts';
import {lineMaker} from './batch-line.ts';
import {type BatchState, type BatchStore, batchFolder, createBatchStore} from './batch-state.ts';
import {findOrMakeAgain} from './batch-submit.ts';
import {watchBatch} from './batch-watch.ts';
import {type Io, writeLines} from './io.ts';

/** Commands about jobs that are there already: --list, --stop, --watch and --resubmit. */

/** Jobs that `--list` shows. */
const mostListed = 50;

type Access = {
	readonly account: Account;
	readonly connection: Connection;
	readonly jobs: JobService;
	readonly store: BatchStore;
	readonly flags: FlagValues;
	readonly io: Io;
};

const findState = async ({store}: Access, arn: string): Promise<BatchState | undefined> =>
	(await store.all()).find((state) => state.jobs.some((job) => job.arn === arn));

const isJson = ({flags, io}: Access): boolean => resolveOutput(flags, io.environment).json !== undefined;

const list = async (access: Access): Promise<number> => {
	const {jobs, store, io} = access;
	const known = new Set((await store.all()).flatMap((state) => state.jobs.map(({arn}) => arn)));
	const listed = await jobs.list(mostListed);
	const lines = listed.map((job) => {
		const mark = known.has(job.arn) ? '  (from here)' : '';
		const counts = job.total === 0 ? '' : `  ${job.processed}/${job.total}`;
		return `${job.status.padEnd(18)}  ${job.arn}  ${job.name}${counts}${mark}`;
	});
	await writeLines(io.stdout, isJson(access) ? [JSON.stringify(listed)] : lines);
	return 0;
};

const stop = async (access: Access, arn: string): Promise<number> => {
	const {jobs, io} = access;
	await jobs.stop(arn);
	const {status} = await jobs.get(arn);
	await writeLines(io.stdout, [isJson(access) ? JSON.stringify({jobArn: arn, status}) : `${arn} ${status}`]);
	return 0;
};

const stateOf = async (access: Access, arn: string): Promise<BatchState> => {
	const state = await findState(access, arn);
	if (state !== undefined) {
		return state;
	}
	const {status, message} = await access.jobs.get(arn);
	throw new UserError(
		`${arn} was not submitted from here, so its outputs cannot be joined; it is ${status}${message === undefined ? '' : ` (${message})`}.`,
		{
			exitCode: 1,
			hint: hasEnded(status) ? 'Its outputs lie in S3.' : 'Watch it where it was submitted, or with --list.',
		},
	);
};

const watchOptions = ({account, store, flags, io}: Access) => ({
	account,
	store,
	output: resolveOutput(flags, io.environment),
	isDemo: false,
});

const watch = async (access: Access, arn: string): Promise<number> => {
	const state = await stateOf(access, arn);
	return watchBatch(state, {...watchOptions(access), limits: usualLimits}, access.io);
};

const resubmit = async (access: Access, arn: string): Promise<number> => {
	const {account, store, flags, connection, io} = access;
	const before = await stateOf(access, arn);
	if (before.results === null) {
		throw new UserError(`What failed in the batch of ${arn} is not known yet.`, {
			exitCode: 2,
			hint: `Fetch its outputs first: bedrock-top batch --watch ${arn}`,
		});
	}
	if (before.failed.length === 0) {
		await writeLines(io.stderr, ['Every record had an answer: there is nothing to submit again.']);
		return 0;
	}
	const {preset, source, maxTokens, seed, target, form, price} = before;
	const limits = await readBatchLimits(account.options.source, target.baseModel);
	const batch = await store.loadTask(before.id);
	const config = {preset, maxTokens, seed, guards: readGuards(flags), connection};
	const lineOf = lineMaker(target, form, maxTokens);
	const makings = {config, batch, target, form, price, limits, lineOf, source};
	const {state, isNew} = await findOrMakeAgain(makings, before, store, Date.now());
	await writeLines(io.stderr, [
		isNew
			? `${state.records} of ${before.records} records had no answer and are submitted again.`
			: 'Going on with the batch that this command began before.',
	]);
	return watchBatch(state, {...watchOptions(access), limits}, io);
};

/** Does what a flag asks of jobs that were submitted before. @returns Exit code. */
export const aboutJobs = async ({flags}: Arguments, connection: Connection, io: Io): Promise<number> => {
	const account = await openAccount({
		connection,
		override: resolveOverride(flags),
		isRefreshing: false,
		tier: undefined,
	});
	const jobs = createJobService(account.clients);
	const access = {account, connection, jobs, store: createBatchStore(batchFolder()), flags, io};
	const [stopped, watched, again] = ['stop', 'watch', 'resubmit'].map((name) => flags.text(name));
	try {
		if (stopped !== undefined) {
			return await stop(access, stopped);
		}
		if (watched !== undefined) {
			return await watch(access, watched);
		}
		return await (again === undefined ? list(access) : resubmit(access, again));
	} finally {
		account.clients.close();
	}
};
