import {type AccountSession, createAccountSession} from '../account/account-session.ts';
import {createOwnTrafficRegistry, type OwnTrafficRegistry} from '../account/own-traffic-registry.ts';
import {createLedgerStore, type LedgerStore} from '../admission/member-store.ts';
import {listOptions} from '../bedrock/account-access.ts';
import {type Clients, createClients} from '../bedrock/clients/clients.ts';
import {
	addressOf,
	configuredCertificates,
	configuredEndpoint,
	createNetwork,
	type Network,
} from '../bedrock/clients/network.ts';
import {priceOf} from '../bedrock/prices.ts';
import {resolveTargets} from '../bedrock/quotas/resolve-targets.ts';
import type {AccountFigures} from '../domain/bucket-usage.ts';
import {type Clock, systemClock} from '../domain/clock.ts';
import type {Connection} from '../domain/run-config.ts';
import type {TapConfig} from '../domain/tap.ts';
import type {Target} from '../domain/target.ts';
import {faultOf} from '../domain/user-error.ts';
import type {BucketMember} from '../engine/run.ts';
import {Programs} from '../tap/programs.ts';
import {isAddressOf, type UpstreamHost} from '../tap/routes.ts';
import {Tap} from '../tap/tap.ts';
import {secretsOf} from '../text/secrets.ts';
import type {TapReport, TapRequest} from './messages.ts';
import {fleetSharing, hostSharing, type Sharing} from './sharing.ts';
import {dayBookFolder, openDayBook, openRecorder} from './tap-files.ts';

/** Milliseconds between two snapshots, as of a run. */
const snapshotIntervalMs = 250;

/** Connections to the service: as many as clients have requests in flight. */
const maxSockets = 4096;

/** What a session has for its tap. */
type TapParts = {
	readonly clock: Clock;
	readonly account: Pick<AccountSession, 'followTargets'>;
	readonly link: OwnTrafficRegistry;
	readonly uses: LedgerStore;
	/** Adds a sentence to the log. */
	readonly warn: (text: string) => void;
};

type Started = {
	readonly tap: Tap;
	readonly clients: Clients;
	readonly network: Network;
	readonly sharing: Sharing;
	readonly recorder: ReturnType<typeof openRecorder> | undefined;
	readonly noteElsewhere: () => void;
	readonly stopPublishing: () => void;
};

/** Where each host of the service is: the simulator has all of them at one address. */
const addresses = (clients: Clients, {simulatorUrl, profile}: Connection, region: string) => {
	const of = async (host: UpstreamHost): Promise<URL> => {
		if (simulatorUrl !== undefined) {
			return new URL(simulatorUrl);
		}
		switch (host) {
			case 'runtime':
				return addressOf(await clients.runtime());
			case 'control':
				return addressOf(await clients.control());
			case 'mantle':
				return new URL(
					(await configuredEndpoint('Bedrock Mantle', profile)) ?? `https://bedrock-mantle.${region}.api.aws`,
				);
		}
	};
	const known = new Map<UpstreamHost, Promise<URL>>();
	return async (host: UpstreamHost): Promise<URL> => {
		const address = known.get(host) ?? of(host);
		known.set(host, address);
		return address;
	};
};

/**
 * A file of the AWS CLI may point all programs to this tap. The tap itself then ignores what is configured there: it would
 * send every request round in a circle.
 */
const ignoreOwnEndpoint = async (
	{connection: {profile, simulatorUrl}, port}: TapConfig,
	warn: (text: string) => void,
): Promise<void> => {
	if (
		port !== 0 &&
		simulatorUrl === undefined &&
		isAddressOf(port, await configuredEndpoint('Bedrock Runtime', profile))
	) {
		// Of this thread alone.
		process.env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS = 'true';
		warn('endpoint_url in the AWS configuration points to this tap itself, so the tap ignores it.');
	}
};

type Keys = {
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	readonly sessionToken?: string;
};

/** What of the own keys must not be shown. */
const secretsIn = (keys: Keys | undefined): readonly string[] =>
	secretsOf({
		AWS_ACCESS_KEY_ID: keys?.accessKeyId,
		AWS_SECRET_ACCESS_KEY: keys?.secretAccessKey,
		AWS_SESSION_TOKEN: keys?.sessionToken,
	});

const startTap = async (
	config: TapConfig,
	{clock, account, link, uses, warn}: TapParts,
): Promise<
	Omit<Started, 'stopPublishing'> & {
		readonly listening: Extract<TapReport, {type: 'tap-listening'}>;
	}
> => {
	const {connection, override, isRefreshing, recording} = config;
	const recorder =
		recording === undefined ? undefined : openRecorder(recording, {now: clock.now, epoch: clock.epoch, warn});
	const clients = createClients(connection, {maxSockets: 1});
	try {
		const region = await clients.region();
		const isLocal = connection.simulatorUrl !== undefined;
		const network = createNetwork({
			maxSockets,
			isLocal,
			environment: process.env,
			certificates: isLocal ? undefined : await configuredCertificates(connection.profile),
		});
		const runtime = await clients.runtime();
		const sharing =
			config.ledger === undefined
				? hostSharing(uses, connection, clock)
				: await fleetSharing(config.ledger, {clients, uses, clock, program: 'tap', targets: [], warn});
		const {endpoint} = clients;
		const lists = listOptions(clients, region, {connection, override, isRefreshing, tier: undefined});
		let keys: Keys | undefined;
		const followed: Target[] = [];
		const members = new Map<Target, BucketMember>();
		/** What CloudWatch reports of the user's other programs is not the use of others. */
		const noteElsewhere = (): void => {
			for (const [target, member] of members) {
				link.setElsewhere(target, member.usedElsewhere);
			}
		};
		/** Others' use of what the clients call; watching costs money, so nothing else is watched. */
		const follow = (): void => {
			followed.splice(0, followed.length, ...tap.targets);
			noteElsewhere();
			account.followTargets(followed, connection).catch(() => {
				// Without it the tap goes on as if it were alone; throttles then show others' use.
			});
		};
		const tap: Tap = new Tap(config, {
			clock,
			programs: process.platform === 'linux' ? new Programs() : undefined,
			agents: network.agents,
			roundTripMs: network.roundTripMs,
			account: link.buckets,
			region,
			endpoint,
			secrets: () => [...clients.secrets(), ...secretsIn(keys), config.secret],
			token: clients.hasToken ? process.env.AWS_BEARER_TOKEN_BEDROCK : undefined,
			async credentials() {
				keys = await runtime.config.credentials();
				return keys;
			},
			onTarget: follow,
			onSettled: (target, quotaTokens) => link.answered(target, clock.epoch(), quotaTokens),
			async join(target, bucket, onChange) {
				const onFigures = (figures: AccountFigures): void => link.hear(target, figures);
				const member = sharing.memberOf(target, bucket, {onChange, note: warn, onFigures});
				await member.start();
				members.set(target, member);
				await link.share(target, member.figures);
				return member;
			},
			recorder: recorder && {record: recorder.record, keepsAnswers: recording?.hasBodies === true},
			dayBook: openDayBook(dayBookFolder(connection), warn),
			baseOf: addresses(clients, connection, region),
			priceOf,
			async resolve(model) {
				const {targets} = await resolveTargets([model], lists);
				const [target] = targets;
				if (target === undefined) {
					throw new RangeError(`no target for ${model}`);
				}
				return {target, price: await priceOf(target)};
			},
		});
		link.follow({
			targets: followed,
			setOthersUse: (index, use, at) => tap.setOthersUse(index, use, at),
			setOthersToday: (index, tokens) => tap.setOthersToday(index, tokens),
		});
		const port = await tap.start();
		return {
			tap,
			clients,
			network,
			sharing,
			noteElsewhere,
			recorder,
			listening: {type: 'tap-listening', port, region, endpoint},
		};
	} catch (error) {
		clients.close();
		throw error;
	}
};

/** The tap's side of its thread: takes requests, publishes reports, has at most one tap, and the account monitor. */
export function createTapSession(
	publish: (report: TapReport) => void,
	clock: Clock = systemClock,
): (request: TapRequest) => void {
	const link = createOwnTrafficRegistry();
	const account = createAccountSession({clock, link, publish});
	const uses = createLedgerStore();
	const warn = (text: string): void => publish({type: 'log', text});
	let started: Started | undefined;

	const start = async (config: TapConfig): Promise<void> => {
		await ignoreOwnEndpoint(config, warn);
		const {listening, ...own} = await startTap(config, {clock, account, link, uses, warn});
		let cancel = (): void => {};
		const tick = (): void => {
			publish({type: 'snapshot', snapshot: own.tap.snapshot()});
			own.noteElsewhere();
			cancel = clock.after(snapshotIntervalMs, tick);
		};
		started = {...own, stopPublishing: () => cancel()};
		publish(listening);
		tick();
	};

	let isEnded = false;
	const stop = async (
		{tap, recorder, stopPublishing}: Started,
		by: 'key' | 'signal',
		deadlineMs: number,
	): Promise<void> => {
		await tap.stop(by, deadlineMs);
		stopPublishing();
		// A second request to stop has hurried the first.
		if (!isEnded) {
			isEnded = true;
			await recorder?.close();
			publish({type: 'ended', snapshot: tap.snapshot()});
		}
	};

	const fail = (error: unknown): void => publish({type: 'failed', fault: faultOf(error)});

	return (request) => {
		switch (request.type) {
			case 'start-tap':
				start(request.config).catch(fail);
				break;
			case 'pause':
			case 'resume':
				started?.tap[request.type]();
				break;
			case 'stop':
				if (started !== undefined) {
					stop(started, request.stoppedBy, request.deadlineMs).catch(fail);
				}
				break;
			case 'watch-account':
			case 'look-at-account':
				account.handle(request);
				break;
			case 'close':
				started?.stopPublishing();
				started?.network.close();
				started?.clients.close();
				started?.sharing.close();
				account.close();
				publish({type: 'closed'});
				break;
		}
	};
}
