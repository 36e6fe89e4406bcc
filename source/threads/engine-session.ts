import {randomUUID} from 'node:crypto';
import {createAccountSession, type MonitorRequest} from '../account/account-session.ts';
import {createOwnTrafficRegistry} from '../account/own-traffic-registry.ts';
import {createLedgerStore, type LedgerStore} from '../admission/member-store.ts';
import type {AccountFigures} from '../domain/bucket-usage.ts';
import {type Clock, systemClock} from '../domain/clock.ts';
import {ItemCollector, type ItemColumn, itemColumns} from '../domain/item-results.ts';
import type {RunConfig, RunSpec} from '../domain/run-config.ts';
import type {Target} from '../domain/target.ts';
import {faultOf} from '../domain/user-error.ts';
import {type BucketMember, createRun, type Run} from '../engine/run.ts';
import {isPattern, type PatternChecker} from '../prompts/checks.ts';
import {type AnswerLog, createAnswerLog, createCheckWarning} from './answer-file.ts';
import {createChecksThread} from './checks-handle.ts';
import type {AnswerSink, EngineReport, EngineRequest} from './messages.ts';
import {type ListingConfig, listModels, type Prepared, prepare} from './prepare.ts';
import {createFleetWatch, createRunAccount, noAccount, type RunAccount} from './run-account.ts';
import {fleetSharing, hostSharing, type Sharing} from './sharing.ts';

/** Milliseconds between two snapshots: four per second are enough for eyes. */
const snapshotIntervalMs = 250;

type Ports = {
	readonly publish: (report: EngineReport) => void;
	readonly clock: Clock;
	readonly uses?: LedgerStore;
	readonly createChecker?: typeof createChecksThread;
	readonly account?: RunAccount;
	/** Receives the requests of the account monitor. */
	readonly onAccountRequest?: (request: MonitorRequest) => void;
	readonly onClose?: () => void;
};

/** The state of the session. */
type Stage =
	| {readonly name: 'idle'}
	| {readonly name: 'preparing'; readonly abort: AbortController}
	| {
			readonly name: 'prepared';
			/** Unique name of the run. */
			readonly id: string;
			readonly config: RunConfig;
			readonly prepared: Prepared;
			readonly sharing: Sharing;
			readonly members: ReadonlyMap<Target, BucketMember>;
			readonly run: Run;
			readonly checker: PatternChecker | undefined;
			readonly answers: AnswerLog;
			readonly items: ItemCollector;
	  }
	| {
			readonly name: 'running';
			readonly prepared: Prepared;
			readonly sharing: Sharing;
			readonly run: Run;
			readonly checker: PatternChecker | undefined;
			/** Sends more, once the run has ended. */
			readonly sendMore: () => Promise<void>;
	  };

const columnsOf = ({cells, variants}: RunSpec): readonly ItemColumn[] =>
	itemColumns(cells.map(({variant, target}) => ({variant: variants[variant]?.name ?? '', target})));

/** What is compared in a run: another run of the same takes about as much. */
const comparisonOf = ({preset, task, variants, models, goal, method}: RunConfig): string =>
	JSON.stringify([preset, task.task, variants.map(({name}) => name), models, goal, method]);

/** The engine's side of the thread: takes requests, publishes reports, owns at most one run. */
export function createSession({
	publish,
	clock,
	uses = createLedgerStore(),
	createChecker = createChecksThread,
	account = noAccount,
	onAccountRequest = () => {},
	onClose = () => {},
}: Ports): (request: EngineRequest) => void {
	let stage: Stage = {name: 'idle'};
	let hasWritten = false;

	const fail = (error: unknown): void => {
		publish({type: 'failed', fault: faultOf(error)});
	};

	const warn = (text: string): void => publish({type: 'warning', text});

	const letGo = (): void => {
		if (stage.name === 'preparing') {
			stage.abort.abort();
		} else if (stage.name !== 'idle') {
			stage.prepared.backend.close();
			stage.prepared.clients.close();
			stage.checker?.close();
			account.detach();
			const {run, sharing} = stage;
			void run.leave().finally(sharing.close);
		}
		stage = {name: 'idle'};
	};

	/** Requests of the last run by what it compared: the next one will likely take as many. */
	const requestsOfLastRun = new Map<string, number>();

	/** @throws UserError (exit 1) where nothing may be sent; what was prepared is then closed. */
	const sharingOf = async (config: RunConfig, {clients, backend, spec}: Prepared): Promise<Sharing> => {
		try {
			return config.ledger === undefined
				? hostSharing(uses, config.connection, clock)
				: await fleetSharing(config.ledger, {
						clients,
						uses,
						clock,
						program: 'run',
						targets: spec.targets,
						warn,
					});
		} catch (error) {
			backend.close();
			clients.close();
			throw error;
		}
	};

	const prepareRun = async (config: RunConfig): Promise<void> => {
		letGo();
		const abort = new AbortController();
		const own: Stage = {name: 'preparing', abort};
		stage = own;
		const onStep = (step: string): void => publish({type: 'preparing', step});
		const prepared = await prepare(config, onStep, abort.signal);
		if (stage !== own) {
			prepared.clients.close();
			return;
		}
		const {spec} = prepared;
		const sharing = await sharingOf(config, prepared);
		const before = await Promise.all(spec.targets.map(sharing.before));
		const plan = await account.withHeadroom(prepared.plan, spec, config, before);
		if (stage !== own) {
			prepared.clients.close();
			sharing.close();
			return;
		}
		const answers = createAnswerLog(warn);
		const patterns = spec.task.checks.filter(isPattern);
		const checker = patterns.length === 0 ? undefined : createChecker(patterns);
		const items = new ItemCollector(columnsOf(spec));
		const warnOfCheck = createCheckWarning(warn);
		const id = randomUUID();
		const members = new Map<Target, BucketMember>();
		const run = createRun(spec, {
			id,
			backend: prepared.backend,
			clock,
			initialUse: before.map(({entries}) => entries),
			memberOf(target, bucket, hooks) {
				const onFigures = (figures: AccountFigures): void => account.hear(target, figures);
				const member = sharing.memberOf(target, bucket, {...hooks, onFigures});
				members.set(target, member);
				return member;
			},
			onAnswer(record) {
				account.answered(spec, record);
				warnOfCheck(record);
				const offset = answers.write(record);
				for (const {item, kind} of record.verdicts) {
					items.add(record, item, kind, offset);
				}
			},
			onUnjudged: answers.unjudged,
			checker,
			onLost(record) {
				answers.lost(record);
				for (const item of record.items.length === 0 ? [null] : record.items) {
					items.add(record, item, record.reason, -1);
				}
			},
		});
		stage = {name: 'prepared', id, config, prepared, sharing, members, run, checker, answers, items};
		let isShown = false;
		account.observe(run, spec, () => {
			if (isShown && stage.name === 'prepared' && stage.run === run) {
				publishNow(run);
			}
		});
		const likelyRequests = spec.isEliminating ? requestsOfLastRun.get(comparisonOf(config)) : undefined;
		publish({
			type: 'prepared',
			plan: likelyRequests === undefined ? plan : {...plan, likelyRequests},
			snapshot: run.snapshot(),
		});
		isShown = true;
	};

	const publishWhileRunning = (run: Run, spec: RunSpec, publishItems: () => void): (() => void) => {
		let cancel = (): void => {};
		const tick = (): void => {
			publishItems();
			publish({type: 'snapshot', snapshot: run.snapshot()});
			account.setElsewhere(spec, run.usedElsewhere());
			cancel = clock.after(snapshotIntervalMs, tick);
		};
		cancel = clock.after(snapshotIntervalMs, tick);
		return () => {
			cancel();
		};
	};

	/** Requests to a run that is about to start; undefined at other times. */
	let early: EngineRequest[] | undefined;

	/** A second run of the same program continues the files of the first one. */
	const sinkOfRun = (sink: AnswerSink): AnswerSink => {
		const isReplacing = (sink?.isReplacing ?? false) && !hasWritten;
		hasWritten ||= sink !== undefined;
		return sink && {...sink, isReplacing};
	};

	const startRun = async (sink: AnswerSink): Promise<void> => {
		if (stage.name !== 'prepared' || early !== undefined) {
			return;
		}
		const own = stage;
		const {id, config, prepared, sharing, members, run, checker, answers, items} = own;
		const meanwhile: EngineRequest[] = [];
		early = meanwhile;
		// Other runs may have used the bucket since it was prepared.
		await run.join();
		early = undefined;
		if (stage !== own) {
			await run.leave();
			return;
		}
		const publishItems = (): void => {
			const entries = items.take();
			if (entries !== undefined) {
				publish({type: 'items', run: id, file: sink?.file ?? null, entries});
			}
		};
		const untilEnd = async (begin: () => Promise<void>): Promise<void> => {
			answers.open(sinkOfRun(sink), {run: id, config});
			account.attach(run, prepared.spec, config, members);
			const stopPublishing = publishWhileRunning(run, prepared.spec, publishItems);
			try {
				await begin();
			} finally {
				stopPublishing();
				account.detach();
				await Promise.all([answers.close(), run.leave()]);
			}
			publishItems();
			const snapshot = run.snapshot();
			if (snapshot.outcome === 'completed') {
				requestsOfLastRun.set(comparisonOf(config), snapshot.progress.done);
			}
			publish({type: 'ended', snapshot});
		};
		const sendMore = async (): Promise<void> => {
			if (run.snapshot().more?.kind === 'offered') {
				await run.join();
				await untilEnd(run.sendMore);
			}
		};
		stage = {name: 'running', prepared, sharing, run, checker, sendMore};
		await untilEnd(async () => {
			const ended = run.start();
			meanwhile.forEach(handle);
			await ended;
		});
	};

	const publishModels = async (config: ListingConfig): Promise<void> => {
		try {
			publish({type: 'models-listed', models: await listModels(config)});
		} catch (error) {
			publish({type: 'models-failed', fault: faultOf(error)});
		}
	};

	const publishNow = (run: Run): void => publish({type: 'snapshot', snapshot: run.snapshot()});

	const handle = (request: EngineRequest): void => {
		switch (request.type) {
			case 'prepare':
				prepareRun(request.config).catch(fail);
				break;
			case 'list-models':
				void publishModels(request.config);
				break;
			case 'start':
				startRun(request.answers).catch(fail);
				break;
			case 'send-more':
				if (stage.name === 'running') {
					stage.sendMore().catch(fail);
				}
				break;
			case 'pause':
			case 'resume':
				early?.push(request);
				if (stage.name === 'running') {
					stage.run[request.type]();
					publishNow(stage.run);
				}
				break;
			case 'set-goal':
				early?.push(request);
				if (stage.name === 'running') {
					stage.run.setGoal(request.goal);
					publishNow(stage.run);
				}
				break;
			case 'stop':
				early?.push(request);
				if (stage.name === 'running') {
					stage.run.stop(request.stoppedBy, request.deadlineMs);
					publishNow(stage.run);
				}
				break;
			case 'watch-account':
			case 'look-at-account':
				onAccountRequest(request);
				break;
			case 'close':
				letGo();
				onClose();
				publish({type: 'closed'});
				break;
		}
	};
	return handle;
}

/**
 * The engine with the account monitor, in whatever thread it is made.
 * @param accountPatienceMs How long a plan waits at most for others' use; absent: as usual.
 * @returns Takes requests.
 */
export function createEngine(
	publish: (report: EngineReport) => void,
	accountPatienceMs?: number,
): (request: EngineRequest) => void {
	const link = createOwnTrafficRegistry();
	const fleets = createFleetWatch(publish, systemClock);
	const account = createAccountSession({clock: systemClock, link, publish: fleets.publish});
	return createSession({
		clock: systemClock,
		publish,
		account: createRunAccount(link, account, systemClock, accountPatienceMs),
		onAccountRequest(request) {
			fleets.follow(request);
			account.handle(request);
		},
		onClose() {
			account.close();
			fleets.close();
		},
	});
}
