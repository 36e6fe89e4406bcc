import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import type {Lane} from '../domain/bucket-usage.ts';
import type {BucketState, Snapshot} from '../domain/snapshot.ts';
import {dayQuotaOf, type Target} from '../domain/target.ts';
import {UserError} from '../domain/user-error.ts';
import {cuts, readTimeouts} from '../metrics/decisions/client-settings.ts';
import {enforcementJson} from '../metrics/figures/measured-ceiling.ts';
import {privateFolderMode, writeAtomically} from '../text/private-file.ts';
import {escapeUnseen} from '../text/width.ts';
import type {Results, TargetResults} from './results-schema.ts';

/** From a Snapshot to Results and back, and `results.json` as text. */

/**
 * A target as results keep it, with the limits of its bucket. The quota of the day over all models is there where the bucket
 * goes by it.
 */
export function targetResultsOf(target: Target): TargetResults {
	const {accountTokensPerDay, ...quota} = target.quota;
	const isShared = accountTokensPerDay !== undefined && dayQuotaOf(target.quota).isShared;
	return {...target, quota: isShared ? {...quota, accountTokensPerDay} : quota};
}

/** Versions and platform of a run. */
export type Environment = {
	readonly toolVersion: string;
	/** `process.version`. */
	readonly nodeVersion: string;
	/** Operating system and processor, such as `linux-x64`. */
	readonly platform: string;
};

/**
 * The results of a run, as `results.json` keeps them.
 *
 * A snapshot without an end comes from a crash: it becomes a `failed` run stopped by a fault, with all counts until then.
 *
 * @param repeat Words of the command line that repeats it; undefined where they are not known.
 */
export function resultsOf(snapshot: Snapshot, environment: Environment, repeat?: readonly string[]): Results {
	const {spec} = snapshot;
	const startedAt = snapshot.startedAt ?? snapshot.endedAt ?? new Date(0).toISOString();
	return {
		schema: 1,
		tool: {name: 'bedrock-top', version: environment.toolVersion},
		...(snapshot.run === undefined ? {} : {run: snapshot.run}),
		...(repeat === undefined ? {} : {repeat}),
		environment: {node: environment.nodeVersion, platform: environment.platform},
		startedAt,
		endedAt: snapshot.endedAt ?? new Date(Date.parse(startedAt) + snapshot.elapsedMs).toISOString(),
		simulated: snapshot.simulated,
		outcome: snapshot.outcome ?? 'failed',
		stoppedBy: snapshot.outcome === null ? 'fault' : snapshot.stoppedBy,
		...(snapshot.stopReason === undefined ? {} : {stopReason: snapshot.stopReason}),
		targets: snapshot.targets.map((target, index) => ({
			...targetResultsOf(target),
			...stampingOf(snapshot.buckets[index]),
			...enforcementOf(snapshot.buckets[index]),
			...fleetOf(snapshot.buckets[index]),
		})),
		plan: {
			preset: spec.preset,
			task: spec.task,
			method: spec.method,
			load: spec.load.shape,
			goal: spec.goal,
			policy: spec.policy,
			requests: spec.load.requests,
			durationSeconds: spec.load.durationMs === null ? null : spec.load.durationMs / 1000,
			concurrency: spec.load.concurrency,
			ratePerMinute: spec.load.ratePerMinute,
			maxTokens: spec.isMaxTokensAuto ? 'auto' : (spec.maxTokens ?? null),
			...(spec.hasOwnMaxTokens ? {hasOwnMaxTokens: true} : {}),
			share: spec.share,
			burst: spec.burst,
			lanes: lanesOf(snapshot),
			seed: spec.seed,
			...(spec.chat === undefined
				? {}
				: {chat: {turns: spec.chat.turns, thinkSeconds: spec.chat.thinkMs / 1000}}),
		},
		variants: snapshot.variants.map((variant) => ({
			...variant,
			requests: {...variant.requests, failed: countsOf(variant.requests.failed)},
		})),
		best: snapshot.best,
		verdict: snapshot.verdicts,
		gain: snapshot.gain,
		advice: snapshot.advice,
		...readTimeoutsOf(snapshot),
		events: snapshot.events,
		timeline: snapshot.timeline,
		...(snapshot.judges === undefined ? {} : {judges: snapshot.judges}),
		...(snapshot.search === undefined ? {} : {search: snapshot.search}),
		...(snapshot.optimize === undefined ? {} : {optimize: snapshot.optimize}),
		...(snapshot.tap === undefined ? {} : {tap: snapshot.tap}),
		failures: snapshot.failures.map(({class: failureClass, message, count, firstAt}) => ({
			class: failureClass,
			message,
			count,
			firstAt,
		})),
		...(snapshot.others === undefined ? {} : {others: snapshot.others}),
		costUsd: snapshot.costUsd,
		...(snapshot.costUsdWithin === undefined ? {} : {costUsdWithin: snapshot.costUsdWithin}),
	};
}

/** Which variants the usual read timeouts cut off; empty where nothing was answered, and of a tap, whose clients wait. */
function readTimeoutsOf({variants, tap}: Snapshot): Pick<Results, 'readTimeouts'> {
	const isAnswered = variants.some(({latencyMs}) => latencyMs.total.count > 0);
	return tap !== undefined || !isAnswered
		? {}
		: {
				readTimeouts: readTimeouts.map((timeout) => ({
					...timeout,
					cuts: variants.flatMap((variant, index) => (cuts(timeout, variant) ? [index] : [])),
				})),
			};
}

/** The fleet that shared it; empty without one. */
function fleetOf(bucket: BucketState | undefined): Pick<Results['targets'][number], 'fleet'> {
	if (bucket?.fleet === undefined) {
		return {};
	}
	const {members, losses, lostMs} = bucket.fleet;
	return {fleet: {members, losses, lostSeconds: lostMs / 1000}};
}

/** When tokens start to count; empty without a bucket. */
function stampingOf(bucket: BucketState | undefined): Pick<Results['targets'][number], 'stamping'> {
	if (bucket === undefined) {
		return {};
	}
	const {at, ...stamping} = bucket.stamping;
	return {stamping: {...stamping, since: new Date(at).toISOString()}};
}

/** Which rules of enforcement fit; empty with too little evidence. */
export function enforcementOf(
	bucket: BucketState | undefined,
): Pick<Results['targets'][number], 'enforcement'> {
	return bucket?.enforcement === undefined ? {} : {enforcement: enforcementJson(bucket.enforcement)};
}

/** Drops classes that are named but not counted. */
function countsOf(counts: Readonly<Record<string, number | undefined>>): Record<string, number> {
	return Object.fromEntries(
		Object.entries(counts).filter((entry): entry is [string, number] => entry[1] !== undefined),
	);
}

/** The lanes that were used, as a preset writes them; empty when everything ran in the normal one. */
function lanesOf(snapshot: Snapshot): Results['plan']['lanes'] {
	if (snapshot.variants.every((variant) => variant.lane === 'normal')) {
		return {};
	}
	const used: Partial<Record<Lane, {variants: string[]; ratePerMinute: number | null}>> = {};
	for (const {lane, name} of snapshot.variants) {
		used[lane] ??= {variants: [], ratePerMinute: snapshot.spec.laneRatesPerMinute?.[lane] ?? null};
		if (!used[lane].variants.includes(name)) {
			used[lane].variants.push(name);
		}
	}
	return used;
}

/**
 * The snapshot of an ended run, from what its results keep: for a screen that shows it again. What the results do not
 * keep is not there: the state of the buckets, what to do about failures, settings that no panel shows.
 *
 * @throws UserError (exit 2) for a batch job, which had no quota per minute and no timeline.
 */
export function snapshotOf(results: Results): Snapshot {
	const {plan, events, failures, timeline} = results;
	const {method} = plan;
	if (method === 'batch') {
		throw new UserError('These are the results of a batch job, which the screen does not show.', {
			exitCode: 2,
			hint: '"bedrock-top report" draws their charts.',
		});
	}
	const done = results.variants.reduce((sum, {requests}) => sum + requests.sent, 0);
	return {
		...(results.run === undefined ? {} : {run: results.run}),
		phase: 'ended',
		startedAt: results.startedAt,
		endedAt: results.endedAt,
		elapsedMs: Date.parse(results.endedAt) - Date.parse(results.startedAt),
		simulated: results.simulated,
		outcome: results.outcome,
		stoppedBy: results.stoppedBy,
		...(results.stopReason === undefined ? {} : {stopReason: results.stopReason}),
		progress: {done, total: null, inFlight: 0, remainingMs: null, waitingFor: null},
		spec: {
			preset: plan.preset,
			task: plan.task,
			method,
			load: {
				shape: plan.load,
				requests: plan.requests,
				durationMs: plan.durationSeconds === null ? null : plan.durationSeconds * 1000,
				concurrency: plan.concurrency ?? 0,
				ratePerMinute: plan.ratePerMinute,
				arrival: 'constant',
			},
			goal: plan.goal,
			policy: plan.policy,
			burst: plan.burst,
			share: plan.share,
			isBalanced: false,
			maxTokens: typeof plan.maxTokens === 'number' ? plan.maxTokens : undefined,
			isMaxTokensAuto: plan.maxTokens === 'auto',
			minQuality: null,
			serviceLevel: null,
			seed: plan.seed,
		},
		targets: results.targets,
		buckets: [],
		variants: results.variants,
		best: results.best,
		verdicts: results.verdict ?? [],
		gain: results.gain,
		advice: results.advice as Snapshot['advice'],
		events,
		timeline,
		failures: failures.map((failure) => ({
			...failure,
			class: failure.class as Snapshot['failures'][number]['class'],
			advice: '',
		})),
		costUsd: results.costUsd ?? null,
		...(results.costUsdWithin === undefined ? {} : {costUsdWithin: results.costUsdWithin}),
		...(results.judges === undefined ? {} : {judges: results.judges}),
		...(results.search === undefined ? {} : {search: results.search}),
		...(results.optimize === undefined ? {} : {optimize: results.optimize}),
		...(results.tap === undefined ? {} : {tap: results.tap}),
	};
}

/**
 * `results.json` as text: indented for people, but with one element per line in the long lists of numbers (histogram
 * bins, timeline points), so that the file stays small and a diff stays readable.
 */
export function resultsText(results: Results): string {
	return `${escapeUnseen(render(results, 0))}\n`;
}

/** Writes `results.json` into a folder, which it makes. @returns Its path. */
export async function writeResults(folder: string, results: Results): Promise<string> {
	const file = path.join(folder, 'results.json');
	await mkdir(folder, {recursive: true, mode: privateFolderMode});
	await writeAtomically(file, resultsText(results));
	return file;
}

function render(value: unknown, depth: number): string {
	if (typeof value !== 'object' || value === null || isLeaf(value)) {
		return JSON.stringify(value);
	}
	const indent = '\t'.repeat(depth + 1);
	const parts = Array.isArray(value)
		? value.map((element) => render(element, depth + 1))
		: Object.entries(value)
				.filter(([, element]) => element !== undefined)
				.map(([key, element]) => `${JSON.stringify(key)}: ${render(element, depth + 1)}`);
	const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
	return parts.length === 0
		? open + close
		: `${open}\n${indent}${parts.join(`,\n${indent}`)}\n${'\t'.repeat(depth)}${close}`;
}

/** A list or record of plain values, or a list of pairs: one line is enough for it. */
function isLeaf(value: object): boolean {
	const elements = Object.values(value);
	return elements.every(isPlain) || (Array.isArray(value) && elements.every(isPair));
}

const isPlain = (value: unknown): boolean => typeof value !== 'object' || value === null;
const isPair = (value: unknown): boolean => Array.isArray(value) && value.every(isPlain);
