import {createHash} from 'node:crypto';
import type {AccountReport, MonitorRequest} from '../account/account-session.ts';
import {fleetBucketName, glanceAt, type ScriptStore} from '../admission/fleet/redis-ledger.ts';
import {type Clients, createClients} from '../bedrock/clients/clients.ts';
import type {AccountBucket, AccountRegion} from '../domain/account-snapshot.ts';
import type {Clock} from '../domain/clock.ts';
import type {FleetRow} from '../domain/fleet-view.ts';
import type {FleetLedger} from '../domain/run-config.ts';
import type {Target} from '../domain/target.ts';
import {
	createLedgerConnection,
	type LedgerConnection,
	type LedgerFault,
	ledgerFaultOf,
} from './ledger-connection.ts';

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

type FleetStore = {
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

/** The members of fleets beside the account's figures, for those who watch and send nothing. */
type FleetWatch = {
	/** What is watched from now on. */
	readonly follow: (request: MonitorRequest) => void;
	/** Publishes a report with the members of its buckets, in the order in which reports come. */
	readonly publish: (report: AccountReport) => void;
	readonly close: () => void;
};

/** What is read again no earlier, in milliseconds. */
const freshMs = 5000;

type Opened = {readonly ledger: FleetLedger; readonly store: Promise<FleetStore>; readonly end: () => void};

const open = (ledger: FleetLedger, connection: Parameters<typeof createClients>[0]): Opened => {
	const clients = createClients(connection, {maxSockets: 1});
	const store = openFleetStore(ledger, clients);
	return {
		ledger,
		store,
		end() {
			clients.close();
			store.then(
				({close}) => close(),
				() => {},
			);
		},
	};
};

/** @param publish Takes reports to their reader. */
export function createFleetWatch(publish: (report: AccountReport) => void, clock: Clock): FleetWatch {
	let opened: Opened | undefined;
	let queue: Promise<void> = Promise.resolve();
	const read = new Map<string, {readonly at: number; readonly rows: readonly FleetRow[]}>();

	const rowsOf = async (store: FleetStore, bucket: AccountBucket): Promise<readonly FleetRow[]> => {
		const {region, model: baseModel, scope} = bucket;
		const name = store.nameOf({region, baseModel, scope});
		const known = read.get(name);
		if (known !== undefined && clock.now() - known.at < freshMs) {
			return known.rows;
		}
		const seen = await store.lookAt({region, baseModel, scope});
		const rows = (seen?.members ?? [])
			.map(({name: member, state, use, inFlight, waiting}) => ({
				name: member,
				isSelf: false,
				state,
				use,
				inFlight,
				waiting,
			}))
			.toSorted((first, second) => (first.name < second.name ? -1 : 1));
		read.set(name, {at: clock.now(), rows});
		return rows;
	};

	const withFleet = async ({ledger, store}: Opened, region: AccountRegion): Promise<AccountRegion> => {
		try {
			const opening = await store;
			const buckets = await Promise.all(
				region.buckets.map(async (bucket) => {
					const fleet = await rowsOf(opening, bucket);
					return fleet.length === 0 ? bucket : {...bucket, fleet};
				}),
			);
			return {...region, buckets};
		} catch (error) {
			const {reason, hint} = ledgerFaultOf(error);
			const remark = `The ledger ${ledger.name} can't be used: ${reason}. ${hint}`;
			return {...region, remarks: [...region.remarks, remark]};
		}
	};

	return {
		follow(request) {
			if (request.type !== 'watch-account') {
				return;
			}
			const {ledger, connection} = request.watch;
			if (ledger?.name !== opened?.ledger.name) {
				opened?.end();
				opened = ledger && open(ledger, connection);
			}
		},
		publish(report) {
			const own = opened;
			if (own === undefined) {
				publish(report);
				return;
			}
			queue = queue.then(async () => {
				const regions = await Promise.all(
					report.account.regions.map(async (region) => withFleet(own, region)),
				);
				publish({...report, account: {regions}});
			});
		},
		close() {
			opened?.end();
			opened = undefined;
		},
	};
}
