import {createHash} from 'node:crypto';
import {fleetBucketName, glanceAt, type ScriptStore} from '../admission/fleet/redis-ledger.ts';
import type {Clients} from '../bedrock/clients/clients.ts';
import type {FleetLedger} from '../domain/run-config.ts';
import type {Target} from '../domain/target.ts';
import {createLedgerConnection, type LedgerConnection} from './ledger-connection.ts';
import {type LedgerFault, ledgerFaultOf} from './ledger-faults.ts';

/** The store in which fleets share their ledgers, as one program uses it that calls one account. */

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

const isForbidden = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOPERM');

/** Runs scripts by their digests, which are sent whole where the store does not know them yet. */
const scriptsBy = ({send}: Pick<LedgerConnection, 'send'>): ScriptStore => {
	const digests = new Map<string, string>();
	return {
		async eval(script, keys, words) {
			const digest = digests.get(script) ?? createHash('sha1').update(script).digest('hex');
			digests.set(script, digest);
			const rest = [String(keys.length), ...keys, ...words];
			try {
				return await send(['EVALSHA', digest, ...rest]);
			} catch (error) {
				if (error instanceof Error && error.message.startsWith('NOSCRIPT')) {
					return send(['EVAL', script, ...rest]);
				}
				throw error;
			}
		},
	};
};

/** Whose buckets they are: an account's number, or what stands for it. */
type Owner = {readonly name: string; readonly isKnown: boolean};

/** Programs of different accounts must not meet in a ledger, nor those of an account and of a simulator. */
async function ownerOf(clients: Clients): Promise<Owner> {
	// An endpoint that the profile names is known from here on.
	await clients.region();
	const number = await clients.account();
	const at = clients.endpoint === null ? '' : `@${new URL(clients.endpoint).host}`;
	if (number !== null) {
		return {name: `${number ?? 'simulated'}${at}`, isKnown: true};
	}
	const {config} = await clients.runtime();
	const key = clients.hasToken
		? (process.env.AWS_BEARER_TOKEN_BEDROCK ?? '')
		: (await config.credentials()).accessKeyId;
	return {name: `key-${createHash('sha256').update(key).digest('hex').slice(0, 12)}${at}`, isKnown: false};
}

/** A bucket by what it is of. */
type Place = Pick<Target, 'region' | 'baseModel' | 'scope'>;

export type FleetStore = {
	readonly store: ScriptStore;
	/** Why it can't be used now; undefined where it can, as far as it says. */
	readonly fault: LedgerFault | undefined;
	/** Programs that are not of the same account share nothing; where its number is not known, those of one access key do. */
	readonly isOwnerKnown: boolean;
	/** The name of a bucket in the store. */
	readonly nameOf: (place: Place) => string;
	/** What its members use of a bucket, without joining them; undefined where there are none. Rejects. */
	readonly lookAt: (place: Place) => ReturnType<typeof glanceAt>;
	readonly close: () => void;
};

/** Opens the store of a fleet and has it looked at. @param place A bucket that is meant, where one is known. */
export async function openFleetStore(
	{address}: Pick<FleetLedger, 'address'>,
	clients: Clients,
	place?: Place,
): Promise<FleetStore> {
	const owner = await ownerOf(clients);
	const connection = createLedgerConnection(address);
	const store = scriptsBy(connection);
	const nameOf = ({region, baseModel, scope}: Place): string =>
		fleetBucketName({account: owner.name, region, baseModel, scope});
	const tryOut = async (): Promise<LedgerFault | undefined> => {
		try {
			await connection.open();
			const facts = await connection.send(['INFO', 'server']).catch((error: unknown) => {
				if (isForbidden(error)) {
					return '';
				}
				throw error;
			});
			const fault = tooOld(String(facts));
			if (fault === undefined) {
				await glanceAt({store, bucket: place === undefined ? owner.name : nameOf(place)});
			}
			return fault;
		} catch (error) {
			return ledgerFaultOf(error);
		}
	};
	return {
		store,
		fault: await tryOut(),
		isOwnerKnown: owner.isKnown,
		nameOf,
		lookAt: async (bucket) => glanceAt({store, bucket: nameOf(bucket)}),
		close: connection.close,
	};
}
