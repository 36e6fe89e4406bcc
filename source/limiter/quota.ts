import {emptyModelIndex, identify} from '../bedrock/identify/identify.ts';
import {noQuota, onlyKnown, overrideLimit} from '../bedrock/quotas/bucket-quota.ts';
import {burndownOf} from '../bedrock/quotas/burndown.ts';
import type {Clock} from '../domain/clock.ts';
import {type Burndown, limitKinds, type Quota} from '../domain/target.ts';
import {formatDurationMs} from '../text/numbers.ts';
import {type ModelName, type ModelQuota, type QuotaOption, UnknownQuotaError} from './api.ts';

/** What is known of a model: its bucket, and what limits it. */
export type ModelFacts = {
	readonly name: ModelName;
	readonly quota: Quota;
	readonly burndown: Burndown;
	/** It was read from the account. */
	readonly isDetected: boolean;
	/** So long ago, in milliseconds. */
	readonly readAgoMs: number;
	/** The account does not say what it is. */
	readonly isUnknown: boolean;
	/** Sentences about what is assumed; empty where all is known. */
	readonly assumed: readonly string[];
};

/** A quota as it is given. */
export function asGiven({quota, burndown}: Pick<ModelFacts, 'quota' | 'burndown'>): ModelQuota {
	return {
		requestsPerMinute: quota.requestsPerMinute.value,
		tokensPerMinute: quota.tokensPerMinute.value,
		tokensPerDay: quota.tokensPerDay.value,
		burndown: burndown.value,
	};
}

const kinds = [...limitKinds, 'burndown'] as const;

const isModelQuota = (value: unknown): value is ModelQuota =>
	typeof value === 'object' && value !== null && kinds.some((kind) => Object.hasOwn(value, kind));

/** @throws TypeError that quotes the value. */
const checked = (quota: ModelQuota): ModelQuota => {
	for (const [kind, value] of Object.entries(quota)) {
		const isKnown = kinds.some((each) => each === kind);
		const isLimit = typeof value === 'number' && Number.isFinite(value) && value >= 0;
		if (!isKnown || !(isLimit || (value === null && kind !== 'burndown') || value === undefined)) {
			throw new TypeError(
				`"${kind}: ${String(value)}" is not a limit of a quota: ${kinds.join(', ')}, each a number from 0 up.`,
			);
		}
	}
	return quota;
};

/**
 * Checks what can be checked before a model is known.
 * @throws TypeError that quotes the value.
 */
export function checkQuota(option: QuotaOption): void {
	if (option === 'detect' || typeof option === 'function') {
		return;
	}
	if (typeof option !== 'object' || option === null) {
		throw new TypeError(
			`"${String(option)}" is not a quota: 'detect', limits, limits by model, or a function.`,
		);
	}
	if (isModelQuota(option)) {
		checked(option);
		return;
	}
	for (const [model, each] of Object.entries(option)) {
		if (each !== 'detect') {
			if (!isModelQuota(each)) {
				throw new TypeError(
					`"${model}: ${String(each)}" is not a quota: 'detect' or limits such as requestsPerMinute.`,
				);
			}
			checked(each);
		}
	}
}

/** What the option says about a model. @throws UnknownQuotaError where that is nothing. */
const quotaFor = async (option: QuotaOption, name: ModelName): Promise<ModelQuota | 'detect'> => {
	const given =
		typeof option === 'function'
			? await option(name)
			: option === 'detect' || isModelQuota(option)
				? option
				: (option[name.model] ?? option[name.baseModel]);
	if (given === undefined || given === null) {
		throw new UnknownQuotaError(name.model);
	}
	return given === 'detect' ? given : checked(given);
};

/** A model before the account was asked about it. */
export type Asked = {
	readonly name: ModelName;
	readonly given: ModelQuota | 'detect';
	/** The name says which bucket it draws from. */
	readonly isResolved: boolean;
};

/**
 * What the name of a model says, and the option about it.
 * @throws UnknownQuotaError, or what the function of the option throws.
 */
export async function askedOf(model: string, option: QuotaOption, region: string): Promise<Asked> {
	const {baseModel, scope, isResolved, region: own} = identify(model, emptyModelIndex);
	const name = {model, baseModel, scope, region: own ?? region};
	return {name, given: await quotaFor(option, name), isResolved};
}

const limitsOf = (given: ModelQuota): Quota => ({
	requestsPerMinute: overrideLimit(noQuota.requestsPerMinute, given.requestsPerMinute ?? undefined),
	tokensPerMinute: overrideLimit(noQuota.tokensPerMinute, given.tokensPerMinute ?? undefined),
	tokensPerDay: overrideLimit(noQuota.tokensPerDay, given.tokensPerDay ?? undefined),
});

/** The bucket and the limits of a model whose quota is given. */
export function givenFacts({name, isResolved}: Asked, given: ModelQuota): ModelFacts {
	return {
		name,
		quota: limitsOf(given),
		burndown: burndownOf(name.baseModel, given.burndown),
		isDetected: false,
		readAgoMs: 0,
		isUnknown: false,
		assumed: isResolved
			? []
			: [`${name.model} does not name its foundation model: it is taken for a quota of its own.`],
	};
}

/** A model as the account has it, and sentences about what is not plain. */
type Detected = {
	readonly target: Pick<ModelFacts, 'quota' | 'burndown'> & Pick<ModelName, 'baseModel' | 'scope'>;
	readonly remarks: readonly string[];
};

/** The bucket and the limits of a model as the account has them. */
export function detectedFacts(name: ModelName, {target, remarks}: Detected): ModelFacts {
	const isUnknown = limitKinds.some(
		(kind) => kind !== 'tokensPerDay' && target.quota[kind].state === 'unknown',
	);
	return {
		name: {...name, baseModel: target.baseModel, scope: target.scope},
		quota: onlyKnown(target.quota),
		burndown: target.burndown,
		isDetected: true,
		readAgoMs: 0,
		isUnknown,
		assumed: isUnknown
			? [[`The quota of ${name.model} is not known: its calls pass without a limit.`, ...remarks].join(' ')]
			: [],
	};
}

/** A quota that was read from the account holds for so long, in milliseconds. */
export const knownForMs = 3_600_000;

/** The quota of a bucket as the members of its store know it: one reads it for all. */
export type SharedQuota = {
	/** What a member wrote, and how long ago; undefined before one did, and where the store can't say. */
	readonly read: () => Promise<{readonly json: string; readonly agoMs: number} | undefined>;
	/** Whether this member asks the account for all in that time; each does where the store can't say. */
	readonly claim: (forMs: number) => Promise<boolean>;
	readonly write: (json: string) => Promise<void>;
};

/** So long the others wait for the member that asks, in milliseconds. */
const turnMs = 10_000;
const pollMs = 250;

/** What another member read; undefined where it is no quota. */
const factsIn = (
	name: ModelName,
	{json, agoMs}: {readonly json: string; readonly agoMs: number},
): ModelFacts | undefined => {
	try {
		const value: unknown = JSON.parse(json);
		return isModelQuota(value)
			? {
					name,
					quota: limitsOf(checked(value)),
					burndown: burndownOf(name.baseModel),
					isDetected: true,
					readAgoMs: Math.max(0, agoMs),
					isUnknown: false,
					assumed: [],
				}
			: undefined;
	} catch {
		return undefined;
	}
};

/** Lets the other members know what this one has read. */
export async function share(shared: SharedQuota, {quota}: ModelFacts): Promise<void> {
	await shared.write(
		JSON.stringify(Object.fromEntries(limitKinds.map((kind) => [kind, quota[kind].value] as const))),
	);
}

type Sharing = {
	readonly shared: SharedQuota;
	readonly clock: Clock;
	/** Asks the account. @param isRefreshing Whatever is cached. */
	readonly detect: (isRefreshing: boolean) => Promise<ModelFacts>;
};

/**
 * The limits of a model as one member reads them for all. Where that one can't, the next in turn tries; where nobody can, an
 * older quota holds, with its age.
 */
export async function sharedFacts(name: ModelName, {shared, clock, detect}: Sharing): Promise<ModelFacts> {
	const until = clock.now() + turnMs;
	for (;;) {
		const note = await shared.read();
		const known = note && factsIn(name, note);
		if (known !== undefined && known.readAgoMs < knownForMs) {
			return known;
		}
		if ((await shared.claim(turnMs)) || clock.now() >= until) {
			return detectForAll({shared, detect}, known);
		}
		if (known !== undefined) {
			// Another asks just now.
			return known;
		}
		await new Promise<void>((resolve) => clock.after(pollMs, resolve));
	}
}

const detectForAll = async (
	{shared, detect}: Pick<Sharing, 'shared' | 'detect'>,
	known: ModelFacts | undefined,
): Promise<ModelFacts> => {
	try {
		const own = await detect(known !== undefined);
		if (!own.isUnknown) {
			await share(shared, own);
			return own;
		}
		if (known === undefined) {
			await shared.claim(1);
			return own;
		}
	} catch (error) {
		await shared.claim(1);
		if (known === undefined) {
			throw error;
		}
	}
	const age = formatDurationMs(known.readAgoMs);
	const text = `The quota of ${known.name.model} can't be read now: it is as a member of the fleet read it ${age} ago.`;
	return {...known, assumed: [text]};
};
