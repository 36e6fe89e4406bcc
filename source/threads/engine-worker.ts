import {parentPort} from 'node:worker_threads';
import {forgetCompileCache} from './compile-cache.ts';
import {createEngine} from './engine.ts';
import type {EngineRequest} from './messages.ts';

/** Entry point of the engine's thread: the run lives here, so that drawing never touches a latency. */

forgetCompileCache();

const port = parentPort;
if (port === null) {
	throw new Error('engine-worker runs only as a worker thread');
}

const handle = createEngine((report) => {
	port.postMessage(report);
	if (report.type === 'closed') {
		port.close();
	}
});

port.on('message', (request: EngineRequest) => {
	handle(request);
});
