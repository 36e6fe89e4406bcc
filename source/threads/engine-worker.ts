import {parentPort} from 'node:worker_threads';
import {forgetCompileCache} from './compile-cache.ts';
import {endWorker} from './end-worker.ts';
import {createEngine} from './engine.ts';
import type {EngineRequest, Ping, Pong} from './messages.ts';

/** Entry point of the engine's thread: the run lives here, so that drawing never touches a latency. */

forgetCompileCache();

const port = parentPort;
if (port === null) {
	throw new Error('engine-worker runs only as a worker thread');
}

const handle = createEngine((report) => {
	port.postMessage(report);
	if (report.type === 'closed') {
		endWorker(port);
	}
});

port.on('message', (request: EngineRequest | Ping) => {
	if (request.type === 'ping') {
		port.postMessage({type: 'pong'} satisfies Pong);
	} else {
		handle(request);
	}
});
