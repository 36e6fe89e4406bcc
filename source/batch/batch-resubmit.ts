import path from 'node:path';
import {readBatchLimits} from '../bedrock/jobs/batch-limits.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import {readGuards} from '../config/resolve-run.ts';
import type {BatchLimits} from '../domain/batch-limits.ts';
import {UserError} from '../domain/user-error.ts';
import {writeJson, writeLines} from '../terminal/io.ts';
import {writeJsonFile} from '../terminal/json-file.ts';
import {formatCount} from '../text/numbers.ts';
import {type Access, limitsOf, stateOf, watchOptions} from './batch-access.ts';
import {findUnanswered, type Unanswered} from './batch-again.ts';
import {againLines, fetchAgainLines} from './batch-commands.ts';
import {lineMaker} from './batch-line.ts';
import type {BatchState} from './batch-state-file.ts';
import {makeAgain} from './batch-submit.ts';
import {watchBatch} from './batch-watch.ts';
import type {BatchTask} from './records.ts';

/** `batch --resubmit ARN`: asks again what has no answer, however often it is called. */

/** Jobs that were never submitted, and whose records another batch asks now: nothing may go on with them. */
const giveUpWaiting = async ({store}: Access, line: readonly BatchState[]): Promise<void> => {
	for (const state of line.filter(({jobs}) => jobs.some(({arn}) => arn === null))) {
		await store.save({...state, jobs: state.jobs.filter(({arn}) => arn !== null)});
		await store.dropRecords(state.id);
	}
};

/** What is left may be too little for a job, and more of it cannot be had: on demand there is no such minimum. */
const assertEnough = (
	{last, failed}: Unanswered,
	batch: BatchTask,
	limits: BatchLimits,
	{connection}: Access,
): void => {
	if (failed.length >= limits.leastRecords) {
		return;
	}
	const folder = path.dirname(last.results ?? '');
	const lines = againLines({...last, failed}, batch, limits, folder, {profile: connection.profile});
	throw new UserError(
		`${formatCount(failed.length)} ${failed.length === 1 ? 'record has' : 'records have'} no answer, and a batch job needs at least ${formatCount(limits.leastRecords)}.`,
		{exitCode: 2, hint: lines.map((line) => line.trim()).join(' ')},
	);
};

const submitAgain = async (access: Access, before: BatchState, left: Unanswered): Promise<number> => {
	const {account, store, flags, connection, io} = access;
	const {last, failed} = left;
	const {preset, source, maxTokens, seed, target, form, price} = last;
	const limits = await readBatchLimits(account.options.source, target.baseModel);
	const batch = await store.loadTask(last.id);
	assertEnough(left, batch, limits, access);
	const config = {preset, maxTokens, seed, guards: readGuards(flags), connection};
	const lineOf = lineMaker(target, form, maxTokens);
	const makings = {config, batch, target, form, price, limits, lineOf, source};
	const state = await makeAgain(makings, left, store, Date.now());
	await giveUpWaiting(access, left.line);
	const words = last === before ? 'had no answer' : 'still have no answer';
	await writeLines(io.stderr, [
		`${failed.length} of ${before.records} records ${words} and are submitted again.`,
	]);
	return watchBatch(state, {...watchOptions(access), limits}, io);
};

/** What `--json` tells of a command that had nothing to submit: no job, no records, no results. */
const nothing = {
	jobArn: null,
	status: null,
	records: {total: 0, succeeded: 0, failed: 0},
	results: null,
};

const tellNothingLeft = async ({flags, io}: Access, isLater: boolean): Promise<void> => {
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
 * Outputs that are not where they should be may hold answers that are paid for.
 * @throws UserError (exit 1) with the places.
 */
const assertFetched = (last: BatchState, {connection}: Access): void => {
	const {troubles = [], failed} = last;
	if (troubles.length > 0 && failed.length > 0) {
		const lines = fetchAgainLines(last, {profile: connection.profile});
		throw new UserError(troubles.join(' '), {
			exitCode: 1,
			hint: lines.map((line) => line.trim()).join(' '),
		});
	}
};

/** @returns Exit code; 0 where every record has an answer by now. */
export const resubmit = async (access: Access, arn: string): Promise<number> => {
	const {store, io} = access;
	const before = await stateOf(access, arn);
	if (before.results === null) {
		throw new UserError(`What failed in the batch of ${arn} is not known yet.`, {
			exitCode: 2,
			hint: `Fetch its outputs first: bedrock-top batch --watch ${arn}`,
		});
	}
	const left = findUnanswered(before, await store.all());
	assertFetched(left.last, access);
	if (left.begun !== undefined) {
		await writeLines(io.stderr, ['Going on with the batch that this command began before.']);
		const limits = await limitsOf(access, left.begun);
		return watchBatch(left.begun, {...watchOptions(access), limits}, io);
	}
	if (left.failed.length === 0) {
		await tellNothingLeft(access, left.last !== before);
		return 0;
	}
	return submitAgain(access, before, left);
};
