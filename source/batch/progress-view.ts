import type {OutputConfig} from '../config/resolve-output.ts';
import type {BatchProgress} from '../metrics/figures/batch-progress.ts';
import {batchProgressLine, troubleLine, uploadLine} from '../plain/progress.ts';
import {leaveClosing} from '../terminal/crash.ts';
import type {Io} from '../terminal/io.ts';
import {guardScreen} from '../terminal/screen-guard.ts';
import type {BatchView} from '../tui/batch-screen.tsx';
import type {Uploading} from './job-runner.ts';
import type {BatchState} from './state.ts';

/** Shows the progress of a batch: on its own screen, as lines with `--plain`, or not at all. */
type ProgressView = {
	/** `trouble`: why the last poll failed. */
	readonly onProgress: (state: BatchState, uploading: Uploading | undefined, trouble?: string) => void;
	readonly end: () => Promise<void>;
	/** Aborted when the user leaves the screen. */
	readonly left: AbortSignal;
};

const progressOf = (state: BatchState, workingMs: number | null): BatchProgress => {
	const jobs = state.jobs.map(({name, status, count, processed, failed}) => ({
		name,
		state: status ?? 'waiting',
		records: count,
		processed,
		failed,
	}));
	const states: Record<string, number> = {};
	for (const job of jobs) {
		states[job.state] = (states[job.state] ?? 0) + 1;
	}
	return {
		states,
		jobs,
		records: state.records,
		processed: jobs.reduce((sum, {processed}) => sum + processed, 0),
		failed: jobs.reduce((sum, {failed}) => sum + failed, 0),
		workingMs,
	};
};

/** Follows a batch, to know its pace. */
const createProgress = () => {
	let workingSinceMs: number | undefined;
	return (state: BatchState): BatchProgress => {
		const nowMs = Date.now();
		const progress = progressOf(state, workingSinceMs === undefined ? null : nowMs - workingSinceMs);
		workingSinceMs ??= progress.processed > 0 ? nowMs : undefined;
		return progress;
	};
};

const neverLeft = new AbortController().signal;

/** Each change once: as lines with `--plain`, in place where stderr is a terminal. */
const createLines = ({isPlain}: OutputConfig, io: Io): ProgressView => {
	const isInPlace = !isPlain && io.stderr.isTTY;
	const watch = createProgress();
	let last = '';
	return {
		onProgress(state, uploading, trouble) {
			const line =
				trouble !== undefined
					? troubleLine(trouble)
					: uploading === undefined
						? batchProgressLine(watch(state))
						: uploadLine(uploading.bytes, uploading.totalBytes);
			if (line === last || !(isInPlace || isPlain)) {
				return;
			}
			last = line;
			(isInPlace ? io.stderr : io.stdout).write(isInPlace ? `\r\u001B[K${line}` : `${line}\n`);
		},
		async end() {
			if (isInPlace && last !== '') {
				io.stderr.write('\n');
			}
		},
		left: neverLeft,
	};
};

/** Milliseconds between two paints of the clock. */
const tickMs = 1000;

const createScreen = async (
	first: BatchState,
	{colors, isAscii, theme}: OutputConfig,
	io: Io,
	isDemo: boolean,
): Promise<ProgressView> => {
	const {openBatchScreen} = await import('../tui/batch-screen.tsx');
	const openedAtMs = Date.now();
	const leave = new AbortController();
	const watch = createProgress();
	let latest: {state: BatchState; upload: Uploading | undefined; trouble: string | undefined} = {
		state: first,
		upload: undefined,
		trouble: undefined,
	};
	const view = (): BatchView => ({
		preset: latest.state.preset ?? 'task',
		model: latest.state.target.model,
		place: latest.state.s3,
		isSimulated: isDemo || latest.state.isSimulated,
		elapsedMs: Date.now() - openedAtMs,
		upload: latest.upload,
		trouble: latest.trouble === undefined ? undefined : troubleLine(latest.trouble),
		progress: watch(latest.state),
		leaving: isDemo ? 'the jobs of a demo end with it' : 'the jobs continue; how to come back is printed',
	});
	const guard = guardScreen(io);
	await guard.start();
	guard.taken();
	if (!isDemo) {
		guard.tells('Jobs that were submitted go on: "bedrock-top batch --list" names them.');
	}
	const screen = openBatchScreen(view(), {
		stdin: io.stdin,
		stdout: io.stdout,
		appearance: {colors, ascii: isAscii, theme},
		onLeave: () => leave.abort(),
	});
	const revoke = leaveClosing(() => void screen.close());
	const timer = setInterval(() => screen.show(view()), tickMs);
	return {
		onProgress(state, upload, trouble) {
			latest = {state, upload, trouble};
			screen.show(view());
		},
		async end() {
			clearInterval(timer);
			await screen.close();
			await guard.end();
			revoke();
		},
		left: leave.signal,
	};
};

export async function createProgressView(
	state: BatchState,
	output: OutputConfig,
	io: Io,
	isDemo: boolean,
): Promise<ProgressView> {
	const {isPlain, json} = output;
	const isScreen = io.stdout.isTTY && !isPlain && (json === undefined || json.file !== undefined);
	return isScreen ? createScreen(state, output, io, isDemo) : createLines(output, io);
}
