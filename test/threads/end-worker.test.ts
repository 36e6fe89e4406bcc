import {readFileSync} from 'node:fs';
import path from 'node:path';
import {Worker} from 'node:worker_threads';
import {describe, expect, it} from 'vitest';
import {endWorker, workerUrl} from '../../source/threads/worker-start.ts';

/** Tests endWorker of source/threads/worker-start.ts. */

const threads = path.resolve(import.meta.dirname, '../../source/threads');

/** A worker in a runtime whose ports cannot be closed (Deno is one). */
const withoutClose = (entry: URL): Worker => {
	const text = `
		import {parentPort} from 'node:worker_threads';
		parentPort.close = undefined;
		await import(${JSON.stringify(entry.href)});`;
	return new Worker(new URL(`data:text/javascript,${encodeURIComponent(text)}`));
};

describe('the end of a worker', () => {
	it.each([
		['engine-worker', [], [{type: 'close'}]],
		['simulator-worker', ['listening'], [{type: 'start', options: {port: 0, seed: 1}}, {type: 'close'}]],
	] as const)(
		'of %s comes where its port cannot be closed, behind its last word',
		async (name, first, requests) => {
			const worker = withoutClose(workerUrl(name));
			const heard: string[] = [];
			const errors: unknown[] = [];
			worker.on('message', (report: {readonly type: string}) => heard.push(report.type));
			worker.on('error', (error) => errors.push(error));
			const ended = new Promise<number>((resolve) => {
				worker.on('exit', resolve);
			});
			for (const request of requests) {
				worker.postMessage(request);
			}
			expect([await ended, errors, heard]).toEqual([0, [], [...first, 'closed']]);
		},
	);

	it('closes a port that can be closed, and does not end the thread', () => {
		const done: string[] = [];
		endWorker({close: () => done.push('closed')}, () => done.push('exit'));
		endWorker({}, () => done.push('exit'));
		expect(done).toEqual(['closed', 'exit']);
	});

	it.each(['engine-worker', 'simulator-worker', 'checks-worker', 'reports-worker'])(
		'is nothing that %s does by itself',
		(name) => {
			expect(readFileSync(path.join(threads, `${name}.ts`), 'utf8')).not.toMatch(
				/\b(port|parentPort)\??\.close/,
			);
		},
	);
});
