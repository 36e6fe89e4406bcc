import {createAccountLink} from '../account/account-link.ts';
import {createAccountSession} from '../account/account-session.ts';
import {systemClock} from '../domain/clock.ts';
import {createSession} from './engine-session.ts';
import type {EngineReport, EngineRequest} from './messages.ts';
import {createRunAccount} from './run-account.ts';

/**
 * The engine with the account monitor, in whatever thread it is made.
 * @param accountPatienceMs Longest that a plan waits for what others use; the usual where absent.
 * @returns Takes requests.
 */
export const createEngine = (
	publish: (report: EngineReport) => void,
	accountPatienceMs?: number,
): ((request: EngineRequest) => void) => {
	const link = createAccountLink();
	const account = createAccountSession({clock: systemClock, link, publish});
	return createSession({
		clock: systemClock,
		publish,
		account: createRunAccount(link, account, systemClock, accountPatienceMs),
		onAccountRequest: account.handle,
		onClose: account.close,
	});
};
