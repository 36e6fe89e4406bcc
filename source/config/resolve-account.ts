import {assertOneCaller} from '../bedrock/credentials/caller.ts';
import {regionOfArns} from '../bedrock/identify/identify.ts';
import type {Alert} from '../domain/account-snapshot.ts';
import {type Connection, type QuotaOverride, serviceTiers} from '../domain/run-config.ts';
import {bedrockRegions, isRegionName} from '../domain/target.ts';
import {UserError} from '../domain/user-error.ts';
import {didYouMean} from '../text/nearest-name.ts';
import type {TextFlag} from './flags.ts';
import type {FlagValues} from './parse-arguments.ts';
import {readAlert, readChoice, readDurationMs, readInteger, readNumber} from './values.ts';

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
	if (profile?.includes(',')) {
		throw new UserError(
			`--profile: "${profile}" are several profiles, and only watch and the account view take several.`,
			{
				exitCode: 2,
				hint: 'Name one of them.',
			},
		);
	}
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

/** Values separated by commas, each once. */
const listOf = (typed: string | undefined): readonly string[] => [
	...new Set(
		typed
			?.split(',')
			.map((name) => name.trim())
			.filter((name) => name !== ''),
	),
];

/**
 * Reads `--region a,b` and `--profile a,b`, for the views of several Regions and accounts.
 * @throws UserError (exit 2) for an invalid Region.
 */
export function resolveRegions(flags: FlagValues): WatchedRegions {
	const typed = flags.text('region');
	const names = [...new Set(typed?.split(',').map((name) => name.trim()))];
	const [profile, ...otherProfiles] = listOf(flags.text('profile'));
	const connections = [...names, ...(names.length === 0 ? [undefined] : [])].map((name) =>
		resolveConnection({
			...flags,
			text: (flag) => (flag === 'region' ? name : flag === 'profile' ? profile : flags.text(flag)),
		}),
	);
	const connection = connections[0] as Connection;
	return {
		connection: otherProfiles.length === 0 ? connection : {...connection, otherProfiles},
		regions: names,
	};
}

/** What is alerted about, and where alerts go beside the terminal. */
export type AlertSettings = {
	readonly alerts: readonly Alert[];
	/** URL of a webhook, which may be a secret. */
	readonly alertUrl: string | undefined;
};

/** Names the webhook where the flag does not: what a command line has, others on the host can see. */
const webhookVariable = 'BEDROCK_TOP_ALERT_URL';

/**
 * Reads `--alert` and `--alert-url`.
 * @throws UserError (exit 2) that does not repeat the URL.
 */
export function resolveAlerts(
	flags: FlagValues,
	environment: Readonly<Record<string, string | undefined>>,
): AlertSettings {
	const alerts = flags.texts('alert').map(readAlert);
	const typed = flags.text('alert-url');
	if (typed !== undefined && alerts.length === 0) {
		throw new UserError('--alert-url needs --alert: without a condition there is nothing to send.', {
			exitCode: 2,
			hint: 'As in --alert "tokens>80".',
		});
	}
	const alertUrl = typed ?? (environment[webhookVariable] || undefined);
	const isWebhook =
		alertUrl === undefined || (/^https?:\/\/[^/?#]/i.test(alertUrl) && URL.canParse(alertUrl));
	if (alerts.length > 0 && !isWebhook) {
		throw notWebhook(typed === undefined ? webhookVariable : '--alert-url');
	}
	return {alerts, alertUrl: alerts.length === 0 ? undefined : alertUrl};
}

const notWebhook = (source: string): UserError =>
	new UserError(
		`${source}: this is not the URL of a webhook. It is not repeated here: it may hold a secret.`,
		{
			exitCode: 2,
			hint: 'Write it as in https://host/path.',
		},
	);
