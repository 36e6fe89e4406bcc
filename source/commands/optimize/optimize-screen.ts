import type {OptimizeFigures} from '../../domain/figures-schema.ts';
import type {Snapshot} from '../../domain/snapshot.ts';
import type {Io} from '../../terminal/io.ts';
import {guardScreen} from '../../terminal/screen-guard.ts';
import {Interrupted, leaveClosing} from '../../terminal/signals.ts';
import type {StartEngine} from '../../threads/engine-handle.ts';
import type {OptimizeView, StepProgress} from '../../view/optimize.ts';
import type {RunSetup} from '../run/run-setup.ts';

/** An optimisation on a terminal: what happens goes to its screen, and its keys to the run. */
export type OptimizeStage = {
	/** For everything else: a stop by a key ends it like a signal, and nothing is printed over the screen. */
	readonly io: Io;
	/** Starts an engine whose snapshots the screen sees. */
	readonly startEngine: (start: StartEngine) => StartEngine;
	readonly announce: (text: string) => void;
	readonly show: (figures: OptimizeFigures) => void;
	/**
	 * Opens the screen, and where the start is asked about waits for it.
	 * @throws Interrupted where nobody wants it.
	 */
	readonly open: (figures: OptimizeFigures, plan: readonly string[]) => Promise<void>;
	/** Shows the end until somebody leaves. */
	readonly end: (figures: OptimizeFigures, files: readonly string[]) => Promise<void>;
	/** Gives the terminal back; may be called twice. */
	readonly close: () => Promise<void>;
};

/** Milliseconds between two paints of the clock. */
const tickMs = 1000;

/** What is written to a stream while the screen is up, until it is released. */
const heldStream = (stream: NodeJS.WriteStream) => {
	let held: Array<string | Uint8Array> | undefined;
	const write = (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
		const done = (): void => {
			const last = rest.at(-1);
			if (typeof last === 'function') {
				last();
			}
		};
		if (held === undefined) {
			return stream.write(chunk, done);
		}
		held.push(chunk);
		done();
		return true;
	};
	return {
		// Lines that are replaced in place would be drawn over the screen.
		stream: Object.create(stream, {isTTY: {value: false}, write: {value: write}}) as NodeJS.WriteStream,
		hold(): void {
			held ??= [];
		},
		release(): void {
			const chunks = held ?? [];
			held = undefined;
			for (const chunk of chunks) {
				stream.write(chunk);
			}
		},
	};
};

/** The step that is under way, from the last snapshot of its run. */
const stepOf = ({phase, progress, variants, costUsd, judges = []}: Snapshot): StepProgress | undefined =>
	phase === 'ended' || phase === 'ready'
		? undefined
		: {
				done: progress.done,
				total: progress.total,
				inFlight: progress.inFlight,
				waitingFor: progress.waitingFor,
				requests: [
					...variants.map(({requests}) => requests.attempts),
					...judges.map(({requests}) => requests),
				].reduce((sum, count) => sum + count, 0),
				quotaTokens: variants.reduce((sum, {tokens}) => sum + tokens.quota, 0),
				costUsd,
			};

/** Whether an optimisation has the terminal for itself. */
export function hasScreen({output}: Pick<RunSetup, 'output'>, io: Io): boolean {
	const isFree = output.json === undefined && !output.isStdoutTaken;
	return io.stdin.isTTY && io.stdout.isTTY && !output.isPlain && !output.isDryRun && isFree;
}

/** @param isAsked Whether the start is asked about: not in a demo, and not with `--yes`. */
export function createOptimizeStage(setup: RunSetup, terminal: Io, isAsked: boolean): OptimizeStage {
	const {output, config, isDemo} = setup;
	const stop = new AbortController();
	const left = Promise.withResolvers<void>();
	const started = Promise.withResolvers<boolean>();
	const errors = heldStream(terminal.stderr);
	const signal = AbortSignal.any([terminal.signal, stop.signal]);
	const io: Io = {...terminal, stderr: errors.stream, signal};
	let show: (change: Partial<OptimizeView>) => void = () => {};
	let close = async (): Promise<void> => {};
	let stopTicking = (): void => {};
	let doing = '';
	signal.addEventListener('abort', () => {
		started.resolve(false);
		show({stage: 'stopping'});
	});
	terminal.signal.addEventListener('abort', () => left.resolve());

	return {
		io,
		startEngine: (start) => () => {
			const engine = start();
			engine.onReport((report) => {
				if (report.type === 'snapshot' || report.type === 'ended') {
					const {snapshot} = report;
					show({step: stepOf(snapshot), ...(snapshot.simulated ? {isSimulated: true} : {})});
				}
			});
			return engine;
		},
		announce(text) {
			doing = text;
			show({doing});
		},
		show: (figures) => show({figures, step: undefined}),
		async open(figures, plan) {
			const {openOptimizeScreen} = await import('../../tui/optimize-screen.tsx');
			const guard = guardScreen(terminal);
			await guard.start();
			guard.taken();
			guard.tells('What was sent is kept: --resume goes on from it.');
			errors.hold();
			const openedAtMs = Date.now();
			let beganAtMs = openedAtMs;
			const screen = openOptimizeScreen(
				{
					stage: isAsked ? 'ready' : 'running',
					preset: config.preset ?? 'task',
					model: config.models[0] ?? '',
					isSimulated: isDemo,
					// The frame says what it is.
					plan: plan.filter((line) => line !== 'Plan'),
					doing,
					step: undefined,
					elapsedMs: 0,
					figures,
					files: [],
					selected: undefined,
					isDetailOpen: false,
					scroll: 0,
				},
				{
					stdin: terminal.stdin,
					stdout: terminal.stdout,
					appearance: {colors: output.colors, ascii: output.isAscii, theme: output.theme},
					onEffect(effect) {
						if (effect === 'start') {
							beganAtMs = Date.now();
							started.resolve(true);
							return;
						}
						if (effect === 'leave') {
							left.resolve();
						}
						stop.abort(0);
					},
				},
			);
			({show} = screen);
			const timer = setInterval(() => show({elapsedMs: Date.now() - beganAtMs}), tickMs);
			const revoke = leaveClosing(() => void screen.close());
			close = async () => {
				close = async () => {};
				show = () => {};
				clearInterval(timer);
				await screen.close();
				await guard.end();
				revoke();
				errors.release();
			};
			stopTicking = () => clearInterval(timer);
			if (isAsked && !(await started.promise)) {
				await close();
				throw new Interrupted(signal);
			}
		},
		async end(figures, files) {
			stopTicking();
			show({stage: 'ended', figures, files, step: undefined});
			await left.promise;
			await close();
		},
		close: async () => close(),
	};
}
