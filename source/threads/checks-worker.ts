import {parentPort, workerData} from 'node:worker_threads';
import type {Check} from '../domain/task.ts';
import {checkPatterns, type PatternResult} from '../prompts/checks.ts';
import type {ChecksReport, ChecksRequest} from './messages.ts';

/** Entry point of the thread that runs checks written by users: one that never ends blocks only this thread. */

/** Start data of the thread. */
export type ChecksWorkerData = {readonly patterns: readonly Check[]};

const port = parentPort;
if (port === null) {
	throw new Error('checks-worker runs only as a worker thread');
}
const {patterns} = workerData as ChecksWorkerData;

const resultOf = (text: string): PatternResult => {
	try {
		return checkPatterns(text, patterns);
	} catch (error) {
		return {isMet: false, reason: `its check failed: ${error instanceof Error ? error.message : error}`};
	}
};

const report = (message: ChecksReport): void => port.postMessage(message);

port.on('message', ({answers}: ChecksRequest) => {
	for (const texts of answers) {
		report({type: 'checked', results: texts.map(resultOf)});
	}
});
// Checks are loaded now, so that it does not count against an answer's time limit.
for (const pattern of patterns) {
	checkPatterns('null', [pattern]);
}
report({type: 'ready'});
