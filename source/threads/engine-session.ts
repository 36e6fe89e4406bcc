import {faultOf} from '../config/fault.ts';
import type {RunConfig} from '../config/run-config.ts';
import type {Clock} from '../engine/clock.ts';
import {createRun, type Run} from '../engine/run.ts';
import {type AnswerWriter, openAnswers} from './answer-file.ts';
import type {AnswerSink, EngineReport, EngineRequest} from './messages.ts';
import {type Prepared, prepare} from './prepare.ts';

/** Milliseconds between two snapshots: four a second are enough for eyes. */
const snapshotIntervalMs = 250;

type Ports = {readonly publish: (report: EngineReport) => void; readonly clock: Clock};

/** What the session is doing; every message finds it in one of these. */
type Stage =
	| {readonly name: 'idle'}
	| {readonly name: 'preparing'; readonly abort: AbortController}
	| {readonly name: 'prepared'; readonly prepared: Prepared; readonly run: Run; readonly answers: AnswerRelay}
	| {readonly name: 'running'; readonly prepared: Prepared; readonly run: Run};

/** Answers come from the run; where they go is known only when it starts. */
type AnswerRelay = {writer: AnswerWriter | undefined};

/** The engine's side of the thread: takes requests, publishes reports, owns at most one run at a time. */
export const createSession = ({publish, clock}: Ports): ((request: EngineRequest) => void) => {
	let stage: Stage = {name: 'idle'};
	let hasWritten = false;

	const fail = (error: unknown): void => {
		publish({type: 'failed', fault: faultOf(error)});
	};

	const letGo = (): void => {
		if (stage.name === 'preparing') {
			stage.abort.abort();
		} else if (stage.name !== 'idle') {
			stage.prepared.backend.close();
			stage.prepared.clients.close();
		}
		stage = {name: 'idle'};
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
		const answers: AnswerRelay = {writer: undefined};
		const run = createRun(prepared.spec, {
			backend: prepared.backend,
			clock,
			onAnswer: (record) => answers.writer?.write(record),
		});
		stage = {name: 'prepared', prepared, run, answers};
		publish({type: 'prepared', plan: prepared.plan, snapshot: run.snapshot()});
	};

	const publishWhileRunning = (run: Run): (() => void) => {
		let cancel = (): void => {};
		const tick = (): void => {
			publish({type: 'snapshot', snapshot: run.snapshot()});
			cancel = clock.after(snapshotIntervalMs, tick);
		};
		cancel = clock.after(snapshotIntervalMs, tick);
		return () => {
			cancel();
		};
	};

	/** A second run of the same program continues what the first one wrote. */
	const openWriter = (sink: AnswerSink): AnswerWriter | undefined => {
		if (sink === undefined) {
			return undefined;
		}
		const isReplacing = (sink.isReplacing ?? false) && !hasWritten;
		hasWritten = true;
		return openAnswers({...sink, isReplacing}, (text) => publish({type: 'log', text}));
	};

	const startRun = async (sink: AnswerSink): Promise<void> => {
		if (stage.name !== 'prepared') {
			return;
		}
		const {prepared, run, answers} = stage;
		stage = {name: 'running', prepared, run};
		answers.writer = openWriter(sink);
		const stopPublishing = publishWhileRunning(run);
		try {
			await run.start();
		} finally {
			stopPublishing();
			await answers.writer?.close();
		}
		publish({type: 'ended', snapshot: run.snapshot()});
	};

	const publishNow = (run: Run): void => publish({type: 'snapshot', snapshot: run.snapshot()});

	return (request) => {
		switch (request.type) {
			case 'prepare':
				prepareRun(request.config).catch(fail);
				break;
			case 'start':
				startRun(request.answers).catch(fail);
				break;
			case 'pause':
			case 'resume':
				if (stage.name === 'running') {
					stage.run[request.type]();
					publishNow(stage.run);
				}
				break;
			case 'stop':
				if (stage.name === 'running') {
					stage.run.stop(request.stoppedBy, request.deadlineMs);
					publishNow(stage.run);
				}
				break;
			case 'close':
				letGo();
				publish({type: 'closed'});
				break;
		}
	};
};
