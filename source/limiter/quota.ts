import {emptyModelIndex, identify} from '../bedrock/identify/identify.ts';
import {noQuota, overrideLimit} from '../bedrock/quotas/bucket-quota.ts';
import {burndownOf} from '../bedrock/quotas/burndown.ts';
import {lanes} from '../domain/bucket-usage.ts';
import {type Burndown, type Limit, limitKinds, type Quota} from '../domain/target.ts';
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
		...(quota.outputTokensPerMinute === undefined
			? {}
			: {outputTokensPerMinute: quota.outputTokensPerMinute.value}),
		tokensPerDay: quota.tokensPerDay.value,
		...(quota.accountTokensPerDay === undefined
			? {}
			: {accountTokensPerDay: quota.accountTokensPerDay.value}),
		burndown: burndown.value,
	};
}

const kinds = [...limitKinds, 'outputTokensPerMinute', 'accountTokensPerDay', 'burndown'] as const;

const isModelQuota = (value: unknown): value is ModelQuota =>
	typeof value === 'object' && value !== null && kinds.some((kind) => Object.hasOwn(value, kind));

/** @throws TypeError that quotes the value, and says what it is not. */
export function refuse(value: unknown, what: string): never {
	throw new TypeError(`"${String(value)}" is not ${what}`);
}

/** @throws TypeError that quotes the value. */
export function checkLane(lane: string): void {
	if (!lanes.some((each) => each === lane)) {
		refuse(lane, `a lane: ${lanes.join(', ')}.`);
	}
}

/** @throws TypeError that quotes the value. */
const checked = (quota: ModelQuota): ModelQuota => {
	for (const [kind, value] of Object.entries(quota)) {
		const isKnown = kinds.some((each) => each === kind);
		const isLimit = typeof value === 'number' && Number.isFinite(value) && value >= 0;
		if (!isKnown || !(isLimit || (value === null && kind !== 'burndown') || value === undefined)) {
			refuse(
				`${kind}: ${String(value)}`,
				`a limit of a quota: ${kinds.join(', ')}, each a number from 0 up.`,
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
		refuse(option, "a quota: 'detect', limits, limits by model, or a function.");
	}
	if (isModelQuota(option)) {
		checked(option);
		return;
	}
	for (const [model, each] of Object.entries(option)) {
		if (each !== 'detect') {
			if (!isModelQuota(each)) {
				refuse(`${model}: ${String(each)}`, "a quota: 'detect' or limits such as requestsPerMinute.");
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

/** The bucket and the limits of a model whose quota is given. */
export function givenFacts({name, isResolved}: Asked, given: ModelQuota): ModelFacts {
	const limit = (kind: (typeof kinds)[number]): Limit =>
		overrideLimit(noQuota.tokensPerMinute, given[kind] ?? undefined);
	return {
		name,
		quota: {
			requestsPerMinute: limit('requestsPerMinute'),
			tokensPerMinute: limit('tokensPerMinute'),
			tokensPerDay: limit('tokensPerDay'),
			...(given.outputTokensPerMinute == null ? {} : {outputTokensPerMinute: limit('outputTokensPerMinute')}),
			...(given.accountTokensPerDay == null ? {} : {accountTokensPerDay: limit('accountTokensPerDay')}),
		},
		burndown: burndownOf(name, given.burndown),
		isDetected: false,
		readAgoMs: 0,
		isUnknown: false,
		assumed: isResolved
			? []
			: [`${name.model} does not name its foundation model: it is taken for a quota of its own.`],
	};
}
