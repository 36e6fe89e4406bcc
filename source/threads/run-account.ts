import type {AccountReport, AccountSession, MonitorRequest} from '../account/account-session.ts';
import {crowdingOf, dayUsedUp, headroomRemark} from '../account/outlook.ts';
import type {OwnTrafficRegistry} from '../account/own-traffic-registry.ts';
import {createClients} from '../bedrock/clients/clients.ts';
import type {AccountBucket, AccountRegion} from '../domain/account-snapshot.ts';
import type {AccountFigures, MinuteOfUse, Use} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {FleetRow} from '../domain/fleet-view.ts';
import type {FleetLedger, Plan, RunConfig, RunSpec} from '../domain/run-config.ts';
import type {Target} from '../domain/target.ts';
import type {AnswerRecord} from '../engine/attempts/request-records.ts';
import type {BucketMember, Run} from '../engine/run.ts';
import {besideOthers} from '../metrics/decisions/make-plan.ts';
import {ledgerFaultOf} from './ledger-connection.ts';
import {type FleetStore, openFleetStore, type UseBefore} from './sharing.ts';

/** The run as a member of the buckets of its targets; each once. */
type RunBuckets = ReadonlyMap<Target, BucketMember>;

/** The account monitor, as a run uses it. */
export type RunAccount = {
	/**
	 * The plan with others' use of its buckets, if that is known soon.
	 * @param before Of each target: what other programs of the user do, and the fleet that the run will join.
	 */
	readonly withHeadroom: (
		plan: Plan,
		spec: RunSpec,
		config: RunConfig,
		before: readonly UseBefore[],
	) => Promise<Plan>;
	/** Shows others' use in a run that waits for its start. @param onChange Something of it has changed. */
	readonly observe: (run: Run, spec: RunSpec, onChange: () => void) => void;
	/** From now on others' use lowers what the run may send, and its answers count as the user's own. */
	readonly attach: (run: Run, spec: RunSpec, config: RunConfig, members: RunBuckets) => void;
	/** Of each target: the minutes in which other programs of the user had answers from its bucket. */
	readonly setElsewhere: (spec: RunSpec, minutes: ReadonlyArray<readonly MinuteOfUse[]>) => void;
	/** Another member of the fleet has read the account's figures of the bucket of a target. */
	readonly hear: (target: Target, figures: AccountFigures) => void;
	readonly answered: (spec: RunSpec, record: AnswerRecord) => void;
	readonly detach: () => void;
};

/** How long a plan waits for CloudWatch at most, in milliseconds. */
const usualPatienceMs = 3000;

const usesOf = (before: readonly UseBefore[]): readonly Use[] => before.map(({use}) => use);

/** For a run without an account monitor. */
export const noAccount: RunAccount = {
	withHeadroom: async (plan, spec, _, before) => besideOthers(plan, spec, usesOf(before)),
	observe() {},
	attach() {},
	answered() {},
	setElsewhere() {},
	hear() {},
	detach() {},
};

export function createRunAccount(
	link: OwnTrafficRegistry,
	{followTargets}: Pick<AccountSession, 'followTargets'>,
	clock: Clock,
	patienceMs = usualPatienceMs,
): RunAccount {
	const follow = async (
		targets: readonly Target[],
		{connection}: Pick<RunConfig, 'connection'>,
	): Promise<void> => {
		try {
			await followTargets(targets, connection);
		} catch {
			// Without it the run continues as if it were alone; throttles then show others' use.
		}
	};

	const patiently = async (work: Promise<void>): Promise<void> => {
		let cancel = (): void => {};
		const patience = new Promise<void>((resolve) => {
			cancel = clock.after(patienceMs, resolve);
		});
		await Promise.race([work, patience]);
		cancel();
	};

	const setElsewhere: RunAccount['setElsewhere'] = ({targets}, minutes) => {
		for (const [index, target] of targets.entries()) {
			link.setElsewhere(target, minutes[index] ?? []);
		}
	};

	/** What is known of other programs before the run joins them. */
	const learn = (spec: RunSpec, before: readonly UseBefore[]): void => {
		setElsewhere(
			spec,
			before.map(({minutes}) => minutes),
		);
		for (const [index, target] of spec.targets.entries()) {
			const {answers, figures} = before[index]?.fleet ?? {};
			if (answers !== undefined) {
				link.setFleet(target, answers);
			}
			link.hear(target, figures);
		}
	};

	return {
		async withHeadroom(plan, spec, config, before) {
			const own = usesOf(before);
			learn(spec, before);
			// A demo starts at once and asks nothing.
			if (config.connection.simulatorUrl !== undefined) {
				return {...besideOthers(plan, spec, own), crowding: undefined};
			}
			// What another member of a fleet has read lately is not read again.
			if (spec.targets.some((_, index) => before[index]?.fleet?.figures === undefined)) {
				await patiently(follow(spec.targets, config));
			}
			const buckets = spec.targets.map((target) => link.figuresOf(target));
			const daysUsed = spec.targets.flatMap((target, index) => {
				const used = dayUsedUp(target, buckets[index]);
				return used === undefined ? [] : [{model: target.model, used}];
			});
			// Where another model is left, the run goes on with that.
			const refusal = daysUsed.length === spec.targets.length ? daysUsed[0]?.used : undefined;
			const daysRemarks =
				refusal === undefined ? daysUsed.map(({model, used}) => `${model}: ${used}.`) : [refusal];
			const crowding = refusal === undefined ? crowdingOf(plan, spec, buckets) : undefined;
			const rooms = spec.targets.map((target, index) => headroomRemark(target, buckets[index]));
			const remarks = [...daysRemarks, ...(crowding === undefined ? rooms : [crowding])].filter(
				(remark) => remark !== undefined,
			);
			// CloudWatch also counts the user's other programs: the larger figure includes the smaller. A fleet's are taken off.
			const others = spec.targets.map((_, index): Use => {
				const {requests = 0, tokens = 0} = buckets[index]?.use ?? {};
				const mine = own[index] ?? {requests: 0, tokens: 0};
				return before[index]?.fleet === undefined
					? {requests: Math.max(requests, mine.requests), tokens: Math.max(tokens, mine.tokens)}
					: {requests: requests + mine.requests, tokens: tokens + mine.tokens};
			});
			const slower = besideOthers(plan, spec, others);
			return {
				...slower,
				remarks: [...slower.remarks, ...new Set(remarks)],
				crowding: crowding ?? plan.crowding,
				...(refusal === undefined ? {} : {refusal}),
			};
		},
		observe({setOthersUse, setOthersToday}, {targets}, onChange) {
			link.follow({
				targets,
				setOthersUse(target, use, at) {
					setOthersUse(target, use, at);
					onChange();
				},
				setOthersToday(target, tokens) {
					setOthersToday(target, tokens);
					onChange();
				},
			});
		},
		attach({setOthersUse, setOthersToday}, {targets}, {connection}, members) {
			link.follow({targets, setOthersUse, setOthersToday});
			const joined = targets.map(async (target) => link.share(target, members.get(target)?.figures));
			void Promise.all(joined).then(async () => follow(targets, {connection}));
		},
		hear: link.hear,
		answered({targets}, {target, at, quotaTokens}) {
			const asked = targets[target];
			if (asked !== undefined) {
				link.answered(asked, Date.parse(at), quotaTokens);
			}
		},
		setElsewhere,
		detach: link.unfollow,
	};
}

/** The members of fleets beside the account's figures, for those who watch and send nothing. */
type FleetWatch = {
	/** What is watched from now on. */
	readonly follow: (request: MonitorRequest) => void;
	/** Publishes a report with the members of its buckets, in the order in which reports come. */
	readonly publish: (report: AccountReport) => void;
	readonly close: () => void;
};

/** What is read again no earlier, in milliseconds. */
const freshMs = 5000;

type Opened = {readonly ledger: FleetLedger; readonly store: Promise<FleetStore>; readonly end: () => void};

const open = (ledger: FleetLedger, connection: Parameters<typeof createClients>[0]): Opened => {
	const clients = createClients(connection, {maxSockets: 1});
	const store = openFleetStore(ledger, clients);
	return {
		ledger,
		store,
		end() {
			clients.close();
			store.then(
				({close}) => close(),
				() => {},
			);
		},
	};
};

/** @param publish Takes reports to their reader. */
export function createFleetWatch(publish: (report: AccountReport) => void, clock: Clock): FleetWatch {
	let opened: Opened | undefined;
	let queue: Promise<void> = Promise.resolve();
	const read = new Map<string, {readonly at: number; readonly rows: readonly FleetRow[]}>();

	const rowsOf = async (store: FleetStore, bucket: AccountBucket): Promise<readonly FleetRow[]> => {
		const {region, model: baseModel, scope} = bucket;
		const name = store.nameOf({region, baseModel, scope});
		const known = read.get(name);
		if (known !== undefined && clock.now() - known.at < freshMs) {
			return known.rows;
		}
		const seen = await store.lookAt({region, baseModel, scope});
		const rows = seen.members
			.map(({name: member, state, use, inFlight, waiting, seenAgoMs}) => ({
				name: member,
				isSelf: false,
				state,
				use,
				inFlight,
				waiting,
				seenAgoMs,
			}))
			.toSorted((first, second) => (first.name < second.name ? -1 : 1));
		read.set(name, {at: clock.now(), rows});
		return rows;
	};

	const withFleet = async ({ledger, store}: Opened, region: AccountRegion): Promise<AccountRegion> => {
		try {
			const opening = await store;
			const buckets = await Promise.all(
				region.buckets.map(async (bucket) => {
					const fleet = await rowsOf(opening, bucket);
					return fleet.length === 0 ? bucket : {...bucket, fleet};
				}),
			);
			return {...region, buckets};
		} catch (error) {
			const {reason, hint} = ledgerFaultOf(error);
			const remark = `The ledger ${ledger.name} can't be used: ${reason}. ${hint}`;
			return {...region, remarks: [...region.remarks, remark]};
		}
	};

	return {
		follow(request) {
			if (request.type !== 'watch-account') {
				return;
			}
			const {ledger, connection} = request.watch;
			if (ledger?.name !== opened?.ledger.name) {
				opened?.end();
				opened = ledger && open(ledger, connection);
			}
		},
		publish(report) {
			const own = opened;
			if (own === undefined) {
				publish(report);
				return;
			}
			queue = queue.then(async () => {
				const regions = await Promise.all(
					// The fleet shares the buckets of the account that runs use.
					report.account.regions.map(async (region) =>
						region.isBeside === true ? region : withFleet(own, region),
					),
				);
				publish({...report, account: {regions}});
			});
		},
		close() {
			opened?.end();
			opened = undefined;
		},
	};
}
