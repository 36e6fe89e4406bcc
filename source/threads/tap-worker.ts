import {parentPort} from 'node:worker_threads';
import type {Ping, Pong, TapRequest} from './messages.ts';
import {createTapSession} from './tap-session.ts';
import {endWorker, forgetCompileCache} from './worker-start.ts';

/** Entry point of the tap's thread: nothing that is drawn delays what passes. */

forgetCompileCache();

const port = parentPort;
if (port === null) {
	throw new Error('tap-worker runs only as a worker thread');
}

const handle = createTapSession((report) => {
	port.postMessage(report);
	if (report.type === 'closed') {
		endWorker(port);
	}
});

port.on('message', (request: TapRequest | Ping) => {
	if (request.type === 'ping') {
		port.postMessage({type: 'pong'} satisfies Pong);
	} else {
		handle(request);
	}
});
