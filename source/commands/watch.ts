import type {AlertWebhook} from '../account/alert-webhook.ts';
import {raisedAlerts, raisedWords} from '../account/alerts.ts';
import type {Arguments, FlagValues} from '../config/parse-arguments.ts';
import {resolveAlerts, resolveOverride, resolveRegions} from '../config/resolve-account.ts';
import {resolveLedger} from '../config/resolve-ledger.ts';
import {type OutputConfig, resolveOutput} from '../config/resolve-output.ts';
import {readInteger} from '../config/values.ts';
import {type AccountRegion, type Alert, sourceIdOf} from '../domain/account-snapshot.ts';
import {errorOf, UserError} from '../domain/user-error.ts';
import {accountJson, accountLines, accountMarkdown, accountMetrics, alertLines} from '../plain/account.ts';
import type {JudgedCondition} from '../reports/conditions.ts';
import {conditionSuite, junitXml} from '../reports/junit.ts';
import {conditionLines, pageOf} from '../reports/pull-request.ts';
import {secretFor} from '../tap/routes.ts';
import {serveMetrics} from '../tap/tap-metrics.ts';
import {assertCiWritable, isForCi, writeForCi} from '../terminal/ci.ts';
import {columnsOf, type Io, writeClean, writeLines} from '../terminal/io.ts';
import {signalExitCode} from '../terminal/signals.ts';
import {escapeUnseen} from '../text/width.ts';
import {type EngineHandle, type StartEngine, startEngineThread} from '../threads/engine-handle.ts';
import {sourceWords} from '../view/quotas.ts';
import {startDemo} from './demo.ts';
import {webhookDeadlineMs, webhookOf} from './run/run-alerts.ts';

/** Seed of the account behind `--demo`. */
const demoSeed = 1;
/** Milliseconds that the engine's thread has to close. */
const closeDeadlineMs = 1000;

type Printing = {
	readonly output: OutputConfig;
	readonly alerts: readonly Alert[];
	/** Undefined without --alert-url. */
	readonly webhook: AlertWebhook | undefined;
};

/** What was seen until the end. */
type Seen = {
	/** The newest minute of each source that could be read. */
	readonly regions: Map<string, AccountRegion>;
	/** Alerts by their text, each with what met it first. */
	readonly raised: Map<string, string>;
};

/** Nothing was ever read of it. */
const hasFailed = ({phase, minute}: AccountRegion): boolean => phase === 'failed' && minute === null;

/** @throws UserError (exit 1) where the first poll of every source failed: nothing can be watched. */
const assertWatchable = (regions: readonly AccountRegion[]): void => {
	const [first, ...others] = regions;
	if (first === undefined || !regions.every(hasFailed)) {
		return;
	}
	const {remarks} = first;
	throw others.length === 0
		? new UserError(remarks[0] ?? 'The account cannot be watched.', {exitCode: 1, hint: remarks[1]})
		: new UserError(['Nothing can be watched:', ...regions.map(failureLine)].join('\n'), {exitCode: 1});
};

/** A source that cannot be read leaves the others. */
const failureLine = (region: AccountRegion): string =>
	`${sourceWords(region)} cannot be watched: ${region.remarks.join(' ')}`;

/** Prints every poll once. @returns Whether an alert was raised. */
const createPrinter = ({output, alerts, webhook}: Printing, seen: Seen, io: Io) => {
	const isJson = output.json !== undefined;
	const printed = new Map<string, {readonly polls: number; readonly minute: number | null}>();
	const failed = new Map<string, string>();
	/** The same reason once per minute would bury the others. */
	const printFailure = async (id: string, region: AccountRegion): Promise<void> => {
		const line = failureLine(region);
		if (failed.get(id) !== line) {
			failed.set(id, line);
			await writeLines(io.stderr, [line]);
			await writeClean(io.stdout, isJson ? [escapeUnseen(accountJson(region))] : []);
		}
	};
	return async (region: AccountRegion, all: readonly AccountRegion[]): Promise<boolean> => {
		const id = sourceIdOf(region);
		const before = printed.get(id);
		if (region.polls <= (before?.polls ?? 0)) {
			return false;
		}
		assertWatchable(all);
		printed.set(id, region);
		if (hasFailed(region)) {
			await printFailure(id, region);
			return false;
		}
		// After a throttled poll the minute may be the same as before: JSON has each minute once.
		const isNewMinute = before === undefined || region.minute !== before.minute;
		if (isJson) {
			await writeClean(io.stdout, isNewMinute ? [escapeUnseen(accountJson(region))] : []);
		} else if (!output.isStdoutTaken) {
			const style = {width: columnsOf(io.stdout), ascii: output.isAscii};
			await writeLines(io.stdout, accountLines(region, style));
		}
		const raised = raisedAlerts(alerts, region);
		seen.regions.set(id, region);
		for (const each of raised) {
			seen.raised.set(each.alert.text, seen.raised.get(each.alert.text) ?? raisedWords(each));
		}
		webhook?.post(raised);
		await writeLines(io.stderr, alertLines(raised));
		return raised.length > 0;
	};
};

/** Prints until an alert is raised or a signal comes. @returns Exit code. */
const printUntilEnd = async (
	engine: EngineHandle,
	printing: Printing,
	seen: Seen,
	io: Io,
): Promise<number> => {
	const print = createPrinter(printing, seen, io);
	return new Promise((resolve, reject) => {
		let queue = Promise.resolve();
		const release = engine.onReport((report) => {
			if (report.type === 'failed') {
				reject(errorOf(report.fault));
			}
			const all = report.type === 'account' ? report.account.regions : [];
			for (const region of all) {
				queue = queue.then(async () => {
					if (await print(region, all)) {
						release();
						resolve(3);
					}
				});
				queue.catch(reject);
			}
		});
		const end = (): void => resolve(signalExitCode(io.signal));
		io.signal.addEventListener('abort', end);
		if (io.signal.aborted) {
			end();
		}
	});
};

/** What a CI system reads. @returns Why it could not be written. */
const reportToCi = async (
	{output, alerts}: Pick<Printing, 'output' | 'alerts'>,
	{regions, raised}: Seen,
	startedAt: Date,
	io: Io,
): Promise<readonly string[]> => {
	if (!isForCi(output, io)) {
		return [];
	}
	const judged = alerts.map(
		({text}): JudgedCondition => ({text, reason: raised.get(text)?.replace(`${text}: `, '')}),
	);
	const findings = {
		errors: [...raised.values()].map((text) => `ALERT ${text}`),
		notices: [],
		page: async () =>
			pageOf('bedrock-top: use of the account', [
				...conditionLines(judged),
				...[...regions.values()].flatMap(accountMarkdown),
			]),
		junit: async () =>
			junitXml([
				conditionSuite(judged, {
					flag: 'alert',
					at: startedAt.toISOString(),
					seconds: (Date.now() - startedAt.getTime()) / 1000,
				}),
			]),
	};
	return writeForCi(output, findings, io);
};

/** Serves the newest figures to Prometheus, where a port was typed. @returns A function that ends it. */
const serveFigures = async (
	flags: FlagValues,
	engine: EngineHandle,
	io: Io,
): Promise<() => Promise<void>> => {
	const typed = flags.text('port');
	if (typed === undefined) {
		return async () => {};
	}
	let regions: readonly AccountRegion[] = [];
	engine.onReport((report) => {
		if (report.type === 'account') {
			({regions} = report.account);
		}
	});
	const port = readInteger('port', typed, {min: 0, max: 65_535});
	const secret = await secretFor(port, flags.isSet('new-secret') ?? false);
	const listener = await serveMetrics(port, secret.value, () => accountMetrics(regions));
	await secret.keep();
	await writeLines(io.stderr, [`Metrics: http://127.0.0.1:${listener.port}/${secret.value}/metrics`]);
	return listener.close;
};

const ofPast = ['out', 'html', 'force', 'yes', 'max-cost'] as const;

/** @throws UserError (exit 2) for what belongs to a report of the past. */
const assertLive = (flags: FlagValues): void => {
	const typed = ofPast.find((name) => flags.typed(name).length > 0);
	if (typed !== undefined) {
		throw new UserError(`--${typed} goes with --since: what comes is only printed.`, {
			exitCode: 2,
			hint: 'watch --since 14d reports the last two weeks.',
		});
	}
};

/**
 * The command `watch`: the account's use against its quotas, one block per minute, until a signal or the first alert;
 * with `--since` that of a past time.
 * @returns Exit code.
 * @throws UserError exit 2 for what was typed, exit 1 without a Region or credentials.
 */
export async function watch(
	given: Arguments,
	io: Io,
	startEngine: StartEngine = startEngineThread,
): Promise<number> {
	const {flags} = given;
	if (flags.text('since') !== undefined) {
		return (await import('./watch/past.ts')).watchPast(given, io);
	}
	assertLive(flags);
	const output = resolveOutput(flags, io.environment);
	await assertCiWritable(output);
	const {alerts, alertUrl} = resolveAlerts(flags, io.environment);
	const {connection, regions} = resolveRegions(flags);
	const ledger = resolveLedger(flags, io.environment);
	const demo = await startDemo(flags.isSet('demo'), connection, demoSeed);
	const engine = startEngine();
	const webhook = await webhookOf(alertUrl, (text) => void writeLines(io.stderr, [text]));
	const startedAt = new Date();
	const seen: Seen = {regions: new Map(), raised: new Map()};
	let stopServing = async (): Promise<void> => {};
	try {
		stopServing = await serveFigures(flags, engine, io);
		const ended = printUntilEnd(engine, {output, alerts, webhook}, seen, io);
		engine.send({
			type: 'watch-account',
			watch: {
				connection: demo.connection,
				regions,
				override: resolveOverride(flags),
				isRefreshing: flags.isSet('refresh') ?? false,
				isAllOnScreen: output.json === undefined,
				ledger,
			},
		});
		const exitCode = await ended;
		const faults = await reportToCi({output, alerts}, seen, startedAt, io);
		await writeLines(io.stderr, faults);
		return exitCode === 0 && faults.length > 0 ? 1 : exitCode;
	} finally {
		await webhook?.close(io.signal.aborted ? 0 : webhookDeadlineMs);
		await stopServing();
		await engine.close(closeDeadlineMs);
		await demo.stop();
	}
}
