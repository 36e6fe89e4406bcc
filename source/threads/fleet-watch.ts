import type {AccountReport, MonitorRequest} from '../account/account-session.ts';
import {createClients} from '../bedrock/clients/clients.ts';
import type {AccountBucket, AccountRegion} from '../domain/account-snapshot.ts';
import type {Clock} from '../domain/clock.ts';
import type {FleetRow} from '../domain/fleet-view.ts';
import type {FleetLedger} from '../domain/run-config.ts';
import {type FleetStore, openFleetStore} from './fleet-store.ts';
import {ledgerFaultOf} from './ledger-faults.ts';

/** The members of fleets beside the account's figures, for whoever watches and sends nothing. */
type FleetWatch = {
	/** What is watched from now on. */
	readonly follow: (request: MonitorRequest) => void;
	/** Publishes a report with the members of its buckets, in the order in which reports come. */
	readonly publish: (report: AccountReport) => void;
	readonly close: () => void;
};

/** What is read anew no earlier, in milliseconds. */
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
