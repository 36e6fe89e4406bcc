import {parentPort} from 'node:worker_threads';
import {systemClock} from '../engine/clock.ts';
import {createAccountLink} from './account-link.ts';
import {createAccountSession} from './account-session.ts';
import {createSession} from './engine-session.ts';
import type {EngineReport, EngineRequest} from './messages.ts';
import {createRunAccount} from './run-account.ts';

/** Entry point of the engine's thread: the run lives here, so that drawing never touches a latency. */

const port = parentPort;
if (port === null) {
	throw new Error('engine-worker runs only as a worker thread');
}

const publish = (report: EngineReport): void => {
	port.postMessage(report);
	if (report.type === 'closed') {
		port.close();
	}
};

const link = createAccountLink();
const account = createAccountSession({clock: systemClock, link, publish});
const handle = createSession({
	clock: systemClock,
	publish,
	account: createRunAccount(link, account, systemClock),
	onAccountRequest: account.handle,
	onClose: account.close,
});

port.on('message', (request: EngineRequest) => {
	handle(request);
});
