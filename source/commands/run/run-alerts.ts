import {raisedAlerts, raisedId, raisedWords} from '../../account/alerts.ts';
import {regionNow} from '../../account/own-traffic-registry.ts';
import type {AccountRegion} from '../../domain/account-snapshot.ts';
import {systemClock} from '../../domain/clock.ts';
import type {RunConfig} from '../../domain/run-config.ts';
import type {LogEvent, Snapshot} from '../../domain/snapshot.ts';
import type {Alert} from '../../metrics/decisions/alert.ts';
import {alertLines} from '../../plain/account.ts';
import {type Io, writeLines} from '../../terminal/io.ts';
import type {EngineHandle} from '../../threads/engine-handle.ts';

/** `--alert` beside a headless run: the account is watched as long as it goes on. */
type RunAlerts = {
	readonly hasRung: () => boolean;
	/** The snapshot with the alarms among its events. */
	readonly within: (snapshot: Snapshot) => Snapshot;
	/** Ends the watching; says where nothing could be told. */
	readonly close: () => Promise<void>;
};

/** Has the account watched and tells each alarm once, on stderr. Without alarms it asks nothing. */
export function watchAlerts(
	engine: EngineHandle,
	alerts: readonly Alert[],
	{connection, override, isRefreshing}: Pick<RunConfig, 'connection' | 'override' | 'isRefreshing'>,
	{stderr, note}: Pick<Io, 'stderr'> & {readonly note: (kind: string, text: string) => void},
): RunAlerts {
	const rung = new Map<string, LogEvent>();
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
			.filter((raised) => !rung.has(raisedId(raised)));
		for (const raised of news) {
			const text = raisedWords(raised);
			rung.set(raisedId(raised), {at: new Date(systemClock.epoch()).toISOString(), kind: 'alert', text});
			note('alert', text);
		}
		say(alertLines(news));
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
		hasRung: () => rung.size > 0,
		within: (snapshot) =>
			rung.size === 0
				? snapshot
				: {
						...snapshot,
						events: [...snapshot.events, ...rung.values()].toSorted((one, other) =>
							one.at.localeCompare(other.at),
						),
					},
		async close() {
			release();
			say(alerts.length === 0 ? [] : blindLines(regions));
			await writing;
		},
	};
}

/** Why alarms could not ring. */
const blindLines = (regions: readonly AccountRegion[]): readonly string[] => {
	if (regions.every(({phase}) => phase === 'loading')) {
		return ['--alert: the run was over before it was known what the account uses.'];
	}
	return regions
		.filter(({isComplete, phase}) => !isComplete || phase === 'failed')
		.flatMap(({remarks}) => remarks.slice(0, 1).map((remark) => `--alert: ${remark}`));
};
