import path from 'node:path';
import type {BatchLimits} from '../bedrock/jobs/batch-limits.ts';
import {isWaiting} from './job-runner.ts';
import {type BatchTask, positionAt} from './records.ts';
import type {BatchState} from './state.ts';

/** Commands that are printed for the user to continue with. */

/** A word of a command line, quoted where a shell would split or expand it. */
const shellWord = (text: string): string =>
	/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** Jobs are known in their own Region only. */
type Whereabouts = {readonly profile: string | undefined};

const whereWords = ({target}: BatchState, {profile}: Whereabouts): readonly string[] => [
	'--region',
	target.region,
	...(profile === undefined ? [] : ['--profile', profile]),
];

const commandLine = (words: readonly string[]): string => `  bedrock-top ${words.map(shellWord).join(' ')}`;

const firstArn = ({jobs}: BatchState): string | undefined =>
	jobs.find(({arn}) => arn !== null)?.arn ?? undefined;

/** How to fetch the outputs of a batch that is over. */
export function fetchLaterLines(state: BatchState, where: Whereabouts): readonly string[] {
	const arn = firstArn(state);
	return arn === undefined
		? []
		: [
				'The outputs are in S3. Fetch them with:',
				commandLine(['batch', '--watch', arn, ...whereWords(state, where)]),
			];
}

/** How to fetch again where outputs are missing that the service made: asking again would cost again. */
export function fetchAgainLines(state: BatchState, where: Whereabouts): readonly string[] {
	const arn = firstArn(state);
	return [
		'The answers may exist and are paid for, so no command to ask again is offered. Put the outputs there, unpacked, and fetch them:',
		...(arn === undefined ? [] : [commandLine(['batch', '--watch', arn, ...whereWords(state, where)])]),
	];
}

/** How to come back to a batch that was left. */
export function comeBackLines(state: BatchState, isDemo: boolean, where: Whereabouts): readonly string[] {
	if (isDemo) {
		return ['Left: the jobs of a demo end with its simulator.'];
	}
	const [arn, ...others] = state.jobs.flatMap((job) => (job.arn === null ? [] : [job.arn]));
	const waiting = state.jobs.filter(isWaiting).length;
	return [
		...(arn === undefined
			? ['Nothing was submitted yet.']
			: [
					`The ${others.length === 0 ? 'job continues' : 'jobs continue'} without this program. Come back with:`,
					commandLine(['batch', '--watch', arn, ...whereWords(state, where)]),
					commandLine(['batch', '--stop', arn, ...whereWords(state, where)]),
				]),
		...(waiting > 0
			? [
					`${waiting} of ${state.jobs.length} jobs wait to be submitted: the same command continues with them.`,
				]
			: []),
	];
}

/**
 * How to ask again what had no answer: as a batch where there are enough records, else on demand.
 * @param folder Of the results.
 */
export function againLines(
	state: BatchState,
	batch: BatchTask,
	{minRecords}: Pick<BatchLimits, 'minRecords'>,
	folder: string,
	where: Whereabouts,
): readonly string[] {
	const {failed, source, target, maxTokens, subset} = state;
	const arn = firstArn(state);
	if (failed.length >= minRecords && arn !== undefined) {
		return [commandLine(['batch', '--resubmit', arn, ...whereWords(state, where)])];
	}
	const tooFew = `That is less than the ${minRecords} records of a batch job`;
	const variants = [...new Set(failed.map((index) => positionAt(batch, index)?.variant ?? 0))].map(
		(index) => batch.variants[index],
	);
	if (subset !== null) {
		// --resume continues from one folder: it would ask again what earlier batches answered.
		return [`${tooFew}; what was asked is in ${path.join(folder, 'failed.jsonl')}.`];
	}
	if (source === null || new Set(variants.map((variant) => variant?.itemsPerRequest)).size > 1) {
		return [`${tooFew}.`];
	}
	const names = variants.map((variant) => variant?.name ?? '').join(',');
	const words = [source, '--load', 'measure', '--resume', folder, '--variants', names, '-m', target.model];
	// A typed value would replace the variants' own.
	const isOfRun = variants.every((variant) => (variant?.maxTokens ?? maxTokens) === maxTokens);
	const tokens = isOfRun ? ['--max-tokens', String(maxTokens)] : [];
	const line = ['run', ...words, ...tokens, ...whereWords(state, where)];
	return [`${tooFew}; on demand it is:`, commandLine(line)];
}
