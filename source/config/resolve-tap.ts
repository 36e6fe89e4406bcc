import {lanes} from '../domain/bucket-usage.ts';
import {bursts, type Connection, type FleetLedger, type QuotaOverride} from '../domain/run-config.ts';
import type {MaxCost, Pace, RecordTo} from '../domain/tap.ts';
import {UserError} from '../domain/user-error.ts';
import type {FlagValues} from './parse-arguments.ts';
import {resolveConnection, resolveOverride} from './resolve-account.ts';
import {resolveLedger} from './resolve-ledger.ts';
import {readChoice, readDurationMs, readInteger, readNumber} from './values.ts';

/** A tap as it was typed; its secret is found when it starts. */
export type TapSettings = {
	readonly connection: Connection;
	readonly ledger: FleetLedger | undefined;
	readonly override: QuotaOverride;
	/** 0: any that is free. */
	readonly port: number;
	readonly hasNewSecret: boolean;
	readonly isResigning: boolean;
	readonly pace: Pace | undefined;
	readonly maxCost: MaxCost | undefined;
	readonly recording: RecordTo | undefined;
	readonly isRefreshing: boolean;
};

/** `20`, `20/day`, `none`. @throws UserError (exit 2). */
const readMaxCost = (text: string | undefined): MaxCost | undefined => {
	if (text === undefined || text === 'none') {
		return undefined;
	}
	const [, amount = text, per] = /^(.*?)(\/day)?$/.exec(text) ?? [];
	const usd = readNumber('max-cost', amount, {min: 0, max: 1_000_000, or: 'none, or USD/day as in 20/day'});
	return {usd, isPerDay: per !== undefined};
};

/** @throws UserError (exit 2) for bodies without a file. */
const readRecordingFile = (flags: FlagValues): RecordTo | undefined => {
	const file = flags.text('record');
	const hasBodies = flags.isSet('record-bodies') ?? false;
	if (file === undefined && hasBodies) {
		throw new UserError('--record-bodies needs --record FILE.', {
			exitCode: 2,
			hint: 'Name the file of the recording; only you can read it.',
		});
	}
	return file === undefined ? undefined : {file, hasBodies};
};

/** Longest time that a call is held, before and with interim responses. */
const usualHoldMs = 25_000;
const usualHoldAliveMs = 300_000;

/** `high=NAME`. @throws UserError (exit 2). */
const readLane = (text: string): Pace['lanes'][number] => {
	const [name = '', ...rest] = text.split('=');
	const client = rest.join('=').trim();
	if (client === '') {
		throw new UserError(`--lane: "${text}" names no client.`, {
			exitCode: 2,
			hint: 'Write it as in --lane high=my-app; the Traffic view and the summary name the clients.',
		});
	}
	return {lane: readChoice('lane', name, lanes), client};
};

const settingsOfPace = ['share', 'burst', 'hold', 'hold-alive'] as const;

/** @throws UserError (exit 2) for what only `--pace` can do. */
const assertPaced = (flags: FlagValues): void => {
	const typed = [
		...settingsOfPace.filter((name) => flags.text(name) !== undefined),
		...(flags.texts('lane').length === 0 ? [] : ['lane']),
	];
	if (typed.length > 0) {
		throw new UserError(`--${typed[0]} needs --pace.`, {
			exitCode: 2,
			hint: 'Without --pace the tap passes every request on at once and only meters.',
		});
	}
};

const readPace = (flags: FlagValues): Pace => {
	const [share, burst, hold, alive] = settingsOfPace.map((name) => flags.text(name));
	const holdAliveMs = alive === undefined ? usualHoldAliveMs : readDurationMs('hold-alive', alive);
	return {
		share: share === undefined ? 1 : readNumber('share', share, {min: 0.01, max: 1}),
		burst: burst === undefined ? undefined : readChoice('burst', burst, bursts),
		holdMs: hold === undefined ? usualHoldMs : readDurationMs('hold', hold),
		holdAliveMs,
		holdPatientMs: hold === undefined ? holdAliveMs : readDurationMs('hold', hold),
		lanes: flags.texts('lane').map(readLane),
	};
};

const resolvePace = (flags: FlagValues): Pace | undefined => {
	if (flags.isSet('pace') === true) {
		return readPace(flags);
	}
	assertPaced(flags);
	return undefined;
};

/** Replays a recording under a quota and sends nothing. */
type WhatIfSettings = {readonly file: string; readonly quota: QuotaOverride; readonly pace: Pace};

/** Flags of a tap that serves, which a replay on paper cannot use. */
const servingFlags = ['hold-alive', 'port', 'region', 'profile', 'log-file', 'out', 'ledger'] as const;

/**
 * Reads `--what-if FILE`.
 * @throws UserError (exit 2) that quotes the offending value.
 */
export function resolveWhatIf(flags: FlagValues): WhatIfSettings {
	const file = flags.text('what-if') ?? '';
	const other = servingFlags.find((name) => flags.text(name) !== undefined);
	if (other !== undefined) {
		throw new UserError(`--${other} does not go with --what-if.`, {
			exitCode: 2,
			hint: '--what-if reads a recording and sends nothing: leave the flag out.',
		});
	}
	const quota = resolveOverride(flags);
	if (quota.requestsPerMinute === undefined && quota.tokensPerMinute === undefined) {
		throw new UserError('--what-if needs a quota: --rpm N, --tpm N, or both.', {
			exitCode: 2,
			hint: `For example: tap --what-if ${file} --rpm 100 --tpm 200000. "bedrock-top quotas" shows those of the account.`,
		});
	}
	return {file, quota, pace: readPace(flags)};
}

/**
 * Settings of a tap from flags.
 * @throws UserError (exit 2) that quotes the offending value.
 */
export function resolveTap(flags: FlagValues): TapSettings {
	const port = flags.text('port');
	return {
		connection: resolveConnection(flags),
		ledger: resolveLedger(flags),
		override: resolveOverride(flags),
		port: port === undefined ? 0 : readInteger('port', port, {min: 0, max: 65_535}),
		hasNewSecret: flags.isSet('new-secret') ?? false,
		isResigning: flags.isSet('resign') ?? false,
		pace: resolvePace(flags),
		maxCost: readMaxCost(flags.text('max-cost')),
		recording: readRecordingFile(flags),
		isRefreshing: flags.isSet('refresh') ?? false,
	};
}
