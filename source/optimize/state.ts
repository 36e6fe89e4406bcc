import {hash} from 'node:crypto';
import {mkdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {z} from 'zod';
import type {Item, Task, Variant} from '../domain/task.ts';
import {UserError} from '../domain/user-error.ts';
import {itemFingerprint} from '../engine/attempts/request-records.ts';
import {privateFolderMode, writeAtomically} from '../text/private-file.ts';
import {escapeUnseen} from '../text/width.ts';
import type {Contender, Dropped} from './candidates.ts';
import type {Bar, Proof, RaceRung} from './race.ts';

/** What an optimisation knows between two steps, beside its answers: plain data, kept on disk after each step. */

/** Of one round: what was asked of the rewriter, and what raced. */
export type Round = {
	/** From 1. */
	readonly number: number;
	/** Names of the variants that the rewriter rewrote. */
	readonly parents: readonly string[];
	readonly isRewritten: boolean;
	/** Names of the candidates that came in. */
	readonly candidates: readonly string[];
	/** Empty before the race. */
	readonly rungs: readonly RaceRung[];
	/** Those that were left at its end. */
	readonly left: readonly string[];
	readonly isOver: boolean;
};

/** Sent and spent so far. */
export type Spend = {
	/** HTTP exchanges, retries and the rewriter's included. */
	readonly requests: number;
	/** USD, where an upper bound is known the upper bound; null: no price is known. */
	readonly costUsd: number | null;
	readonly quotaTokens: number;
};

export const nothingSpent: Spend = {requests: 0, costUsd: 0, quotaTokens: 0};

/** The sum of two spends. */
export function spentTogether(one: Spend, other: Spend): Spend {
	return {
		requests: one.requests + other.requests,
		costUsd: one.costUsd === null || other.costUsd === null ? null : one.costUsd + other.costUsd,
		quotaTokens: one.quotaTokens + other.quotaTokens,
	};
}

/** The candidate of the proof, named before any held-out item was asked. */
type Chosen = {readonly name: string; readonly items: number};

export type OptimizeState = {
	readonly rounds: readonly Round[];
	/** All that raced or races, the preset's own variants among them, the baseline not. */
	readonly candidates: readonly Contender[];
	readonly dropped: readonly Dropped[];
	/** Those that left the race, with the reason. */
	readonly out: Readonly<Record<string, string>>;
	/** Null: nothing promised a saving; absent: not decided. */
	readonly chosen?: Chosen | null;
	readonly proof?: Proof;
	readonly model: Spend;
	readonly rewriter: Spend;
	/** A step is under way: it may send and spend so much. Found at a resume, the program was killed in it. */
	readonly underWay?: {
		readonly requests: number;
		readonly dearestUsd: number | null;
		readonly isRewriter: boolean;
	};
	/** Why it ended before its verdict; absent: it did not. */
	readonly endedBy?: string;
};

export const emptyState: OptimizeState = {
	rounds: [],
	candidates: [],
	dropped: [],
	out: {},
	model: nothingSpent,
	rewriter: nothingSpent,
};

/** What an optimisation goes by from its beginning to its end. */
export type OptimizeSetup = {
	readonly task: Task;
	/** Of the run, where a variant does not say its own. */
	readonly maxTokens: number;
	readonly split: Split;
	/** What a rewrite must beat; the text of the task stands in its templates. */
	readonly baseline: Variant;
	/** Candidates that are there before the first round. */
	readonly own: readonly Contender[];
	/** What was offered for them and is not tried. */
	readonly dropped: readonly Dropped[];
	readonly bar: Bar;
	readonly rounds: number;
	/** Requests in all, and USD; null: no limit. */
	readonly budget: {readonly requests: number; readonly costUsd: number | null};
	/** Upper bounds of one request in USD; null where a price is not known. */
	readonly dearestUsd: {readonly model: number | null; readonly rewriter: number | null};
	readonly burndown: number;
	/** Name of the variant that asks the rewriter. */
	readonly rewriterName: string;
};

/** Parts of the items: what the rewriter may see, what chooses among its rewrites, and what proves the one chosen. */
export type Split = {
	/** Indexes of items, each part in the order in which it is asked. */
	readonly train: readonly number[];
	readonly select: readonly number[];
	readonly heldOut: readonly number[];
};

/** Parts of all items, up to which each part reaches. */
const trainUpTo = 0.2;
const selectUpTo = 0.6;

/** What two rows have in common when the rewriter would know one by the other. */
const sameText = ({text}: Item): string => text.toLowerCase().replaceAll(/\s+/g, ' ').trim();

/**
 * Splits the items by the seed: train 20%, select 40%, held out 40%. An item goes by its text alone: rows may be moved or
 * added, and rows with the same text stay together, so that none of them is known from another part.
 */
export function splitItems(items: readonly Item[], seed: number): Split {
	const groups = [...Map.groupBy(items, sameText)]
		.map(([text, rows]) => ({place: hash('sha256', `${seed} ${text}`), rows: rows.map(({index}) => index)}))
		.toSorted((one, other) => (one.place < other.place ? -1 : 1));
	const split = {train: [] as number[], select: [] as number[], heldOut: [] as number[]};
	let placed = 0;
	for (const {rows} of groups) {
		const part =
			placed < items.length * trainUpTo ? 'train' : placed < items.length * selectUpTo ? 'select' : 'heldOut';
		split[part].push(...rows);
		placed += rows.length;
	}
	return split;
}

/** optimize.json: where an optimisation is, so that `--resume` goes on. Its answers are in answers.jsonl beside it. */

const fileName = 'optimize.json';

/** What must be the same for an optimisation to go on. */
export type OptimizeIdentity = {
	readonly preset: string | null;
	readonly model: string;
	readonly rewriter: string;
	readonly seed: number;
	readonly items: string;
	readonly baseline: string;
};

const digest = (value: unknown): string => hash('sha256', JSON.stringify(value) ?? '').slice(0, 16);

export function identityOf(
	{task, baseline}: OptimizeSetup,
	rest: Pick<OptimizeIdentity, 'preset' | 'model' | 'rewriter' | 'seed'>,
): OptimizeIdentity {
	return {
		...rest,
		items: digest([task.task, task.content ?? null, task.checks, task.items.map(itemFingerprint)]),
		baseline: digest(baseline),
	};
}

const words: Readonly<Record<keyof OptimizeIdentity, string>> = {
	preset: 'another preset',
	model: 'another model',
	rewriter: 'another rewriter',
	seed: 'another seed',
	items: 'other items, checks or another task',
	baseline: 'another text or other settings of the variant to beat',
};

/** The state is this program's own: what matters of its form is checked, the rest is taken as it was written. */
const fileSchema = z.object({
	schema: z.literal(1),
	identity: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
	state: z.looseObject({
		rounds: z.array(z.looseObject({number: z.number(), parents: z.array(z.string())})),
		candidates: z.array(z.looseObject({variant: z.looseObject({name: z.string(), instruction: z.string()})})),
		model: z.looseObject({requests: z.number()}),
		rewriter: z.looseObject({requests: z.number()}),
	}),
});

export async function keepState(
	folder: string,
	identity: OptimizeIdentity,
	state: OptimizeState,
): Promise<void> {
	await mkdir(folder, {recursive: true, mode: privateFolderMode});
	const text = escapeUnseen(JSON.stringify({schema: 1, identity, state}, null, '\t'));
	await writeAtomically(path.join(folder, fileName), `${text}\n`);
}

const refuse = (folder: string, reason: string, hint: string, cause?: unknown): UserError =>
	new UserError(`--resume ${folder}: ${reason}.`, {exitCode: 2, hint, cause});

/**
 * The state that a folder has.
 * @throws UserError (exit 2) where it has none, or it is of another optimisation.
 */
export async function keptState(folder: string, identity: OptimizeIdentity): Promise<OptimizeState> {
	let text: string;
	try {
		text = await readFile(path.join(folder, fileName), 'utf8');
	} catch (error) {
		throw refuse(
			folder,
			`it has no ${fileName} to continue from`,
			'Name the folder of an optimisation.',
			error,
		);
	}
	let file: z.infer<typeof fileSchema>;
	try {
		file = fileSchema.parse(JSON.parse(text));
	} catch (error) {
		throw refuse(folder, `${fileName} is damaged`, 'Start it again into another folder.', error);
	}
	const changed = (Object.keys(words) as ReadonlyArray<keyof OptimizeIdentity>).find(
		(key) => file.identity[key] !== identity[key],
	);
	if (changed !== undefined) {
		throw refuse(
			folder,
			`it was made with ${words[changed]}`,
			'Repeat its command line, or start again into another folder.',
		);
	}
	// JSON leaves out what is undefined, which the form of a variant allows.
	return file.state as unknown as OptimizeState;
}

/**
 * The state of a program that was killed in a step: what it sent by its records, and for what may have been on its way
 * the most that it can have cost.
 * @param attempts Of all records in the folder.
 * @param inFlight Requests that may have been under way.
 */
export function afterKill(
	{underWay, endedBy, ...state}: OptimizeState,
	attempts: number,
	inFlight: number,
): OptimizeState {
	if (underWay === undefined) {
		return state;
	}
	const known = state.model.requests + state.rewriter.requests;
	const requests = Math.min(underWay.requests, Math.max(0, attempts - known) + inFlight);
	const {dearestUsd, isRewriter} = underWay;
	const add = (spend: Spend): Spend => ({
		...spend,
		requests: spend.requests + requests,
		costUsd: spend.costUsd === null || dearestUsd === null ? null : spend.costUsd + requests * dearestUsd,
	});
	return isRewriter ? {...state, rewriter: add(state.rewriter)} : {...state, model: add(state.model)};
}
