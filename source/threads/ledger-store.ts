import {createHash} from 'node:crypto';
import {readdir, readFile, rm} from 'node:fs/promises';
import {hostname} from 'node:os';
import path from 'node:path';
import {z} from 'zod';
import type {Bucket} from '../admission/bucket.ts';
import {type MemberRecord, type MemberStore, sumOf} from '../admission/member-shares.ts';
import {deadAfterMs, Membership} from '../admission/membership.ts';
import {accountIdentity, diskFiles} from '../bedrock/quotas/quota-cache.ts';
import {countsFrom, type LedgerEntry, type MinuteOfUse, type Use} from '../domain/bucket-usage.ts';
import {type Clock, systemClock} from '../domain/clock.ts';
import type {RunConfig} from '../domain/run-config.ts';
import type {Target} from '../domain/target.ts';
import {reasonOf} from '../domain/user-error.ts';
import type {BucketMember, MemberHooks} from '../engine/run.ts';
import {cacheFolder} from '../text/private-file.ts';

/** Where the runs of one user share their use of a bucket: a folder per bucket, a file per run. */
export type LedgerStore = {
	readonly open: (config: Pick<RunConfig, 'connection'>, target: Target) => MemberStore;
	/** A name for a new run: earlier ones sort first. */
	readonly newMember: () => string;
	/** Name of this program among those of the host. */
	readonly process: string;
};

/** What other programs use of a bucket before this one joins. */
export type UseBefore = {
	readonly use: Use;
	readonly minutes: readonly MinuteOfUse[];
	/** What programs that have ended left in the window. */
	readonly entries: readonly LedgerEntry[];
};

/** How the programs that share buckets know of each other: by the disk of their host, or by the ledger of a fleet. */
export type Sharing = {
	/** Never rejects. */
	readonly before: (target: Target) => Promise<UseBefore>;
	readonly memberOf: (target: Target, bucket: Bucket, hooks: MemberHooks) => BucketMember;
	readonly close: () => void;
};

const use = z.object({requests: z.number(), tokens: z.number()});
const limits = z.object({requests: z.number().nullable(), tokens: z.number().nullable()});
const stampingSchema = z.object({
	countsFrom: z.enum(countsFrom),
	at: z.number(),
	accepted: z.number(),
	refused: z.number(),
	marks: z.string().regex(/^[01]*$/),
});
const recordSchema = z.object({
	id: z.string(),
	isEnded: z.boolean(),
	writtenAt: z.number(),
	claim: use,
	use,
	heldTokens: z.number(),
	most: limits,
	isWaiting: z.boolean(),
	needs: z.number(),
	lastSentAt: z.number(),
	settledTokens: z.number(),
	entries: z.array(use.extend({at: z.number(), ended: z.number()})),
	minutes: z.array(use.extend({process: z.string(), at: z.number()})),
	stamping: stampingSchema,
});

const stampingFile = 'stamping.json';

/** A name for the bucket of an account that does not reveal it. */
const bucketName = (
	{connection}: Pick<RunConfig, 'connection'>,
	{region, endpoint, baseModel, scope}: Target,
): string =>
	createHash('sha256')
		.update(
			JSON.stringify([accountIdentity(process.env), connection.profile, region, endpoint, baseModel, scope]),
		)
		.digest('hex')
		.slice(0, 32);

const parsed = <Value>(schema: z.ZodType<Value>, text: string): Value | undefined => {
	try {
		return schema.safeParse(JSON.parse(text)).data;
	} catch {
		// From another program or version: ignored.
		return undefined;
	}
};

/** Whether a process of this host runs. */
export function isRunning(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return error instanceof Error && 'code' in error && error.code === 'EPERM';
	}
}

const host = (): string => hostname().replaceAll(/[^\w.-]/g, '_');

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
	let learnt: Awaited<ReturnType<MemberStore['readStamping']>>;
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
		readStamping: async () => learnt,
		async writeStamping(stamping) {
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
			const files = names.filter((name) => name.endsWith('.json') && name !== stampingFile);
			const texts = await Promise.all(files.map(async (name) => textOf(path.join(folder, name))));
			return texts
				.map((text) => parsed(recordSchema, text))
				.filter((record) => record !== undefined)
				.map((record) => ({...record, isLive: isLive(record, now())}));
		},
		write: async (record) => diskFiles.write(fileOf(record.id), JSON.stringify(record)),
		async remove(ids) {
			await Promise.all(ids.map(async (id) => rm(fileOf(id), {force: true})));
		},
		readStamping: async () => parsed(stampingSchema, await textOf(path.join(folder, stampingFile))),
		writeStamping: async (learnt) => diskFiles.write(path.join(folder, stampingFile), JSON.stringify(learnt)),
	};
};

let members = 0;

/**
 * The store of this user. The embedded simulator ends with the program, so its buckets are kept in memory only.
 * @param folder Undefined: memory only.
 * @param now Milliseconds since 1970.
 */
export function createLedgerStore(
	folder: string | undefined = cacheFolder(),
	now: () => number = Date.now,
): LedgerStore {
	const stores = new Map<string, MemberStore>();
	return {
		open(config, target) {
			const name = bucketName(config, target);
			const isLocal = folder === undefined || config.connection.simulatorUrl !== undefined;
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

const lostWords = (error: unknown): string =>
	`What other programs of yours use of this quota can't be read or written (${reasonOf(error)}): this one continues as if it were alone.`;

/** The programs of one user on this host. */
export function hostSharing(
	uses: LedgerStore,
	config: Pick<RunConfig, 'connection'>,
	clock: Clock = systemClock,
): Sharing {
	const id = uses.newMember();
	let isLost = false;
	return {
		async before(target) {
			const members = await uses
				.open(config, target)
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
		memberOf: (target, bucket, {onChange, note}) =>
			new Membership({
				id,
				process: uses.process,
				bucket,
				store: uses.open(config, target),
				clock,
				onChange,
				onLost(error) {
					// Of several buckets on one disk that is said once.
					if (!isLost) {
						isLost = true;
						note(lostWords(error));
					}
				},
			}),
		close() {},
	};
}
