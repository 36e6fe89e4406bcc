import {type Alert, alertFigures, alertOperators} from '../domain/account-snapshot.ts';
import type {ServiceLevel} from '../domain/run-config.ts';
import {UserError} from '../domain/user-error.ts';
import {didYouMean} from '../text/nearest-name.ts';
import {defaults} from './defaults.ts';

/** Readers of typed values: each quotes what was typed and says what is allowed. Errors are usage errors (exit 2). */

const usage = (flag: string, value: string, allowed: string, hint = ''): UserError =>
	new UserError(`--${flag}: "${value}" is not ${allowed}.`, {
		exitCode: 2,
		hint: `${hint}Run bedrock-top --help for all flags and their values.`,
	});

const plainNumber = /^\d+(?:\.\d+)?$/;

/**
 * A number within bounds. Digits with an optional fraction only: no sign, exponent or unit.
 * @param bounds `or`: a word that is allowed too, for the message.
 */
export function readNumber(
	flag: string,
	value: string,
	bounds: {min: number; max: number; or?: string},
): number {
	const number = plainNumber.test(value) ? Number(value) : Number.NaN;
	if (!(number >= bounds.min && number <= bounds.max)) {
		throw usage(
			flag,
			value,
			`a number from ${bounds.min} to ${bounds.max}${bounds.or === undefined ? '' : `, or ${bounds.or}`}`,
		);
	}
	return number;
}

/** A whole number within bounds. */
export function readInteger(flag: string, value: string, bounds: {min: number; max: number}): number {
	const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
	if (!(number >= bounds.min && number <= bounds.max)) {
		throw usage(flag, value, `a whole number from ${bounds.min} to ${bounds.max}`);
	}
	return number;
}

const unitMs: Readonly<Record<string, number>> = {ms: 1, s: 1000, m: 60_000, h: 3_600_000};

/** A duration such as 500ms, 60s, 2m or 1h, in milliseconds. A bare number is seconds. */
export function readDurationMs(flag: string, value: string): number {
	const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(value);
	const milliseconds =
		match === null ? Number.NaN : Number(match[1]) * (unitMs[match[2] ?? 's'] ?? Number.NaN);
	if (!(milliseconds > 0 && milliseconds <= 7 * 24 * 3_600_000)) {
		throw usage(flag, value, 'a duration such as 500ms, 60s, 2m or 1h');
	}
	return milliseconds;
}

/** @returns USD; null for `none`: no limit. */
export function readMaxCost(text: string | undefined): number | null {
	if (text === undefined) {
		return defaults.maxCostUsd;
	}
	return text === 'none' ? null : readNumber('max-cost', text, {min: 0, max: 1_000_000, or: 'none'});
}

const sinceUnitMs: Readonly<Record<string, number>> = {h: 3_600_000, d: 86_400_000, w: 604_800_000};
const keptDays = 455;

/** How far back, such as 12h, 14d or 8w, in milliseconds: as far as CloudWatch keeps values. */
export function readSince(value: string): number {
	const match = /^(\d+(?:\.\d+)?)(h|d|w)$/.exec(value);
	const milliseconds = match === null ? Number.NaN : Number(match[1]) * (sinceUnitMs[match[2] ?? ''] ?? 0);
	if (!(milliseconds >= 3_600_000 && milliseconds <= keptDays * 86_400_000)) {
		throw usage(
			'since',
			value,
			`a time from 1h to ${keptDays}d (CloudWatch keeps no more), such as 12h, 14d or 8w`,
		);
	}
	return milliseconds;
}

/** One of a list of words. */
export function readChoice<T extends string>(flag: string, value: string, choices: readonly T[]): T {
	const found = choices.find((choice) => choice === value);
	if (found === undefined) {
		throw usage(flag, value, `one of: ${choices.join(', ')}`, didYouMean(value, choices));
	}
	return found;
}

const form = /^\s*([a-z]+)\s*(<=|>=|==|!=|<|>)\s*(\d+(?:\.\d+)?)\s*%?\s*$/;

/**
 * Reads `--alert "tokens>80"`, in percent of a limit.
 * @throws UserError (exit 2) that quotes what was typed.
 */
export function readAlert(text: string): Alert {
	const [, typed = '', operator, bound] = form.exec(text) ?? [];
	const figure = alertFigures.find((each) => each === typed);
	const known = alertOperators.find((each) => each === operator);
	if (figure === undefined || known === undefined) {
		throw new UserError(`--alert: "${text}" is not of the form FIGURE OP PERCENT.`, {
			exitCode: 2,
			hint: `Figures are ${alertFigures.join(', ')}, in percent of their limit: --alert "tokens>80".`,
		});
	}
	return {text: text.trim(), figure, operator: known, bound: Number(bound)};
}

/** A quota to be raised, as `--request` names it. */
export type WantedIncrease = {
	/** Such as `L-15B8E632`. */
	readonly code: string;
	readonly value: number;
};

/**
 * Reads `--request L-15B8E632=8000000`.
 * @throws UserError (exit 2) that quotes what was typed.
 */
export function readIncrease(text: string): WantedIncrease {
	const [, code, value = ''] = /^\s*(L-[\dA-F]{8})\s*=\s*(.*?)\s*$/i.exec(text) ?? [];
	if (code === undefined) {
		throw new UserError(`--request: "${text}" is not of the form CODE=VALUE.`, {
			exitCode: 2,
			hint: 'As in --request L-15B8E632=8000000; "bedrock-top quotas" lists the codes.',
		});
	}
	return {
		code: code.toUpperCase(),
		value: readInteger('request', value, {min: 1, max: Number.MAX_SAFE_INTEGER}),
	};
}

/**
 * Reads `--slo ttft=800ms,total=5s`.
 * @throws UserError (exit 2) for an unknown name or a bad duration.
 */
export function readServiceLevel(value: string | undefined): ServiceLevel | null {
	if (value === undefined) {
		return null;
	}
	let level: ServiceLevel = {};
	for (const part of value.split(',')) {
		const [name = '', bound = ''] = part.split('=').map((text) => text.trim());
		switch (bound === '' ? '' : name) {
			case 'ttft':
				level = {...level, timeToFirstTokenMs: readDurationMs('slo', bound)};
				break;
			case 'total':
				level = {...level, totalMs: readDurationMs('slo', bound)};
				break;
			default:
				throw new UserError(`--slo: "${part}" is not of the form ttft=800ms or total=5s.`, {
					exitCode: 2,
					hint: 'Separate several bounds by commas: --slo ttft=800ms,total=5s.',
				});
		}
	}
	return level;
}
