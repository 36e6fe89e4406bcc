import type {FleetLedger} from '../domain/run-config.ts';
import {UserError} from '../domain/user-error.ts';
import {createLedgerConnection, type LedgerConnection} from './ledger-connection.ts';
import {type LedgerFault, ledgerFaultOf} from './ledger-faults.ts';

/** Oldest Redis whose scripts may read its clock before they write. */
const oldestRedis = 5;

/** Why a store that answers can't hold a ledger. @param facts What it says of itself. */
const tooOld = (facts: string): LedgerFault | undefined => {
	const [, version = '', major = ''] = /^redis_version:((\d+)[^\r\n]*)/m.exec(facts) ?? [];
	return major !== '' && Number(major) < oldestRedis
		? {
				reason: `it is Redis ${version}`,
				hint: `Use Redis ${oldestRedis} or newer, or Valkey.`,
				isLasting: true,
			}
		: undefined;
};

/** Why a ledger can't be used; undefined where it can, as far as it says. */
const faultOfStore = async (connection: LedgerConnection): Promise<LedgerFault | undefined> => {
	try {
		await connection.open();
		return tooOld(String(await connection.send(['INFO', 'server'])));
	} catch (error) {
		const isForbidden = error instanceof Error && error.message.startsWith('NOPERM');
		return isForbidden ? undefined : ledgerFaultOf(error);
	}
};

/**
 * Opens the ledger of a fleet before anything is sent. Where it can't be used now, the program goes on by a part of the
 * quota, if it may and can.
 * @param warn Called with a sentence where it goes on without the ledger.
 * @throws UserError (exit 1) where nothing may be sent: `--ledger-down stop`, or a fault that waiting does not mend while
 * the number of members is not known.
 */
export async function openLedger(
	{name, address, whenLost, members}: FleetLedger,
	warn: (text: string) => void,
): Promise<LedgerConnection> {
	const connection = createLedgerConnection(address);
	const fault = await faultOfStore(connection);
	if (fault === undefined) {
		return connection;
	}
	const message = `The ledger ${name} can't be used: ${fault.reason}.`;
	if (whenLost === 'stop' || (fault.isLasting && members === undefined)) {
		connection.close();
		throw new UserError(message, {exitCode: 1, hint: fault.hint});
	}
	warn(`${message} ${fault.hint}`);
	return connection;
}
