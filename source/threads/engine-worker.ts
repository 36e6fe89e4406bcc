import {parentPort} from 'node:worker_threads';
import {createEngine} from './engine-session.ts';
import type {EngineRequest, Ping, Pong} from './messages.ts';
import {endWorker, forgetCompileCache} from './worker-start.ts';

/** Entry point of the engine's thread: the run is here, so that drawing never affects a latency. */

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
