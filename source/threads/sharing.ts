import {createHash} from 'node:crypto';
import {hostname} from 'node:os';
import type {Bucket} from '../admission/bucket.ts';
import type {DayLimit} from '../admission/day-limit.ts';
import {type DayExchange, DayMember} from '../admission/day-member.ts';
import {FleetMember, type FleetMemberOptions} from '../admission/fleet/fleet-member.ts';
import {createKnownMembers} from '../admission/fleet/member-list.ts';
import {redisDay} from '../admission/fleet/redis-day.ts';
import {
	createRedisLedger,
	fleetBucketName,
	glanceAt,
	type ScriptStore,
} from '../admission/fleet/redis-ledger.ts';
import {notedFigures} from '../admission/fleet/shared-news.ts';
import {sumOf} from '../admission/member-shares.ts';
import {dayOnDisk, isRunning, type LedgerStore, ownHost} from '../admission/member-store.ts';
import {Membership} from '../admission/membership.ts';
import type {Clients} from '../bedrock/clients/clients.ts';
import {accountIdentity} from '../bedrock/quotas/account-lists.ts';
import type {AccountFigures, FleetAnswers, LedgerEntry, MinuteOfUse, Use} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {Connection, FleetLedger} from '../domain/run-config.ts';
import type {Target} from '../domain/target.ts';
import {reasonOf, UserError} from '../domain/user-error.ts';
import type {BucketMember, MemberHooks} from '../engine/run.ts';
import {cacheFolder} from '../text/private-file.ts';
import {cleanText} from '../text/width.ts';
import {fleetEventWords} from '../view/fleet.ts';
import {
	createLedgerConnection,
	type LedgerConnection,
	type LedgerFault,
	ledgerFaultOf,
} from './ledger-connection.ts';

/** How the programs that share buckets know of each other: by the disk of their host, or by the ledger of a fleet. */

/** What other programs use of a bucket before this one joins. */
export type UseBefore = {
	readonly use: Use;
	readonly minutes: readonly MinuteOfUse[];
	/** What programs that have ended left in the window. */
	readonly entries: readonly LedgerEntry[];
	/** Of a fleet: what its members had answered, and the account's figures as one of them read them lately. */
	readonly fleet?: {readonly answers: FleetAnswers; readonly figures: AccountFigures | undefined};
};

/** One of the two ways. */
export type Sharing = {
	/** Never rejects. */
	readonly before: (target: Target) => Promise<UseBefore>;
	readonly memberOf: (target: Target, bucket: Bucket, hooks: MemberHooks) => BucketMember;
	readonly close: () => void;
};

/** Has each day over all models of its programs counted together, from the first bucket that goes by it to the last. */
const withDay = (
	member: BucketMember,
	{
		bucket,
		days,
		clock,
		exchange,
	}: {
		readonly bucket: Bucket;
		readonly days: Map<DayLimit, DayMember>;
		readonly clock: Clock;
		readonly exchange: () => DayExchange;
	},
): BucketMember => {
	const {day} = bucket;
	if (!day.isShared) {
		return member;
	}
	const ofDay = days.get(day) ?? new DayMember(day, exchange(), clock);
	days.set(day, ofDay);
	return {
		async start() {
			await Promise.all([member.start(), ofDay.start()]);
		},
		async stop() {
			await Promise.all([member.stop(), ofDay.stop()]);
		},
		get usedElsewhere() {
			return member.usedElsewhere;
		},
		...(member.figures === undefined ? {} : {figures: member.figures}),
	};
};

const lostWords = (error: unknown): string =>
	`What other programs of yours use of this quota can't be read or written (${reasonOf(error)}): this one continues as if it were alone.`;

/** The programs of one user on this host. */
export function hostSharing(uses: LedgerStore, connection: Connection, clock: Clock): Sharing {
	const id = uses.newMember();
	const caller = {...connection, identity: accountIdentity(process.env)};
	const days = new Map<DayLimit, DayMember>();
	let isLost = false;
	return {
		async before(target) {
			const members = await uses
				.open(caller, target)
				.read()
				.catch(() => []);
			return {
				use: sumOf(members.filter((member) => member.isLive).map((member) => member.use)),
				minutes: members
					.flatMap(({minutes}) => minutes)
					.filter(({process: program}) => program !== uses.process),
				entries: members.flatMap(({entries}) => entries),
			};
		},
		memberOf(target, bucket, {onChange, note}) {
			const member = new Membership({
				id,
				process: uses.process,
				bucket,
				store: uses.open(caller, target),
				clock,
				onChange,
				onLost(error) {
					// Of several buckets on one disk that is said once.
					if (!isLost) {
						isLost = true;
						note(lostWords(error));
					}
				},
			});
			const exchange = () => dayOnDisk(uses, caller, target, clock.epoch);
			return withDay(member, {bucket, days, clock, exchange});
		},
		close() {},
	};
}

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

/** A bucket by what it is of. */
type Place = Pick<Target, 'region' | 'baseModel' | 'scope'>;

export type FleetStore = {
	readonly store: ScriptStore;
	/** Why it can't be used now; undefined where it can, as far as it says. */
	readonly fault: LedgerFault | undefined;
	/** Programs that are not of the same account share nothing; where its number is not known, those of one access key do. */
	readonly isOwnerKnown: boolean;
	/** The account, or what stands for it in the store. */
	readonly account: string;
	/** The name of a bucket in the store. */
	readonly nameOf: (place: Place) => string;
	/** What its members use of a bucket, without joining them. Rejects. */
	readonly lookAt: (place: Place) => ReturnType<typeof glanceAt>;
	readonly close: () => void;
};

/** Opens the store of a fleet and has it looked at. @param place A bucket that is meant, where one is known. */
export async function openFleetStore(
	{address}: Pick<FleetLedger, 'address'>,
	clients: Pick<Clients, 'owner'>,
	place?: Place,
): Promise<FleetStore> {
	const owner = await clients.owner();
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
		account: owner.name,
		nameOf,
		lookAt: async (bucket) => glanceAt({store, bucket: nameOf(bucket)}),
		close: connection.close,
	};
}

const unknownOwner =
	'The number of the account is not known: the ledger is shared with programs of the same access key alone.';

type FleetPorts = {
	readonly clients: Pick<Clients, 'owner'>;
	readonly uses: Pick<LedgerStore, 'newMember'>;
	readonly clock: Clock;
	/** For the other members: `run`, `tap`. */
	readonly program: string;
	/** Buckets that it will join, as far as they are known. */
	readonly targets: readonly Target[];
	/** Adds a sentence to the log. */
	readonly warn: (text: string) => void;
	/** Where numbers of members are kept; undefined: nowhere. */
	readonly folder?: string | undefined;
};

/**
 * The members of a fleet. Where the ledger can't be used now, a program goes on by its part of the quota, if it may and can.
 * @throws UserError (exit 1) where nothing may be sent: `--ledger-down stop`, or a fault that waiting does not mend while
 * the number of members is not known.
 */
export async function fleetSharing(
	ledger: FleetLedger,
	{clients, uses, clock, program, targets, warn, folder = cacheFolder()}: FleetPorts,
): Promise<Sharing> {
	const {name, whenLost, members: given} = ledger;
	const {store, fault, isOwnerKnown, account, nameOf, lookAt, close} = await openFleetStore(
		ledger,
		clients,
		targets[0],
	);
	const memory = createKnownMembers(folder, clock);
	const remembered = async (target: Target) => memory.read(`${name} ${nameOf(target)}`);
	if (fault !== undefined) {
		const known = await Promise.all(targets.map(remembered));
		const isNumberKnown =
			given !== undefined || (known.length > 0 && known.every((each) => each !== undefined));
		const message = `The ledger ${name} can't be used: ${fault.reason}.`;
		if (whenLost === 'stop' || (fault.isLasting && !isNumberKnown)) {
			close();
			throw new UserError(message, {exitCode: 1, hint: fault.hint});
		}
		warn(`${message} ${fault.hint}`);
	}
	if (!isOwnerKnown) {
		warn(unknownOwner);
	}
	const host = ownHost();
	const days = new Map<DayLimit, DayMember>();
	return {
		async before(target) {
			const seen = await lookAt(target).catch(() => undefined);
			const use = seen?.state?.use ?? {requests: 0, tokens: 0};
			const {answers} = seen?.notes ?? {};
			const fleet = answers && {answers, figures: seen && notedFigures(seen.notes, seen.at)};
			return {use, minutes: [], entries: [], ...(fleet === undefined ? {} : {fleet})};
		},
		memberOf(target, bucket, {onChange, note, onFigures}) {
			const fleetBucket = nameOf(target);
			const facts = {
				id: uses.newMember(),
				name: `${program} on ${cleanText(hostname())}, process ${process.pid}`,
				host,
				pid: process.pid,
			};
			const prefix = targets.length > 1 || program === 'tap' ? `${cleanText(target.model)}: ` : '';
			let known: FleetMemberOptions['known'] = {given};
			const member = new FleetMember({
				bucket,
				ledger: createRedisLedger({store, bucket: fleetBucket, windowMs: bucket.windowMs, clock}),
				clock,
				facts,
				onChange,
				onEvent: (event) => note(`${prefix}${fleetEventWords(event, whenLost)}`),
				whenDown: whenLost,
				get known() {
					return known;
				},
				isRunning,
			});
			member.news.onFigures = onFigures;
			const ofBucket: BucketMember = {
				async start() {
					const last = await remembered(target);
					// A number that was given may be the newer one: the greater is the safe one.
					known = {given, last: last && {...last, count: Math.max(last.count, given ?? 1)}};
					await member.start();
				},
				stop: async () => member.stop(),
				get usedElsewhere() {
					const {members, isAssumed} = member.view;
					if (members !== null && !isAssumed) {
						void memory.write(`${name} ${fleetBucket}`, members);
					}
					// The ledger counts them for all (`figures`).
					return [];
				},
				figures: member.news.figures,
			};
			const exchange = () => redisDay(store, {account, region: target.region, id: facts.id});
			return withDay(ofBucket, {bucket, days, clock, exchange});
		},
		close,
	};
}
