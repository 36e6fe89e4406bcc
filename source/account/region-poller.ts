import type {AccountDirectory} from '../bedrock/cloudwatch/account-directory.ts';
import type {
	AccountBucket,
	AccountDay,
	AccountMap,
	AccountRegion,
	ModelDurations,
} from '../domain/account-snapshot.ts';
import type {Clock} from '../domain/clock.ts';
import type {
	SeriesName,
	SeriesQuery,
	SeriesValues,
	UsageFailure,
	UsageReading,
	UsageSource,
} from '../domain/usage-source.ts';
import {formatDurationMs} from '../text/numbers.ts';
import {foldBuckets, newestWholeMinute} from './account-bucket.ts';
import {
	accountDayLimit,
	burndownIn,
	countsToday,
	DayUse,
	dayStartOf,
	foldAccountDay,
	hasOwnDay,
} from './account-day.ts';
import type {OwnUse} from './own-traffic-registry.ts';
import {
	CostMeter,
	coveredBy,
	dayQueries,
	durationQueries,
	durationsOf,
	durationWindow,
	type PollPart,
	planPoll,
	sumQueries,
} from './poll-plan.ts';
import {minuteMs, UsageHistory} from './usage-history.ts';

/** Surroundings of the poller of one Region. */
export type PollerPorts = {
	readonly clock: Clock;
	readonly source: UsageSource;
	readonly readDirectory: () => Promise<AccountDirectory>;
	readonly own: OwnUse;
	/** False: only ModelIds that the directory puts into one of its buckets. */
	readonly isEverything: boolean;
	readonly signal: AbortSignal;
	/** `waitingFor` has changed. */
	readonly onStep: () => void;
};

/** Polls one Region and keeps what it read. Nothing but `readDirectory` rejects. */
type RegionPoller = {
	/** Milliseconds since 1970 by the service's clock. */
	readonly now: () => number;
	/** Begin of the minute that the newest poll is about: the newest that was whole when it asked. */
	readonly minute: () => number;
	/** Reads which ModelIds are active, and their missing minutes. @param onScreen Keys of buckets. */
	readonly readMinutes: (onScreen: OnScreen) => Promise<void>;
	/** Reads what is less urgent: the hours of the day, and percentiles of what is on screen. */
	readonly readRest: (onScreen: OnScreen) => Promise<void>;
	/** Percentiles alone; does nothing when all that is on screen has some. */
	readonly readDurations: (onScreen: OnScreen) => Promise<void>;
	readonly lacksDurations: (onScreen: OnScreen) => boolean;
	readonly buckets: () => readonly AccountBucket[];
	/** The day over all models, where the account has such a quota. */
	readonly day: () => {readonly day?: AccountDay};
	readonly troubles: () => Omit<MonitorTroubles, 'nextPollMs'>;
	readonly directoryRemarks: () => readonly string[];
	/** Capacity, where the account has bought some. */
	readonly bought: () => Pick<AccountRegion, 'provisioned'>;
	/** What the first figures wait for, a few words each. */
	readonly waitingFor: () => readonly string[];
	readonly cost: CostMeter;
};

/** Keys of the buckets whose rows are seen; `all`: everything that was active in the last hour. */
export type OnScreen = ReadonlySet<string> | 'all';

type Step = 'directory' | 'listing' | 'reading';

const stepWords: Readonly<Record<Step, string>> = {
	directory: 'models and quotas of the Region',
	listing: 'CloudWatch: which models are in use',
	reading: 'CloudWatch: requests and tokens of the last three hours',
};

/** The list of active ModelIds is read again after this many polls. */
const pollsPerListing = 5;
/** Maximum of ModelIds whose percentiles are read. */
const maxDurations = 60;

export function createRegionPoller(ports: PollerPorts): RegionPoller {
	const {clock, source, readDirectory, own, isEverything, signal, onStep} = ports;
	const history = new UsageHistory();
	const day = new DayUse();
	const cost = new CostMeter();
	let directory: AccountDirectory | undefined;
	/** ModelIds that `map` was made of. */
	let mappedIds: string | undefined;
	let map: AccountMap = {buckets: new Map(), owners: new Map()};
	let listed: ReadonlyMap<string, ReadonlySet<SeriesName>> | undefined;
	let dayList: {readonly dayMs: number; readonly models: NonNullable<typeof listed>} | undefined;
	let projects: ReadonlyMap<string, ReadonlySet<string>> = new Map();
	let durations: ReadonlyMap<string, ModelDurations> = new Map();
	let troubles: Omit<MonitorTroubles, 'nextPollMs'> = {
		listing: undefined,
		reading: undefined,
		partialSeries: 0,
		clockAheadMs: 0,
		activeModels: undefined,
	};
	let polls = 0;
	let askedAtMs = clock.epoch();
	const steps = new Set<Step>();

	/** Lists a step in `waitingFor` while it takes. */
	const waitFor = async <Value>(step: Step, work: Promise<Value>): Promise<Value> => {
		steps.add(step);
		onStep();
		try {
			return await work;
		} finally {
			steps.delete(step);
			onStep();
		}
	};

	const now = (): number => clock.epoch() + troubles.clockAheadMs;

	const list = async (): Promise<void> => {
		const active = await source.listActive(signal);
		cost.add(active.cost, clock.now());
		troubles = {
			...troubles,
			listing: active.failure,
			clockAheadMs: active.clockAheadMs ?? troubles.clockAheadMs,
		};
		if (active.failure === undefined) {
			listed = active.models;
			projects = active.projects ?? projects;
			troubles = {...troubles, activeModels: listed.size};
			history.forgetQuiet(new Set(listed.keys()), now());
		}
	};

	const read = async (...asked: Parameters<UsageSource['read']>): Promise<UsageReading> => {
		const reading = await source.read(...asked);
		cost.add(reading.cost, clock.now());
		troubles = {
			...troubles,
			reading: troubles.reading ?? reading.failure,
			partialSeries: troubles.partialSeries + reading.series.filter(({isPartial}) => isPartial).length,
			clockAheadMs: reading.clockAheadMs ?? troubles.clockAheadMs,
		};
		return reading;
	};

	const dayInput = () => ({
		map,
		history,
		day,
		dayIds: dayList === undefined ? undefined : [...dayList.models.keys()],
		isListKnown: listed !== undefined,
		minute: newestWholeMinute(askedAtMs),
		nowMs: now(),
	});

	const bucketOf = (modelId: string) => map.buckets.get(map.owners.get(modelId) ?? '');

	const modelsOn = (onScreen: OnScreen): readonly string[] =>
		history.modelIds.filter((modelId) =>
			onScreen === 'all'
				? history.lastActiveMs(modelId) > now() - 60 * minuteMs
				: onScreen.has(map.owners.get(modelId) ?? ''),
		);

	const readPart = async ({modelIds, window}: PollPart): Promise<void> => {
		const isFirst = modelIds.every((modelId) => !history.isRead(modelId));
		const queries = sumQueries(modelIds, listed, isFirst);
		const {series} = await read(queries, window, minuteMs, signal);
		for (const each of series) {
			history.record(each, window);
		}
		history.cover(wholeOf(modelIds, queries, series), coveredBy(window.toMs));
	};

	const readDurations: RegionPoller['readDurations'] = async (onScreen) => {
		const modelIds = modelsOn(onScreen).slice(0, maxDurations);
		const queries = durationQueries(modelIds, listed);
		if (queries.length > 0) {
			const {series} = await read(queries, durationWindow(coveredBy(now())), minuteMs, signal);
			durations = durationsOf(modelIds, series);
		}
	};

	/** What was used earlier today may not be in use any more: once per day everything that CloudWatch knows is listed. */
	const listDay = async (): Promise<void> => {
		const dayMs = dayStartOf(now());
		if (dayList?.dayMs === dayMs) {
			return;
		}
		const all = await source.listActive(signal, 'kept');
		cost.add(all.cost, clock.now());
		if (all.failure === undefined) {
			dayList = {dayMs, models: all.models};
		}
	};

	const readDay = async (): Promise<void> => {
		const isShared = accountDayLimit(map) !== undefined;
		if (isShared) {
			await listDay();
		}
		const limited = [
			...new Set([...history.modelIds, ...(isShared ? (dayList?.models.keys() ?? []) : [])]),
		].filter((modelId) => {
			const bucket = bucketOf(modelId);
			const counts = (isShared && countsToday(modelId)) || (bucket !== undefined && hasOwnDay(bucket));
			return counts && day.windowFor(modelId, now()) !== undefined;
		});
		const window = day.windowFor(limited[0] ?? '', now());
		const queries = dayQueries(limited, isShared ? dayList?.models : listed);
		if (window === undefined || queries.length === 0) {
			return;
		}
		const {series} = await read(queries, window, 60 * minuteMs, signal);
		const asked = new Set(queries.map(({modelId}) => modelId));
		for (const modelId of wholeOf([...asked], queries, series)) {
			day.record(modelId, series, window, burndownIn(map, modelId));
		}
	};

	/** Maps the ModelIds to their buckets; the same ones are mapped once. */
	const takeDirectory = async (found: AccountDirectory): Promise<void> => {
		const {modelIds} = history;
		const isMapped = found === directory && modelIds.join('\n') === mappedIds;
		directory = found;
		if (!isMapped) {
			map = await found.map(modelIds);
			mappedIds = modelIds.join('\n');
		}
	};

	/** ModelIds that are polled. */
	const watched = (): readonly string[] =>
		isEverything ? history.modelIds : history.modelIds.filter((modelId) => map.owners.has(modelId));

	return {
		now,
		minute: () => newestWholeMinute(askedAtMs),
		cost,
		async readMinutes(onScreen) {
			troubles = {...troubles, reading: undefined, partialSeries: 0};
			const opened =
				directory === undefined ? waitFor('directory', readDirectory()) : Promise.resolve(directory);
			const isListing = polls % pollsPerListing === 0 || listed === undefined;
			polls++;
			// What is listed is read while models and quotas are still on their way; everything else has to wait for them.
			const readDue = async (): Promise<void> => {
				await (isListing ? waitFor('listing', list()) : undefined);
				const needed = listed === undefined || !isEverything ? await opened : undefined;
				for (const modelId of listed?.keys() ?? needed?.candidates ?? []) {
					history.add(modelId);
				}
				if (!isEverything) {
					await takeDirectory(await opened);
				}
				askedAtMs = now();
				for (const part of planPoll(history, watched(), new Set(modelsOn(onScreen)), askedAtMs)) {
					await waitFor('reading', readPart(part));
				}
			};
			const [found] = await Promise.all([opened, readDue()]);
			const isRefused = troubles.listing?.kind === 'network' || troubles.listing?.kind === 'credentials';
			if (directory === undefined && isRefused) {
				await found.assertReachable();
			}
			await takeDirectory(found);
			day.keepOnly(new Set([...history.modelIds, ...(dayList?.models.keys() ?? [])]));
		},
		async readRest(onScreen) {
			await Promise.all([readDay(), readDurations(onScreen)]);
		},
		readDurations,
		lacksDurations: (onScreen) => modelsOn(onScreen).some((modelId) => !durations.has(modelId)),
		buckets: () => foldBuckets({...dayInput(), own, durations, projects}),
		day() {
			const found = foldAccountDay(dayInput());
			return found === undefined ? {} : {day: found};
		},
		troubles: () => troubles,
		directoryRemarks: () => directory?.remarks ?? [],
		bought: () =>
			directory === undefined || directory.provisioned.length === 0
				? {}
				: {provisioned: directory.provisioned},
		waitingFor: () => [...steps].map((step) => stepWords[step]),
	};
}

/** The ModelIds of which every series that was asked for came back in full. */
const wholeOf = (
	modelIds: readonly string[],
	queries: readonly SeriesQuery[],
	series: readonly SeriesValues[],
): readonly string[] => {
	const isWhole = new Set(
		series.filter(({isPartial}) => !isPartial).map((each) => `${each.modelId} ${each.series}`),
	);
	const missing = new Set(
		queries.filter((each) => !isWhole.has(`${each.modelId} ${each.series}`)).map(({modelId}) => modelId),
	);
	return modelIds.filter((modelId) => !missing.has(modelId));
};

type MonitorTroubles = {
	readonly listing: UsageFailure | undefined;
	readonly reading: UsageFailure | undefined;
	/** Series that CloudWatch reported only in part. */
	readonly partialSeries: number;
	readonly clockAheadMs: number;
	/** Number of active ModelIds; undefined where their list could not be read. */
	readonly activeModels: number | undefined;
	readonly nextPollMs: number;
};

/** Why something could not be read, in words. */
export function usageFailureWords({kind, action, message}: UsageFailure): string {
	switch (kind) {
		case 'denied':
			return `IAM permission needed: ${action}`;
		case 'credentials':
			return `no credentials that CloudWatch accepts: ${message}`;
		case 'network':
			return `CloudWatch cannot be reached: ${message}`;
		case 'throttled':
			return `CloudWatch throttles ${action.replace('cloudwatch:', '')}`;
		case 'other':
			return message;
	}
}

const failureRemarks = ({listing, reading, nextPollMs}: MonitorTroubles): readonly string[] => {
	const again = `the next poll is in ${formatDurationMs(nextPollMs)}`;
	return [
		...(listing === undefined
			? []
			: [
					`Cannot list the models in use (${usageFailureWords(listing)}): the Region's models and profiles are polled instead, others are missing.`,
				]),
		...(reading === undefined
			? []
			: [
					reading.kind === 'throttled'
						? `The account's use could not be read (${usageFailureWords(reading)}): figures are older, ${again}.`
						: `The account's use could not be read (${usageFailureWords(reading)}): requests, tokens, throttles and latency of the account are missing; its limits are shown.`,
				]),
	];
};

/** @returns a sentence for everything that is missing or that figures have to be read with. */
export function monitorRemarks(troubles: MonitorTroubles): readonly string[] {
	const {listing, reading, partialSeries, clockAheadMs, activeModels} = troubles;
	const isQuiet = activeModels === 0 && listing === undefined && reading === undefined;
	const skew = formatDurationMs(Math.abs(clockAheadMs));
	return [
		...failureRemarks(troubles),
		...(partialSeries > 0
			? [`CloudWatch reported ${partialSeries} series only in part: their figures are older.`]
			: []),
		...(clockAheadMs === 0
			? []
			: [
					`This machine's clock is ${skew} ${clockAheadMs > 0 ? 'behind' : 'ahead of'} AWS's: figures follow AWS's.`,
				]),
		...(isQuiet
			? [
					'CloudWatch has no request to Bedrock in the last three hours: what is sent shows after two to three minutes; --region a,b watches other Regions.',
				]
			: []),
	];
}
