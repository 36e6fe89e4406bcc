import {hasEnded} from '../bedrock/jobs/job-service.ts';
import {writeLines} from '../terminal/io.ts';
import {type Access, limitsOf, stateOf, watchOptions} from './batch-access.ts';
import type {BatchStore} from './batch-state.ts';
import type {BatchState} from './batch-state-file.ts';
import {watchBatch} from './batch-watch.ts';

/** `batch --watch ARN`: comes back to a batch. Its queue goes on, unless somebody stopped a job of it. */

const stops: ReadonlySet<string | null> = new Set(['Stopping', 'Stopped']);

/** Whoever stopped a job may have done so from elsewhere: the service is asked where the state is not known to be final. */
const isStopped = async ({jobs}: Access, state: BatchState): Promise<boolean> => {
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

/** @returns Exit code. */
export const rejoin = async (access: Access, arn: string): Promise<number> => {
	const state = await stateOf(access, arn);
	const limits = await limitsOf(access, state);
	const options = {...watchOptions(access), limits};
	const submitted = state.jobs.filter((job) => job.arn !== null);
	const waiting = state.jobs.length - submitted.length;
	const isHeld = waiting > 0 && (state.results !== null || (await isStopped(access, state)));
	if (!isHeld) {
		return watchBatch(state, options, access.io);
	}
	await writeLines(access.io.stderr, [
		`A job of this batch was stopped, so the ${waiting} of ${state.jobs.length} jobs that were never submitted stay so.`,
		'The command that began the batch goes on with them; what has no answer in the end, --resubmit submits again.',
	]);
	const store = keepingOthers(options.store, state);
	return watchBatch({...state, jobs: submitted}, {...options, store}, access.io);
};
