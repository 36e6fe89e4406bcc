import {hostname} from 'node:os';
import {type DayLimit, DayLimits} from '../admission/day-limit.ts';
import {type DayExchange, DayMember} from '../admission/day-member.ts';
import {WaitingRoom} from '../admission/waiting-room.ts';
import {backgroundClock, type Clock, systemClock} from '../domain/clock.ts';
import type {FleetEvent} from '../domain/fleet-view.ts';
import type {Quota} from '../domain/target.ts';
import {cacheFolder} from '../text/private-file.ts';
import type {OpenBucket, Opening} from './model-bucket.ts';
import type {RedisClient} from './redis-clients.ts';
import {SharedQuota} from './shared-quota.ts';

/** Buckets that other processes share. Each store loads what it needs with its first bucket. */

/** For what goes on beside the calls: no timer of it keeps a process alive. */
const beside = (clock: Clock): Clock => (clock === systemClock ? backgroundClock : clock);

/** The days of a store by account: each has all models of its programs counted together while a bucket of it is open. */
export type StoreDays = Map<string, OpenDays>;

type OpenDays = {
	readonly limits: DayLimits;
	readonly members: DayMember[];
	/** Open buckets. */
	buckets: number;
};

/** The days of an account, for one more bucket. */
const enterDays = (
	days: StoreDays,
	account: string,
	clock: Clock,
	exchangeOf: (region: string) => DayExchange,
): {
	readonly dayOf: (region: string) => (quota: Quota) => DayLimit;
	/** What the others used is known. */
	readonly heard: () => Promise<void>;
	readonly leave: () => Promise<void>;
} => {
	const members: DayMember[] = [];
	const open = days.get(account) ?? {
		limits: new DayLimits(clock, (day, region) => {
			const member = new DayMember(day, exchangeOf(region), beside(clock));
			members.push(member);
			void member.start();
		}),
		members,
		buckets: 0,
	};
	days.set(account, open);
	open.buckets++;
	return {
		dayOf: (region) => (quota) => open.limits.of(region, quota),
		async heard() {
			await Promise.all(open.members.map(async (member) => member.start()));
		},
		async leave() {
			open.buckets--;
			if (open.buckets === 0) {
				days.delete(account);
				await Promise.all(open.members.map(async (member) => member.stop()));
			}
		},
	};
};

/** On the disk of the host. */
export async function openOnDisk(
	{folder, days}: {readonly folder: string | undefined; readonly days: StoreDays},
	{name, account, hasOwnKeys, askAccount, clock, make, onEvent}: Opening,
): Promise<OpenBucket> {
	const [{createLedgerStore, dayOnDisk}, {Membership}, {accountIdentity}] = await Promise.all([
		import('../admission/member-store.ts'),
		import('../admission/membership.ts'),
		import('../bedrock/quotas/account-lists.ts'),
	]);
	const members = createLedgerStore(folder, clock.epoch);
	const number = account ?? (hasOwnKeys ? await askAccount() : undefined);
	const identity = number === undefined ? accountIdentity(process.env) : [number];
	const {dayOf, heard, leave} = enterDays(days, identity.join(' '), clock, (region) =>
		dayOnDisk(members, {identity}, {region, endpoint: null}, clock.epoch),
	);
	const bucket = make(dayOf(name.region));
	const room = new WaitingRoom(bucket, clock);
	const member = new Membership({
		id: members.newMember(),
		process: members.process,
		bucket,
		store: members.open({identity}, {...name, endpoint: null}),
		clock: beside(clock),
		onChange: () => room.pump(),
		onLost(error) {
			const reason = error instanceof Error ? error.message : String(error);
			onEvent({type: 'store-lost', reason, members: null});
		},
	});
	await Promise.all([heard(), ...(bucket.isLimited ? [member.start()] : [])]);
	return {
		room,
		members: () => bucket.standing.neighbours.count + 1,
		async close() {
			await Promise.all([member.stop(), leave()]);
		},
	};
}

/** Faults that no waiting mends. */
const lasting: ReadonlySet<string> = new Set([
	'password',
	'permission',
	'wrong-type',
	'old-server',
	'cluster',
	'read-only',
]);

/** How many members there are is kept so often, in milliseconds. */
const rememberEveryMs = 10_000;

let opened = 0;

/** In Redis or Valkey. */
export async function openInRedis(
	{client, days}: {readonly client: RedisClient; readonly days: StoreDays},
	{name, account, askAccount, clock, make, onEvent, whenDown, memberCount}: Opening,
): Promise<OpenBucket> {
	const [
		{scriptStoreOf},
		{createRedisLedger, fleetBucketName, glanceAt},
		{FleetMember},
		{isRunning, ownHost},
		{createKnownMembers},
		{redisDay},
	] = await Promise.all([
		import('./redis-clients.ts'),
		import('../admission/fleet/redis-ledger.ts'),
		import('../admission/fleet/fleet-member.ts'),
		import('../admission/member-store.ts'),
		import('../admission/fleet/member-list.ts'),
		import('../admission/fleet/redis-day.ts'),
	]);
	const scripts = scriptStoreOf(client, beside(clock));
	const owner = account ?? (await askAccount());
	const id = `${hostname()}-${process.pid}-${clock.epoch()}-${opened++}`;
	const {dayOf, leave} = enterDays(days, owner, clock, (region) =>
		redisDay(scripts, {account: owner, region, id}),
	);
	const bucket = make(dayOf(name.region));
	const room = new WaitingRoom(bucket, clock);
	const {windowMs} = bucket;
	const bucketName = fleetBucketName({...name, account: owner});
	const known = createKnownMembers(cacheFolder(), clock);
	const last = await known.read(bucketName);
	await glanceAt({store: scripts, bucket: bucketName, windowMs}).catch(async (error: unknown) => {
		const {fault = ''} = error as {fault?: string};
		if (fault === 'not-a-client' || (lasting.has(fault) && memberCount === undefined && last === undefined)) {
			await leave();
			throw error;
		}
	});
	const member = new FleetMember({
		bucket,
		ledger: createRedisLedger({store: scripts, bucket: bucketName, windowMs, clock}),
		clock: beside(clock),
		facts: {
			id,
			name: `limiter on ${hostname()}, process ${process.pid}`,
			host: ownHost(),
			pid: process.pid,
		},
		onChange: () => room.pump(),
		onEvent: (event) => onEvent(newsOf(event)),
		whenDown,
		known: {
			given: memberCount,
			// A number that was given may be the newer one: the greater is the safe one.
			last: last && {...last, count: Math.max(last.count, memberCount ?? 1)},
		},
		isRunning,
		waiting: () => room.state?.count ?? 0,
	});
	const remember = async (): Promise<void> => {
		const {members, isAssumed} = member.view;
		if (members !== null && !isAssumed) {
			await known.write(bucketName, members);
		}
	};
	let cancel = (): void => {};
	const tick = (): void => {
		void remember();
		cancel = beside(clock).after(rememberEveryMs, tick);
	};
	await member.start();
	tick();
	return {
		room,
		members: () => member.view.members,
		sharedQuota: new SharedQuota(
			{
				async read() {
					await member.news.read();
					return member.news.quota;
				},
				claim: async (forMs) => member.news.claimTask('quota', forMs),
				write: async (json) => member.news.detected(json),
			},
			clock,
		),
		async close() {
			cancel();
			await remember();
			await Promise.all([member.stop(), leave()]);
		},
	};
}

const newsOf = (event: FleetEvent): Parameters<Opening['onEvent']>[0] => {
	switch (event.kind) {
		case 'lost':
			return {type: 'store-lost', reason: event.message, members: event.members};
		case 'back':
			return {type: 'store-back', lostMs: event.lostMs, sent: event.sent};
		case 'waiting-for-members':
			return {
				type: 'assumed',
				what: 'members',
				text: 'The store does not answer, and how many members share the quota is not known: nothing is sent until it does. Give their number in `members`.',
			};
		case 'assumed':
			return {
				type: 'assumed',
				what: 'members',
				text: `The store does not answer: this limiter goes by its part of a quota that ${event.members} members share.`,
			};
		case 'day':
			return {
				type: 'assumed',
				what: 'day',
				text: `A member has seen that the tokens of the day are used up: nothing is sent until ${new Date(event.until).toISOString()}.`,
			};
	}
};
