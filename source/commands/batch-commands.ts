import type {BatchLimits} from '../prompts/batch/limits.ts';
import {type BatchTask, placeAt} from '../prompts/batch/records.ts';
import {isWaiting} from './batch-run.ts';
import type {BatchState} from './batch-state.ts';

/** Commands that are printed for the user to go on with. */

/** A word of a command line, quoted where a shell would take it apart. */
const shellWord = (text: string): string =>
	/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** How to come back to a batch that was left. */
export const comeBackLines = (state: BatchState, isDemo: boolean): readonly string[] => {
	if (isDemo) {
		return ['Left: the jobs of a demo end with its simulator.'];
	}
	const [arn, ...others] = state.jobs.flatMap((job) => (job.arn === null ? [] : [job.arn]));
	const waiting = state.jobs.filter(isWaiting).length;
	return [
		...(arn === undefined
			? ['Nothing was submitted yet.']
			: [
					`The ${others.length === 0 ? 'job goes' : 'jobs go'} on without this program. Come back with:`,
					`  bedrock-top batch --watch ${arn}`,
					`  bedrock-top batch --stop ${arn}`,
				]),
		...(waiting > 0
			? [`${waiting} of ${state.jobs.length} jobs wait to be submitted: the same command goes on with them.`]
			: []),
	];
};

/**
 * How to ask again what had no answer: as a batch where there is enough of it, else on demand.
 * @param folder Of the results.
 */
export const againLines = (
	{jobs, failed, source, target, maxTokens}: BatchState,
	batch: BatchTask,
	{leastRecords}: Pick<BatchLimits, 'leastRecords'>,
	folder: string,
): readonly string[] => {
	const [arn] = jobs.flatMap((job) => (job.arn === null ? [] : [job.arn]));
	if (failed.length >= leastRecords && arn !== undefined) {
		return [`  bedrock-top batch --resubmit ${arn}`];
	}
	const tooFew = `That is less than the ${leastRecords} records of a batch job`;
	const variants = [...new Set(failed.map((index) => placeAt(batch, index)?.variant ?? 0))].map(
		(index) => batch.variants[index],
	);
	if (source === null || new Set(variants.map((variant) => variant?.itemsPerRequest)).size > 1) {
		return [`${tooFew}.`];
	}
	const names = variants.map((variant) => variant?.name ?? '').join(',');
	const words = [source, '--load', 'measure', '--resume', folder, '--variants', names, '-m', target.model];
	const line = [...words, '--max-tokens', String(maxTokens)].map(shellWord).join(' ');
	return [`${tooFew}; on demand it is:`, `  bedrock-top run ${line}`];
};
