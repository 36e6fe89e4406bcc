import type {AlertWebhook} from '../../account/alert-webhook.ts';
import {raisedAlerts, raisedId, raisedWords} from '../../account/alerts.ts';
import {regionNow} from '../../account/own-traffic-registry.ts';
import type {AccountRegion, Alert} from '../../domain/account-snapshot.ts';
import {systemClock} from '../../domain/clock.ts';
import type {RunConfig} from '../../domain/run-config.ts';
import type {LogEvent, Snapshot} from '../../domain/snapshot.ts';
import {alertLines} from '../../plain/account.ts';
import {toolVersion} from '../../reports/environment.ts';
import {type Io, writeLines} from '../../terminal/io.ts';
import type {EngineHandle} from '../../threads/engine-handle.ts';

/** The way to the webhook that `--alert-url` names. */
export async function webhookOf(
	alertUrl: string | undefined,
	onFault: (text: string) => void,
): Promise<AlertWebhook | undefined> {
	if (alertUrl === undefined) {
		return undefined;
	}
	const {openWebhook} = await import('../../account/alert-webhook.ts');
	return openWebhook(alertUrl, {clock: systemClock, version: toolVersion(), onFault});
}

/** Milliseconds that alerts have to reach the webhook once all else is done. */
export const webhookDeadlineMs = 20_000;

/** `--alert` of a headless run: the account is watched as long as it runs. */
type RunAlerts = {
	readonly hasAlerted: () => boolean;
	/** The snapshot with the alerts among its events. */
	readonly within: (snapshot: Snapshot) => Snapshot;
	/** Ends the watching; says where alerts could not be checked. */
	readonly close: () => Promise<void>;
	/** Waits, but not for long, until the webhook has what was raised. */
	readonly delivered: () => Promise<void>;
};

/** Watches the account and prints each alert once, on stderr. Without alerts it does nothing. */
export function watchAlerts(
	engine: EngineHandle,
	alerts: readonly Alert[],
	{connection, override, isRefreshing}: Pick<RunConfig, 'connection' | 'override' | 'isRefreshing'>,
	{
		stderr,
		signal,
		note,
		webhook,
	}: Pick<Io, 'stderr' | 'signal'> & {
		readonly note: (kind: string, text: string) => void;
		readonly webhook: AlertWebhook | undefined;
	},
): RunAlerts {
	const raisedSoFar = new Map<string, LogEvent>();
	let regions: readonly AccountRegion[] = [];
	let run: Snapshot | undefined;
	let writing = Promise.resolve();

	const say = (lines: readonly string[]): void => {
		writing = writing.then(async () => writeLines(stderr, lines));
	};

	const check = (): void => {
		const news = regions
			.filter(({phase}) => phase === 'live')
			.flatMap((region) => raisedAlerts(alerts, regionNow(region, run)))
			.filter((raised) => !raisedSoFar.has(raisedId(raised)));
		for (const raised of news) {
			const text = raisedWords(raised);
			raisedSoFar.set(raisedId(raised), {
				at: new Date(systemClock.epoch()).toISOString(),
				kind: 'alert',
				text,
			});
			note('alert', text);
		}
		say(alertLines(news));
		webhook?.post(news);
	};

	const release = engine.onReport((report) => {
		if (report.type === 'account') {
			({regions} = report.account);
			check();
		} else if (report.type === 'snapshot') {
			run = report.snapshot;
			check();
		}
	});
	if (alerts.length > 0) {
		engine.send({
			type: 'watch-account',
			watch: {connection, regions: [], override, isRefreshing, isAllOnScreen: false},
		});
	} else {
		release();
	}

	return {
		hasAlerted: () => raisedSoFar.size > 0,
		within: (snapshot) =>
			raisedSoFar.size === 0
				? snapshot
				: {
						...snapshot,
						events: [...snapshot.events, ...raisedSoFar.values()].toSorted((one, other) =>
							one.at.localeCompare(other.at),
						),
					},
		async close() {
			release();
			say(alerts.length === 0 ? [] : uncheckedLines(regions));
			await writing;
		},
		async delivered() {
			await webhook?.close(signal.aborted ? 0 : webhookDeadlineMs);
			await writing;
		},
	};
}

/** Why alerts could not be checked. */
const uncheckedLines = (regions: readonly AccountRegion[]): readonly string[] => {
	if (regions.every(({phase}) => phase === 'loading')) {
		return ['--alert: the run ended before the use of the account was known.'];
	}
	return regions
		.filter(({isComplete, phase}) => !isComplete || phase === 'failed')
		.flatMap(({remarks}) => remarks.slice(0, 1).map((remark) => `--alert: ${remark}`));
};
