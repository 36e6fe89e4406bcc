import type {Arguments} from '../config/parse-arguments.ts';
import {wordsAsTyped} from '../config/repeat.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import {resolveRun} from '../config/resolve-run.ts';
import type {RunConfig} from '../domain/run-config.ts';
import type {RunEnd, Snapshot} from '../domain/snapshot.ts';
import {UserError} from '../domain/user-error.ts';
import type {Contender} from '../optimize/candidates.ts';
import {optimize as lead, type StepEnd} from '../optimize/course.ts';
import {isProven, optimizeFigures, writeOptimizedPreset} from '../optimize/figures.ts';
import {readImported, rewrittenByBedrock, templatesFor} from '../optimize/imported-templates.ts';
import {withForeign} from '../optimize/proposals.ts';
import {createRunner, measureConfig, recordsIn, rewriteConfig} from '../optimize/runner.ts';
import {
	assertOwnAccount,
	optimizeLines,
	type Wanted,
	wantedOf,
	wholePlan,
	withPrices,
} from '../optimize/setup.ts';
import {
	afterKill,
	emptyState,
	identityOf,
	keepState,
	keptState,
	type OptimizeIdentity,
	type OptimizeSetup,
	type OptimizeState,
	spentTogether,
} from '../optimize/state.ts';
import {planLines} from '../plain/run.ts';
import {claimFolder} from '../reports/folder.ts';
import {assertWritable} from '../terminal/files.ts';
import {type Io, writeLines} from '../terminal/io.ts';
import {untilSignal} from '../terminal/signals.ts';
import {type StartEngine, startEngineThread} from '../threads/engine-handle.ts';
import {lazyDemo} from './demo.ts';
import {createOptimizeStage, hasScreen, type OptimizeStage} from './optimize/optimize-screen.ts';
import {dropCutLines, renameResults} from './run/resume.ts';
import {answersOf, type RunSetup} from './run/run-setup.ts';
import {type Course, type CourseTools, readEndings, runHeadless} from './run.ts';

/** Quota of a demo: the whole way is shown in two minutes, where the service would take longer. */
const demoTokensPerMinute = 3_000_000;

/** All that an optimisation needs before the engine starts. */
type Optimization = Wanted & {
	readonly run: RunSetup;
	readonly folder: string;
	readonly identity: OptimizeIdentity;
	/** Name or path of the preset. */
	readonly preset: string;
	readonly isResumed: boolean;
	/** It was resumed, and has its verdict. */
	readonly isOver: boolean;
};

/** @throws UserError (exit 2) for what was typed, (exit 1) for a folder that cannot be written. */
const setUp = async (given: Arguments, io: Io): Promise<Optimization> => {
	const {words, flags} = given;
	const [preset = ''] = words;
	const output = resolveOutput(flags, io.environment);
	const config = await resolveRun(preset, flags, async () => '');
	const wanted = wantedOf(flags, config);
	const resumed = flags.text('resume');
	if (resumed !== undefined && output.folder !== undefined) {
		throw new UserError('--resume: --out does not go with it.', {
			exitCode: 2,
			hint: 'It continues in its own folder.',
		});
	}
	const identity = identityOf(wanted.setup, {
		preset: config.preset,
		model: config.models[0] ?? '',
		rewriter: wanted.rewriter,
		seed: config.seed,
	});
	const kept = resumed === undefined ? undefined : await keptState(resumed, identity);
	if (output.json?.file !== undefined && !output.isDryRun) {
		await assertWritable(output.json.file);
	}
	const claim = await claimFolder(
		resumed ?? output.folder,
		resumed !== undefined || output.isForced || output.isDryRun,
	);
	if (claim.folder === undefined) {
		throw new UserError(`${claim.warning} What an optimisation finds would be lost.`, {
			exitCode: 1,
			hint: 'Name a folder that can be written with --out DIR.',
		});
	}
	const {folder} = claim;
	const demo = lazyDemo(flags.isSet('demo'), config.connection, config.seed, demoTokensPerMinute);
	return {
		...wanted,
		folder,
		identity,
		preset,
		isResumed: resumed !== undefined,
		isOver: kept?.proof !== undefined || kept?.chosen === null,
		run: {
			config,
			output,
			isDemo: flags.isSet('demo') ?? false,
			isFirstRun: false,
			folder,
			warning: undefined,
			// Its answers are what it decides by.
			answers: answersOf(folder, {...output, isWritingAnswers: true}, config, resumed !== undefined),
			resumption: undefined,
			search: undefined,
			connect: demo.connect,
			repeat: (region) => wordsAsTyped(given, [['region', flags.isSet('demo') ? undefined : region]]),
			close: demo.stop,
		},
	};
};

/** The last snapshot with what all steps sent and found; what is recommended follows the proof alone. */
const wholeSnapshot = (
	last: Snapshot,
	{
		setup,
		state,
		startedAt,
		elapsedMs,
		figures,
		isStopped,
	}: {
		readonly setup: OptimizeSetup;
		readonly state: OptimizeState;
		readonly startedAt: string | null;
		readonly elapsedMs: number;
		readonly figures: NonNullable<Snapshot['optimize']>;
		/** By a signal, in whatever step. */
		readonly isStopped: boolean;
	},
): Snapshot => {
	const {costUsdWithin, stopReason, more, ...rest} = last;
	const proven = isProven(state.proof) ? state.chosen?.name : undefined;
	const low = state.proof?.saving.low ?? 0;
	const isBudget = last.stoppedBy === 'requests' || last.stoppedBy === 'cost';
	// A rewriter that wrote nothing, and nothing else to try: that is a failure.
	const isFruitless = state.chosen === null && state.candidates.length === 0;
	return {
		...rest,
		...(stopReason === undefined || isBudget ? {} : {stopReason}),
		...(isBudget ? {outcome: 'completed', stoppedBy: null} : {}),
		...(isFruitless ? {outcome: 'failed', stoppedBy: null} : {}),
		...(isStopped ? {outcome: 'stopped', stoppedBy: 'signal'} : {}),
		startedAt,
		elapsedMs,
		costUsd: spentTogether(state.model, state.rewriter).costUsd,
		verdicts: last.verdicts.map(({target, goal}) => ({
			target,
			goal,
			// Of other goals nothing was proven.
			recommended: goal === 'efficiency' ? (proven ?? null) : null,
			basis: goal === 'efficiency' && proven !== undefined ? 'winner' : 'undecided',
			leaders: [proven ?? setup.baseline.name],
			tieBrokenBy: null,
			beaten:
				proven === undefined || goal !== 'efficiency'
					? []
					: [{name: setup.baseline.name, atLeast: 1 / (1 - low)}],
			text: figures.verdict,
		})),
		best: last.best.map(({target}) => ({
			target,
			throughput: null,
			efficiency: proven ?? null,
			cost: null,
			latency: null,
		})),
		gain: null,
		advice: [],
		optimize: figures,
	};
};

/** The preset with the proven variant; one of the preset's own is there already. */
const filesOf = async (
	proven: Contender | undefined,
	preset: string,
	folder: string,
): Promise<readonly string[]> =>
	proven === undefined || proven.kind === 'own' ? [] : writeOptimizedPreset(preset, folder, proven.variant);

/** What an optimisation begins with. */
type Begun = {readonly state: OptimizeState; readonly outcomes: StepEnd['outcomes']};

/** What was sent before the program was interrupted, and what it knows by that. */
const begunState = async (
	{folder, identity, isResumed, run}: Optimization,
	setup: OptimizeSetup,
): Promise<Begun> => {
	if (!isResumed) {
		return {state: emptyState, outcomes: new Map()};
	}
	await dropCutLines(folder);
	const {outcomes, attempts} = await recordsIn(folder, setup);
	const state = afterKill(await keptState(folder, identity), attempts, run.config.load.concurrency);
	return {state, outcomes};
};

/** The setup with the templates of `--import`. @throws UserError where they cannot be read. */
const withImported = async (
	{imported, setup}: Optimization,
	{connection, models}: RunConfig,
	signal: AbortSignal,
): Promise<OptimizeSetup> => {
	if (imported === undefined) {
		return setup;
	}
	const templates = templatesFor(await readImported(imported, connection, signal), models[0] ?? '');
	return withForeign(
		setup,
		templates.map((each) => ({...each, kind: 'imported'})),
	);
};

/** The same with what `OptimizePrompt` makes of the variant to beat; it is asked once, and counts as a request. */
const withBedrock = async (
	{isViaBedrock}: Optimization,
	setup: OptimizeSetup,
	begun: Begun,
	{connection, models}: RunConfig,
	signal: AbortSignal,
): Promise<{readonly setup: OptimizeSetup; readonly begun: Begun}> => {
	const {state} = begun;
	if (!isViaBedrock || state.rounds.some(({isRewritten}) => isRewritten)) {
		return {setup, begun};
	}
	const {baseline} = setup;
	const kind = 'optimize-prompt' as const;
	const found = await rewrittenByBedrock(baseline.instruction, models[0] ?? '', connection, signal);
	const dropped = 'fault' in found ? [{round: 1, parent: baseline.name, kind, reason: found.fault}] : [];
	const templates = 'fault' in found ? [] : [{...found, kind, where: 'OptimizePrompt'}];
	const rewriter = {...state.rewriter, requests: state.rewriter.requests + 1};
	return {
		setup: withForeign({...setup, dropped: [...setup.dropped, ...dropped]}, templates),
		begun: {...begun, state: {...state, rewriter}},
	};
};

/** @returns Undefined after a signal. */
const courseOf = async (
	optimization: Optimization,
	config: RunConfig,
	tools: CourseTools,
	stage: OptimizeStage | undefined,
	io: Io,
): Promise<Course | undefined> => {
	const {setup: wanted, rewriter, folder, identity, preset} = optimization;
	const {rewriterName, split, task, baseline} = wanted;
	const sample = rewriteConfig(config, {rewriter, rewriterName}, [
		`${baseline.system ?? ''}\n${baseline.instruction}\n${split.train
			.slice(0, 8)
			.map((index) => task.items.find((item) => item.index === index)?.text ?? '')
			.join('\n')}`,
	]);
	const ofRewriter = await tools.prepare(sample);
	if (ofRewriter === undefined) {
		return undefined;
	}
	assertOwnAccount(rewriter, config.models[0] ?? '', ofRewriter.plan.account);
	const first = measureConfig(config, [{variant: baseline, items: split.train.slice(0, 1)}]);
	let setup = await withImported(optimization, config, tools.signal);
	let plan: readonly string[] = [];
	let own: readonly string[] = [];
	const figuresOf = async (state: OptimizeState) => {
		const {outcomes} = await recordsIn(folder, setup);
		return optimizeFigures(setup, state, outcomes, {rewriter, seed: config.seed});
	};
	const announce = async (text: string): Promise<void> => {
		stage?.announce(text);
		await tools.announce(text);
	};
	return {
		config: first,
		planOf(step) {
			setup = withPrices(setup, step, ofRewriter.plan);
			const whole = wholePlan(setup, step, config.guards);
			const {goal, ...shown} = {...first, load: {...first.load, requests: null}, variants: config.variants};
			own = optimizeLines(setup, optimization, ofRewriter.plan);
			plan = [...planLines(whole, {...shown, goal}), ...own];
			return {plan: whole, lines: plan};
		},
		async execute(prepared) {
			const kept = await begunState(optimization, setup);
			await stage?.open(await figuresOf(kept.state), plan);
			// Where items go, and what can be proven, is said before anything is sent, also where no plan is shown.
			const isSaid = stage !== undefined || optimization.run.output.isPlain;
			await writeLines(io.stderr, isSaid ? [] : own.map((line) => line.trimStart()));
			const {begun, ...more} = await withBedrock(optimization, setup, kept, config, tools.signal);
			({setup} = more);
			let last: RunEnd = {snapshot: prepared, fault: undefined};
			let lastConfig = first;
			let [elapsedMs, startedAt]: [number, string | null] = [0, null];
			const runner = createRunner(
				{config, setup, rewriter, folder},
				{
					async run(own) {
						const ready = await tools.prepare(own);
						// Earlier results make room when there will be new ones.
						await (ready !== undefined && optimization.isResumed ? renameResults(folder) : undefined);
						return ready && (await tools.execute(ready.snapshot));
					},
					onEnd(end, own) {
						elapsedMs += end.snapshot.elapsedMs;
						startedAt ??= end.snapshot.startedAt;
						if (own.models[0] === config.models[0] && own.variants[0]?.name !== rewriterName) {
							[last, lastConfig] = [end, own];
						}
					},
				},
				spentTogether(begun.state.model, begun.state.rewriter).costUsd ?? 0,
			);
			const state = await lead(
				setup,
				{
					...runner,
					announce,
					async keep(next) {
						await keepState(folder, identity, next);
						if (stage !== undefined) {
							stage.show(await figuresOf(next));
						}
					},
				},
				begun,
			);
			const figures = await figuresOf(state);
			const proven = isProven(state.proof)
				? state.candidates.find(({variant}) => variant.name === state.chosen?.name)
				: undefined;
			const files = await filesOf(proven, preset, folder);
			await stage?.end(figures, files);
			const isStopped = tools.signal.aborted;
			const snapshot = wholeSnapshot(last.snapshot, {
				setup,
				state,
				startedAt,
				elapsedMs,
				figures,
				isStopped,
			});
			return {snapshot, fault: last.fault, config: lastConfig, files};
		},
	};
};

/** The command `optimize`. @returns Exit code. */
export async function optimize(
	given: Arguments,
	io: Io,
	startEngine: StartEngine = startEngineThread,
): Promise<number> {
	const endings = await readEndings(given, io.environment);
	const optimization = await untilSignal(io.signal, setUp(given, io));
	const {run, folder} = optimization;
	const {guards} = run.config;
	if (optimization.isOver) {
		await writeLines(io.stderr, [`Nothing is missing: ${folder} has its verdict, in summary.md.`]);
		return 0;
	}
	const isAsked = !run.isDemo && !guards.isConfirmed;
	const stage = hasScreen(run, io) ? createOptimizeStage(run, io, isAsked) : undefined;
	// On the screen a key starts it: that is as good as --yes.
	const shown =
		stage === undefined ? run : {...run, config: {...run.config, guards: {...guards, isConfirmed: true}}};
	try {
		return await runHeadless(
			shown,
			endings,
			stage?.io ?? io,
			stage?.startEngine(startEngine) ?? startEngine,
			async (config, tools) => courseOf(optimization, config, tools, stage, io),
		);
	} finally {
		await stage?.close();
	}
}
