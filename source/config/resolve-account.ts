import {assertOneCaller} from '../bedrock/credentials/caller-source.ts';
import {regionOfArns} from '../bedrock/identify/identify.ts';
import type {Connection, QuotaOverride} from '../domain/run-config.ts';
import {serviceTiers} from '../domain/run-spec.ts';
import {bedrockRegions, isRegionName} from '../domain/target.ts';
import {UserError} from '../domain/user-error.ts';
import {didYouMean} from '../text/nearest-name.ts';
import type {TextFlag} from './flags.ts';
import type {FlagValues} from './parse-arguments.ts';
import {readChoice, readDurationMs, readInteger, readNumber} from './values.ts';

/**
 * Region, profile and timeout of all calls. The simulator's address is added once it listens.
 * @param models Models and jobs to call: an ARN among them decides the Region.
 * @throws UserError (exit 2) for an invalid Region, one that contradicts an ARN, and a profile beside a token.
 */
export function resolveConnection(flags: FlagValues, models: readonly string[] = []): Connection {
	const region = flags.text('region');
	if (region !== undefined && !isRegionName(region)) {
		throw new UserError(`--region: "${region}" is not the name of an AWS Region.`, {
			exitCode: 2,
			hint: `${didYouMean(region, bedrockRegions)}Names look like us-east-1 or eu-central-1.`,
		});
	}
	const profile = flags.text('profile');
	if (flags.isSet('demo') !== true) {
		assertOneCaller(profile, process.env);
	}
	const timeout = flags.text('timeout');
	const ofArn = regionOfArns(models, region);
	return {
		region: ofArn ?? region,
		...(ofArn !== undefined && region === undefined ? {isRegionOfArn: true} : {}),
		profile,
		simulatorUrl: undefined,
		...(timeout === undefined ? {} : {timeoutMs: readDurationMs('timeout', timeout)}),
	};
}

/** Reads `--tier`. @throws UserError (exit 2) for an unknown tier. */
export function resolveTier(flags: FlagValues): string | undefined {
	const tier = flags.text('tier');
	return tier === undefined ? undefined : readChoice('tier', tier, serviceTiers);
}

const positive = {min: 1, max: 1_000_000_000_000};

/** Limits that the user sets instead of the detected ones. */
export function resolveOverride(flags: FlagValues): QuotaOverride {
	const read = (name: TextFlag): number | undefined => {
		const text = flags.text(name);
		return text === undefined ? undefined : readInteger(name, text, positive);
	};
	const burndown = flags.text('burndown');
	return {
		requestsPerMinute: read('rpm'),
		tokensPerMinute: read('tpm'),
		burndown: burndown === undefined ? undefined : readNumber('burndown', burndown, {min: 1, max: 100}),
	};
}

type WatchedRegions = {
	/** With the first Region. */
	readonly connection: Connection;
	/** In the order typed, each once; empty: the Region in use. */
	readonly regions: readonly string[];
};

/**
 * Reads `--region a,b`, for the views of several Regions.
 * @throws UserError (exit 2) for an invalid Region.
 */
export function resolveRegions(flags: FlagValues): WatchedRegions {
	const typed = flags.text('region');
	const names = [...new Set(typed?.split(',').map((name) => name.trim()))];
	const connections = names.map((name) =>
		resolveConnection({...flags, text: (flag) => (flag === 'region' ? name : flags.text(flag))}),
	);
	return {connection: connections[0] ?? resolveConnection(flags), regions: names};
}
