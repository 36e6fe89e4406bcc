import type {Account} from '../bedrock/account-access.ts';
import {readBatchLimits} from '../bedrock/jobs/batch-limits.ts';
import {hasEnded, type JobService} from '../bedrock/jobs/job-service.ts';
import type {FlagValues} from '../config/parse-arguments.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import type {Connection} from '../domain/run-config.ts';
import {UserError} from '../domain/user-error.ts';
import type {Io} from '../terminal/io.ts';
import type {BatchStore} from './batch-state.ts';
import type {BatchState} from './batch-state-file.ts';
import type {WatchOptions} from './batch-watch.ts';

/** What the commands about jobs that are there already have in common. */

export type Access = {
	readonly account: Account;
	readonly connection: Connection;
	readonly jobs: JobService;
	readonly store: BatchStore;
	readonly flags: FlagValues;
	readonly io: Io;
};

/** The batch that a job belongs to. @throws UserError (exit 1) for a job that was submitted elsewhere. */
export const stateOf = async ({store, jobs}: Access, arn: string): Promise<BatchState> => {
	const state = (await store.all()).find((each) => each.jobs.some((job) => job.arn === arn));
	if (state !== undefined) {
		return state;
	}
	const {status, message} = await jobs.get(arn);
	throw new UserError(
		`${arn} was not submitted from here, so its outputs cannot be joined; it is ${status}${message === undefined ? '' : ` (${message})`}.`,
		{
			exitCode: 1,
			hint: hasEnded(status) ? 'Its outputs lie in S3.' : 'Watch it where it was submitted, or with --list.',
		},
	);
};

/** The limits that a batch was submitted under; states of earlier versions have none, so the account is asked again. */
export const limitsOf = async (
	{account}: Access,
	{limits, target}: BatchState,
): Promise<WatchOptions['limits']> =>
	limits ?? (await readBatchLimits(account.options.source, target.baseModel));

export const watchOptions = ({account, store, flags, connection, io}: Access) => ({
	account,
	store,
	output: resolveOutput(flags, io.environment),
	isDemo: false,
	profile: connection.profile,
});
