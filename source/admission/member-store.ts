import {createHash} from 'node:crypto';
import {readlinkSync} from 'node:fs';
import {readdir, readFile, rm} from 'node:fs/promises';
import {hostname} from 'node:os';
import path from 'node:path';
import {countsFrom, setAsides, windowKinds} from '../domain/bucket-usage.ts';
import type {Target} from '../domain/target.ts';
import {
	cacheFolder,
	isFlag,
	isNumber,
	isText,
	listOf,
	orNull,
	shapedAs,
	writeWithFolder,
} from '../text/private-file.ts';
import type {DayExchange} from './day-member.ts';
import {type LearntOfBucket, type MemberRecord, type MemberStore, tokensOnDay} from './member-shares.ts';
import {deadAfterMs} from './membership.ts';

/** Who uses a bucket. */
type Caller = {
	/** What separates one account from another: hashed, never stored. */
	readonly identity: readonly string[];
	readonly profile?: string | undefined;
	/** Of the embedded simulator, which ends with the program: its buckets are kept in memory only. */
	readonly simulatorUrl?: string | undefined;
};

/** Where the programs of one user share their use of a bucket: a folder per bucket, a file per member. */
export type LedgerStore = {
	readonly open: (
		caller: Caller,
		target: Pick<Target, 'region' | 'endpoint' | 'baseModel' | 'scope'>,
	) => MemberStore;
	/** A name for a new member: earlier ones sort first. */
	readonly newMember: () => string;
	/** Name of this program among those of the host. */
	readonly process: string;
};

const use = {requests: isNumber, tokens: isNumber};
const limit = orNull(isNumber);
const isStamping = shapedAs({
	countsFrom: (value) => countsFrom.some((each) => each === value),
	at: isNumber,
	accepted: isNumber,
	refused: isNumber,
	marks: (value) => isText(value) && /^[01]*$/.test(value),
});
const oneOf = (kinds: readonly string[]) => listOf((value: unknown) => kinds.some((each) => each === value));
const isEnforcement = shapedAs({
	since: isNumber,
	at: isNumber,
	limit: isNumber,
	accepted: isNumber,
	refused: isNumber,
	windows: oneOf(windowKinds),
	setAside: oneOf(setAsides),
	countsFrom: oneOf(countsFrom),
});
const isLearnt = (value: unknown): boolean =>
	isStamping(value) && shapedAs({enforcement: (fit) => fit === undefined || isEnforcement(fit)})(value);
const isToday = shapedAs({day: isNumber, tokens: isNumber});
const isRecord = shapedAs({
	id: isText,
	isEnded: isFlag,
	writtenAt: isNumber,
	claim: shapedAs(use),
	use: shapedAs(use),
	heldTokens: isNumber,
	most: shapedAs({requests: limit, tokens: limit}),
	isWaiting: isFlag,
	needs: isNumber,
	lastSentAt: isNumber,
	settledTokens: isNumber,
	today: (value) => value === undefined || isToday(value),
	entries: listOf(shapedAs({...use, at: isNumber, ended: isNumber})),
	minutes: listOf(shapedAs({...use, process: isText, at: isNumber})),
	stamping: isStamping,
});

const learntFile = 'stamping.json';

/** A name for the bucket of an account that does not reveal it. */
const bucketName = (
	{identity, profile}: Caller,
	{region, endpoint, baseModel, scope}: Parameters<LedgerStore['open']>[1],
): string =>
	createHash('sha256')
		.update(JSON.stringify([identity, profile, region, endpoint, baseModel, scope]))
		.digest('hex')
		.slice(0, 32);

/** What was written; undefined where another program or version wrote it. */
const parsed = <Value>(isValid: (value: unknown) => boolean, text: string): Value | undefined => {
	try {
		const value: unknown = JSON.parse(text);
		return isValid(value) ? (value as Value) : undefined;
	} catch {
		return undefined;
	}
};

const namespace = (): string => {
	try {
		return ` ${readlinkSync('/proc/self/ns/pid')}`;
	} catch {
		return '';
	}
};

let known: string | undefined;

/** The host whose processes are seen here. Containers may have the name of another, and processes of their own. */
export function ownHost(): string {
	known ??= `${hostname()}${namespace()}`;
	return known;
}

const host = (): string => ownHost().replaceAll(/[^\w.-]/g, '_');

/** Whether a process of this host runs. */
export function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return error instanceof Error && 'code' in error && error.code === 'EPERM';
	}
}

/** Whether the process of a member runs. One on another machine or in another container is known only by its records. */
const hasProcess = (id: string): boolean => {
	const [, pid = '', ...rest] = id.split('-');
	return rest.slice(1).join('-') !== host() || isRunning(Number(pid));
};

const isLive = ({id, isEnded, writtenAt}: MemberRecord, now: number): boolean =>
	!isEnded && Math.abs(now - writtenAt) < deadAfterMs && hasProcess(id);

/** Members of one program, in memory: the embedded simulator ends with it. */
const inMemory = (now: () => number): MemberStore => {
	const records = new Map<string, MemberRecord>();
	let learnt: Awaited<ReturnType<MemberStore['readLearnt']>>;
	return {
		read: async () => [...records.values()].map((record) => ({...record, isLive: isLive(record, now())})),
		async write(record) {
			records.set(record.id, record);
		},
		async remove(ids) {
			for (const id of ids) {
				records.delete(id);
			}
		},
		readLearnt: async () => learnt,
		async writeLearnt(stamping) {
			learnt = stamping;
		},
	};
};

const onDisk = (folder: string, now: () => number): MemberStore => {
	const fileOf = (id: string): string => path.join(folder, `${id}.json`);
	const textOf = async (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');
	return {
		async read() {
			const names = await readdir(folder).catch(() => []);
			const files = names.filter((name) => name.endsWith('.json') && name !== learntFile);
			const texts = await Promise.all(files.map(async (name) => textOf(path.join(folder, name))));
			return texts
				.map((text) => parsed<MemberRecord>(isRecord, text))
				.filter((record) => record !== undefined)
				.map((record) => ({...record, isLive: isLive(record, now())}));
		},
		write: async (record) => writeWithFolder(fileOf(record.id), JSON.stringify(record)),
		async remove(ids) {
			await Promise.all(ids.map(async (id) => rm(fileOf(id), {force: true})));
		},
		readLearnt: async () => parsed<LearntOfBucket>(isLearnt, await textOf(path.join(folder, learntFile))),
		writeLearnt: async (learnt) => writeWithFolder(path.join(folder, learntFile), JSON.stringify(learnt)),
	};
};

let members = 0;

/**
 * The store of this user.
 * @param folder Undefined: memory only.
 * @param now Milliseconds since 1970.
 */
export function createLedgerStore(
	folder: string | undefined = cacheFolder(),
	now: () => number = Date.now,
): LedgerStore {
	const stores = new Map<string, MemberStore>();
	return {
		open(caller, target) {
			const name = bucketName(caller, target);
			const isLocal = folder === undefined || caller.simulatorUrl !== undefined;
			const known = stores.get(name);
			const store = known ?? (isLocal ? inMemory(now) : onDisk(path.join(folder, 'use', name), now));
			stores.set(name, store);
			return store;
		},
		process: `${process.pid}-${host()}`,
		newMember: () =>
			`${now().toFixed(0).padStart(15, '0')}-${process.pid}-${String(members++).padStart(4, '0')}-${host()}`,
	};
}

const nothing = {requests: 0, tokens: 0};

/**
 * The day that all models of an account and Region share, on the disk of a host: a folder of its own, as that of a bucket.
 * What a program that has ended used stays until the day is over.
 */
export function dayOnDisk(
	uses: LedgerStore,
	caller: Caller,
	place: Pick<Target, 'region' | 'endpoint'>,
	now: () => number,
): DayExchange {
	const store = uses.open(caller, {...place, baseModel: 'the day of all models', scope: 'on-demand'});
	const id = uses.newMember();
	return async (today) => {
		await store.write({
			...{id, isEnded: false, writtenAt: now(), claim: nothing, use: nothing, heldTokens: 0},
			...{most: {requests: null, tokens: null}, isWaiting: false, needs: 0, lastSentAt: 0, settledTokens: 0},
			...{today, entries: [], minutes: []},
			stamping: {countsFrom: 'unknown', at: 0, accepted: 0, refused: 0, marks: ''},
		});
		const records = await store.read();
		const old = records.filter((record) => (record.today?.day ?? 0) < today.day - 1);
		await store.remove(old.map((record) => record.id));
		return tokensOnDay(
			records.filter((record) => record.id !== id),
			today.day,
		);
	};
}
