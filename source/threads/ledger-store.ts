import {createHash} from 'node:crypto';
import {readdir, readFile, rm} from 'node:fs/promises';
import {hostname} from 'node:os';
import path from 'node:path';
import {z} from 'zod';
import type {MemberRecord, MemberStore} from '../admission/member-shares.ts';
import {deadAfterMs} from '../admission/membership.ts';
import {accountIdentity, diskFiles} from '../bedrock/quotas/quota-cache.ts';
import {countsFrom} from '../domain/bucket-usage.ts';
import type {RunConfig} from '../domain/run-config.ts';
import type {Target} from '../domain/target.ts';
import {cacheFolder} from '../text/private-file.ts';

/** Where the runs of one user share their use of a bucket: a folder per bucket, a file per run. */
export type LedgerStore = {
	readonly open: (config: Pick<RunConfig, 'connection'>, target: Target) => MemberStore;
	/** A name for a new run: earlier ones sort first. */
	readonly newMember: () => string;
	/** Name of this program among those of the host. */
	readonly process: string;
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

const host = (): string => hostname().replaceAll(/[^\w.-]/g, '_');

/** Whether the process of a member runs. One on another machine or in another container is known only by its records. */
const hasProcess = (id: string): boolean => {
	const [, pid = '', ...rest] = id.split('-');
	if (rest.slice(1).join('-') !== host()) {
		return true;
	}
	try {
		process.kill(Number(pid), 0);
		return true;
	} catch (error) {
		return error instanceof Error && 'code' in error && error.code === 'EPERM';
	}
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
