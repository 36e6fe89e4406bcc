import {createHash} from 'node:crypto';
import {
	closeSync,
	createWriteStream,
	fstatSync,
	openSync,
	readdirSync,
	readSync,
	rmSync,
	writeSync,
} from 'node:fs';
import path from 'node:path';
import {z} from 'zod';
import {accountIdentity} from '../bedrock/quotas/account-lists.ts';
import type {Connection} from '../domain/run-config.ts';
import type {RecordedCall, RecordTo} from '../domain/tap.ts';
import {reasonOf, UserError} from '../domain/user-error.ts';
import type {OverCall} from '../tap/pass-through.ts';
import type {DayBook} from '../tap/spending.ts';
import {cacheFolder, openPrivate} from '../text/private-file.ts';
import {escapeUnseen} from '../text/width.ts';
import {makeFolder} from './worker-start.ts';

/** What a tap keeps on disk: what is spent on a day, and a recording of its calls. */

/**
 * What the taps of a user spend on a day in an account: a file per day, to which each tap adds a line whenever it claims
 * more, or gives back. The order of the lines decides: one that would pass its own limit is void for every reader, so that
 * two taps never claim the same rest, and a tap that is killed leaves what it had claimed.
 */

const lineSchema = z.object({
	tap: z.string(),
	usd: z.number().nonnegative(),
	limit: z.number().nonnegative(),
});
type Line = z.infer<typeof lineSchema>;

/** Files of earlier days are for nobody. */
const keptDays = 2;
/** Costs are sums of fractions. */
const tolerance = 1e-9;

const parsed = (text: string): Line | undefined => {
	try {
		return lineSchema.safeParse(JSON.parse(text)).data;
	} catch {
		// Blank, or cut off by a crash.
		return undefined;
	}
};

/** One day's file, read as far as it was written. */
class Day {
	readonly #writing: number;
	readonly #reading: number;
	readonly #claims = new Map<string, number>();
	#offset = 0;
	#rest = '';

	constructor(file: string) {
		this.#writing = openPrivate(file, 'continue');
		this.#reading = openSync(file, 'r');
	}

	/** @returns Whether the line holds. */
	add(line: Line): boolean {
		// A line that a crash has cut off must not swallow this one.
		writeSync(this.#writing, `\n${JSON.stringify(line)}\n`);
		this.#read();
		return this.#claims.get(line.tap) === line.usd;
	}

	others(tap: string): number {
		this.#read();
		return [...this.#claims].reduce((sum, [each, usd]) => (each === tap ? sum : sum + usd), 0);
	}

	close(): void {
		closeSync(this.#writing);
		closeSync(this.#reading);
	}

	#read(): void {
		const length = fstatSync(this.#reading).size - this.#offset;
		if (length <= 0) {
			return;
		}
		const bytes = Buffer.alloc(length);
		this.#offset += readSync(this.#reading, bytes, 0, length, this.#offset);
		const lines = `${this.#rest}${bytes.toString('utf8')}`.split('\n');
		this.#rest = lines.pop() ?? '';
		for (const {tap, usd, limit} of lines.flatMap((text) => parsed(text) ?? [])) {
			const before = this.#claims.get(tap) ?? 0;
			const others = [...this.#claims.values()].reduce((sum, each) => sum + each, 0) - before;
			if (usd <= before || others + usd <= limit + tolerance) {
				this.#claims.set(tap, usd);
			}
		}
	}
}

const removeOld = (folder: string, day: string): void => {
	const oldest = new Date(Date.parse(day) - keptDays * 86_400_000).toISOString().slice(0, 10);
	for (const name of readdirSync(folder).filter((file) => file < oldest)) {
		rmSync(path.join(folder, name), {force: true});
	}
};

/**
 * The book of an account and user. One that cannot be kept counts this tap alone, and says so once.
 * @param folder Undefined: it is not kept.
 * @param onFault A sentence.
 */
export function openDayBook(
	folder: string | undefined,
	onFault: (text: string) => void,
	tap: string = `${process.pid}-${performance.timeOrigin}`,
): DayBook {
	let open: {readonly name: string; readonly day: Day} | undefined;
	let isKept = folder !== undefined;
	const at = (name: string): Day => {
		if (open?.name !== name) {
			open?.day.close();
			open = undefined;
			makeFolder(folder ?? '');
			removeOld(folder ?? '', name);
			open = {name, day: new Day(path.join(folder ?? '', `${name}.jsonl`))};
		}
		return open.day;
	};
	const kept = <Value>(use: () => Value): Value | undefined => {
		try {
			return isKept ? use() : undefined;
		} catch (error) {
			isKept = false;
			onFault(
				`What is spent per day cannot be kept, so --max-cost counts this tap alone: ${reasonOf(error)}.`,
			);
			return undefined;
		}
	};
	let aloneUsd = 0;
	return {
		claim(day, usd, limit) {
			const isClaimed =
				kept(() => at(day).add({tap, usd, limit})) ?? (usd <= aloneUsd || usd <= limit + tolerance);
			aloneUsd = isClaimed ? usd : aloneUsd;
			return isClaimed;
		},
		others: (day) => kept(() => at(day).others(tap)) ?? 0,
	};
}

/** Where the book of the account that this environment reaches is; undefined for a simulator, which costs nothing. */
export function dayBookFolder({profile, simulatorUrl}: Connection): string | undefined {
	const cache = cacheFolder();
	if (cache === undefined || simulatorUrl !== undefined) {
		return undefined;
	}
	const account = createHash('sha256')
		.update(JSON.stringify([accountIdentity(process.env), profile]))
		.digest('hex')
		.slice(0, 32);
	return path.join(cache, 'spent', account);
}

/** `--record FILE`: a line for each inference at its end. */

type Recorder = {
	readonly record: (over: OverCall) => void;
	/** Resolves once all lines are written. */
	readonly close: () => Promise<void>;
};

/** @param now By the clock of the call. @param epoch The same instant, in milliseconds since 1970. */
function recordedCall(
	{call, method, lane, endedAt}: Pick<OverCall, 'call' | 'method' | 'lane' | 'endedAt'>,
	now: number,
	epoch: number,
): RecordedCall {
	const {row, caller, facts, expected, arrivedAt, sentAt, firstTokenAt, end} = call;
	return {
		at: new Date(epoch - (now - arrivedAt)).toISOString(),
		client: caller.name,
		session: caller.session ?? caller.run ?? null,
		lane,
		model: row.model,
		method,
		inputTokens: end?.usage?.inputTokens ?? expected.inputTokens,
		cacheReadTokens: end?.usage?.cacheReadTokens ?? 0,
		cacheWriteTokens: end?.usage?.cacheWriteTokens ?? 0,
		maxTokens: facts.maxTokens ?? null,
		outputTokens: end?.usage?.outputTokens ?? null,
		timeToFirstTokenMs:
			firstTokenAt === undefined || sentAt === undefined ? null : Math.round(firstTokenAt - sentAt),
		totalMs: sentAt === undefined ? null : Math.round(endedAt - sentAt),
		heldMs: Math.round(call.heldMs),
		outcome: end?.outcome ?? 'aborted',
		attempts: call.attempts,
	};
}

/** Text as it is; what is none, such as a stream of events, in base64. */
const bodyFields = (name: string, body: Buffer): Readonly<Record<string, string>> => {
	const text = body.toString('utf8');
	return Buffer.from(text).equals(body) ? {[name]: text} : {[`${name}Base64`]: body.toString('base64')};
};

/**
 * Continues a recording, in a file that only its owner can read.
 * @param warn Called once, with a sentence, where no more can be written; the tap goes on.
 * @throws UserError (exit 1) where the file cannot be written.
 */
export function openRecorder(
	{file, hasBodies}: RecordTo,
	{
		now,
		epoch,
		warn,
	}: {readonly now: () => number; readonly epoch: () => number; readonly warn: (text: string) => void},
): Recorder {
	let descriptor: number;
	try {
		descriptor = openPrivate(file, 'continue');
	} catch (error) {
		throw new UserError(`--record: "${file}" cannot be written: ${reasonOf(error)}.`, {
			exitCode: 1,
			hint: 'Name a file in a folder that you may write to.',
			cause: error,
		});
	}
	let hasFailed = false;
	const stream = createWriteStream(file, {fd: descriptor});
	stream.on('error', (error) => {
		hasFailed = true;
		warn(`--record: nothing more is written to ${file}: ${reasonOf(error)}.`);
	});
	return {
		record(over) {
			if (hasFailed) {
				return;
			}
			const bodies = hasBodies
				? {...bodyFields('request', over.request), ...bodyFields('answer', over.answer ?? Buffer.alloc(0))}
				: {};
			stream.write(`${escapeUnseen(JSON.stringify({...recordedCall(over, now(), epoch()), ...bodies}))}\n`);
		},
		close: async () =>
			new Promise((resolve) => {
				if (hasFailed) {
					resolve();
				} else {
					stream.end(resolve);
				}
			}),
	};
}
