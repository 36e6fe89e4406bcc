import {listOptions} from '../bedrock/account-access.ts';
import {type Clients, createClients} from '../bedrock/clients/clients.ts';
import {
	type AccountDirectory,
	directoryOfTargets,
	readDirectory,
} from '../bedrock/cloudwatch/account-directory.ts';
import {createUsageSource} from '../bedrock/cloudwatch/usage-reader.ts';
import {quotaSourceOf} from '../bedrock/quotas/aws-quota-source.ts';
import type {QuotaSource} from '../bedrock/quotas/quota-source.ts';
import {
	type AccountRegion,
	type AccountSnapshot,
	bucketKey,
	sourceId,
	sourceIdOf,
} from '../domain/account-snapshot.ts';
import type {Clock} from '../domain/clock.ts';
import type {Connection, FleetLedger, QuotaOverride} from '../domain/run-config.ts';
import type {Target} from '../domain/target.ts';
import {faultOf} from '../domain/user-error.ts';
import {type AccountMonitor, createAccountMonitor} from './account-monitor.ts';
import {type OwnTrafficRegistry, OwnUse} from './own-traffic-registry.ts';

/** The account monitor, which lives in the engine's thread: its messages, and the watching of each Region. */

/** What is watched. */
type AccountWatch = {
	readonly connection: Connection;
	/** Empty: the Region in use. */
	readonly regions: readonly string[];
	readonly override: QuotaOverride;
	/** Read models and quotas although they are cached. */
	readonly isRefreshing: boolean;
	/** Everything active counts as on screen, as in print. */
	readonly isAllOnScreen: boolean;
	/** The ledger in which fleets share these buckets: their members are shown beside the account's figures. */
	readonly ledger?: FleetLedger | undefined;
};

/** A bucket that is on screen. */
export type BucketPlace = {readonly region: string; readonly key: string};

export type MonitorRequest =
	/** Starts, or continues with other Regions. */
	| {readonly type: 'watch-account'; readonly watch: AccountWatch}
	/** Percentiles are read of these alone. */
	| {readonly type: 'look-at-account'; readonly places: readonly BucketPlace[]};

/** Once per minute, and when something more was read. */
export type AccountReport = {readonly type: 'account'; readonly account: AccountSnapshot};

/** The account monitor's side of the engine's thread. */
export type AccountSession = {
	readonly handle: (request: MonitorRequest) => void;
	/**
	 * Watches the buckets of a run, unless the whole account is watched.
	 * @returns Resolves with their first figures, or when there can be none.
	 */
	readonly followTargets: (targets: readonly Target[], connection: Connection) => Promise<void>;
	readonly close: () => void;
};

type Ports = {
	readonly clock: Clock;
	readonly link: OwnTrafficRegistry;
	readonly publish: (report: AccountReport) => void;
};

/** A watched Region. */
type Watched = {
	readonly monitor: AccountMonitor;
	readonly clients: Clients;
	/** Keys of the buckets that are watched; undefined: all of them. */
	readonly keys: ReadonlySet<string> | undefined;
	/** Key of its connection: another connection needs another monitor. */
	readonly connection: string;
	/** Resolves with the first figures, or with the reason why there are none. */
	readonly polled: Promise<void>;
};

/** Sockets of a monitor. */
const maxSockets = 4;

/** Owns the monitors: one for each Region. */
export function createAccountSession({clock, link, publish}: Ports): AccountSession {
	const watched = new Map<string, Watched>();
	const latest = new Map<string, AccountRegion>();
	let shown: readonly string[] = [];

	const stop = (id: string): void => {
		const known = watched.get(id);
		known?.monitor.stop();
		known?.clients.close();
		watched.delete(id);
		latest.delete(id);
	};

	const take = (region: AccountRegion): void => {
		const id = sourceIdOf(region);
		latest.set(id, region);
		// Runs share no bucket with another account.
		if (region.isBeside !== true) {
			link.update(region);
		}
		if (shown.includes(id)) {
			publish({type: 'account', account: {regions: shown.flatMap((name) => latest.get(name) ?? [])}});
		}
	};

	const start = (
		place: Place,
		clients: Clients,
		keys: Watched['keys'],
		{isAllOnScreen, connection}: {readonly isAllOnScreen: boolean; readonly connection: Connection},
		open: (source: QuotaSource) => Promise<AccountDirectory>,
	): Watched => {
		const {region, profile, isBeside = false} = place;
		const id = sourceIdIn(place);
		stop(id);
		const source = quotaSourceOf(clients);
		const {promise: polled, resolve} = Promise.withResolvers<void>();
		let account: string | null | undefined;
		const monitor = createAccountMonitor({
			region,
			// An endpoint of the configuration file is known once the Region is.
			get endpoint() {
				return clients.endpoint;
			},
			account: () => account,
			isSimulated: () => source.isSimulated?.() ?? false,
			clock,
			source: createUsageSource(clients, clock),
			async readDirectory() {
				await clients.region();
				await clients.checkCredentials();
				const [directory, number] = await Promise.all([open(source), clients.account()]);
				account = number;
				return directory;
			},
			own: isBeside ? new OwnUse() : link.own(region),
			isEverything: keys === undefined,
			mayPoll: async () => isBeside || (await link.mayPoll(region)) || keys === undefined,
			isAllOnScreen,
			publish(found) {
				take(profile === undefined ? found : named(found, profile, isBeside));
				// Which quota tokens were used today is read last.
				if (found.phase === 'failed' || found.polls > 0) {
					resolve();
				}
			},
		});
		const made = {monitor, clients, keys, polled, connection: connectionKey(connection)};
		watched.set(id, made);
		monitor.start();
		return made;
	};

	const watchPlace = (
		place: Place,
		clients: Clients,
		connection: Connection,
		asked: AccountWatch,
	): Watched => {
		const {isAllOnScreen} = asked;
		return start(place, clients, undefined, {isAllOnScreen, connection}, async (source) =>
			readDirectory(listOptions(clients, place.region, {...asked, connection, tier: undefined}, source)),
		);
	};

	/** Undefined without a Region: the monitor then says so. */
	const regionOf = async (clients: Clients): Promise<string | undefined> => {
		try {
			return await clients.region();
		} catch {
			return undefined;
		}
	};

	const watch = async (asked: AccountWatch): Promise<void> => {
		const {connection} = asked;
		const wanted = asked.regions.length > 0 ? asked.regions : [connection.region];
		const opened = await Promise.all(
			profilesOf(connection).flatMap((named) =>
				wanted.map(async (asRegion) => {
					const own = {...connection, profile: named.connected, region: asRegion};
					const clients = createClients(own, {maxSockets});
					const region = asRegion ?? (await regionOf(clients)) ?? noRegion;
					return {clients, connection: own, place: {region, ...named.place}};
				}),
			),
		);
		shown = [...new Set(opened.map(({place}) => sourceIdIn(place)))];
		for (const id of [...watched.keys()].filter((each) => !shown.includes(each))) {
			stop(id);
		}
		for (const {place, clients, connection: own} of opened) {
			const known = watched.get(sourceIdIn(place));
			if (known?.keys === undefined && known?.connection === connectionKey(own)) {
				clients.close();
			} else {
				watchPlace(place, clients, own, asked);
			}
		}
		for (const region of shown.flatMap((each) => latest.get(each) ?? []).slice(0, 1)) {
			take(region);
		}
	};

	/** Reports an endpoint setting that cannot be used. */
	const fail = ({connection}: AccountWatch, error: unknown): void => {
		const {message, hint} = faultOf(error);
		const region = connection.region ?? noRegion;
		shown = [region];
		take({
			region,
			simulated: false,
			endpoint: null,
			phase: 'failed',
			waitingFor: [],
			polls: 1,
			minute: null,
			isComplete: false,
			at: clock.epoch(),
			buckets: [],
			remarks: [message, ...(hint === undefined ? [] : [hint])],
			cost: {calls: 0, metrics: 0, usd: 0, usdPerHour: 0},
			nextPollSeconds: 0,
		});
	};

	return {
		handle(request) {
			switch (request.type) {
				case 'watch-account':
					watch(request.watch).catch((error: unknown) => fail(request.watch, error));
					break;
				case 'look-at-account':
					for (const [id, {monitor}] of watched) {
						monitor.setOnScreen(request.places.filter((place) => place.region === id).map(({key}) => key));
					}
					break;
			}
		},
		async followTargets(targets, connection) {
			const byRegion = Map.groupBy(targets, ({region}) => region);
			await Promise.all(
				[...byRegion].map(([region, members]) => {
					const known = watched.get(region);
					const keys = new Set(members.map((target) => bucketKey(target)));
					if (
						known?.connection === connectionKey(connection) &&
						(known.keys === undefined || [...keys].every((key) => known.keys?.has(key)))
					) {
						return known.polled;
					}
					const clients = createClients({...connection, region}, {maxSockets});
					return start({region}, clients, keys, {isAllOnScreen: false, connection}, async (source) =>
						directoryOfTargets(members, source),
					).polled;
				}),
			);
		},
		close() {
			for (const region of [...watched.keys()]) {
				stop(region);
			}
		},
	};
}

/** Distinguishes connections, whatever their Region. */
const connectionKey = ({profile, simulatorUrl}: Connection): string =>
	JSON.stringify([profile, simulatorUrl]);

/** What a monitor watches. */
type Place = {
	readonly region: string;
	/** Undefined where only one is watched. */
	readonly profile?: string | undefined;
	readonly isBeside?: boolean;
};

const sourceIdIn = ({region, profile, isBeside}: Place): string =>
	sourceId(region, isBeside === true ? profile : undefined);

/** The profile of runs first. Only where several are watched they are named. */
const profilesOf = ({
	profile,
	otherProfiles = [],
}: Connection): ReadonlyArray<{
	readonly connected: string | undefined;
	readonly place: Omit<Place, 'region'>;
}> => [
	{connected: profile, place: otherProfiles.length === 0 ? {} : {profile}},
	...otherProfiles.map((other) => ({connected: other, place: {profile: other, isBeside: true}})),
];

/** Each row names its account. What belongs to another account than that of runs can't be run here. */
const named = (region: AccountRegion, profile: string, isBeside: boolean): AccountRegion => ({
	...region,
	profile,
	...(isBeside ? {isBeside} : {}),
	buckets: region.buckets.map((bucket) => ({
		...bucket,
		// Two profiles may be of one account.
		owner: region.account == null ? profile : `${profile} ${region.account}`,
		...(isBeside ? {profile, callable: null} : {}),
	})),
});

/** In place of a Region where none is set. */
const noRegion = '';
