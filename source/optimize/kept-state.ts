import {hash} from 'node:crypto';
import {mkdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {z} from 'zod';
import {UserError} from '../domain/user-error.ts';
import {itemFingerprint} from '../engine/attempts/request-records.ts';
import {privateFolderMode, writeAtomically} from '../text/private-file.ts';
import {escapeUnseen} from '../text/width.ts';
import type {OptimizeSetup, OptimizeState, Spend} from './state.ts';

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
