import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {RecordedCall} from '../../source/domain/tap.ts';

/** When the recordings of the tests begin: within a minute of the clock. */
export const recordedFrom = Date.UTC(2026, 10, 30, 8, 0, 17);

/** A recorded call. @param atMs From the start of the recording. */
export const recordedCall = (atMs: number, over: Partial<RecordedCall> = {}): RecordedCall => ({
	at: new Date(recordedFrom + atMs).toISOString(),
	client: 'app',
	session: null,
	lane: 'normal',
	model: 'us.amazon.nova-lite-v1:0',
	method: 'converse-stream',
	inputTokens: 500,
	cacheReadTokens: 0,
	cacheWriteTokens: 0,
	maxTokens: 300,
	outputTokens: 100,
	timeToFirstTokenMs: 400,
	totalMs: 2000,
	heldMs: 0,
	outcome: 'answered',
	attempts: 1,
	...over,
});

/** Writes a recording. @param lines Calls, or lines as they are. @returns Its path. */
export const writeRecording = (lines: ReadonlyArray<RecordedCall | string>): string => {
	const file = path.join(mkdtempSync(path.join(tmpdir(), 'bedrock-top-')), 'recording.jsonl');
	writeFileSync(
		file,
		lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
	);
	return file;
};
