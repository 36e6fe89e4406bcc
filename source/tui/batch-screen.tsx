import {render, useInput, useStdin, useWindowSize} from 'ink';
import {useSyncExternalStore} from 'react';
import {type BatchProgress, type JobProgress, paceOf} from '../domain/accounting.ts';
import {formatCount, formatDurationMs, formatPercent} from '../text/numbers.ts';
import {fitLine, joinLines, type Line, lineWidth, segment, type Tone} from '../text/segment.ts';
import {themeNamed} from '../text/themes.ts';
import {cleanText, truncateMiddle} from '../text/width.ts';
import type {ScreenPorts} from './effects.ts';
import {framed} from './frame.ts';
import {tierOf} from './layout.ts';
import {type Appearance, AppearanceContext, Lines, screenOptions} from './panel.tsx';

/** The screen of a batch. */
type BatchScreen = {
	readonly show: (view: BatchView) => void;
	/** Gives the terminal back. */
	readonly close: () => Promise<void>;
};

type Props = {
	readonly subscribe: (listener: () => void) => () => void;
	readonly shown: () => BatchView;
	readonly onLeave: () => void;
};

function BatchApp({subscribe, shown, onLeave}: Props) {
	const view = useSyncExternalStore(subscribe, shown);
	const {columns, rows} = useWindowSize();
	const {isRawModeSupported} = useStdin();
	useInput(
		(text, key) => {
			if (text === 'q' || text === 'Q' || (key.ctrl && text === 'c')) {
				onLeave();
			}
		},
		{isActive: isRawModeSupported},
	);
	return <Lines lines={batchLines(view, columns, rows)} width={columns} height={rows} />;
}

const framesPerSecond = 10;

/** Opens the screen on the alternate screen. */
export function openBatchScreen(
	first: BatchView,
	ports: Pick<ScreenPorts, 'stdin' | 'stdout' | 'appearance'> & {readonly onLeave: () => void},
): BatchScreen {
	const listeners = new Set<() => void>();
	let view = first;
	const appearance: Appearance = {
		theme: themeNamed(ports.appearance.theme, ports.appearance.colors),
		isAscii: ports.appearance.ascii,
	};
	const instance = render(
		<AppearanceContext value={appearance}>
			<BatchApp
				subscribe={(listener) => {
					listeners.add(listener);
					return () => listeners.delete(listener);
				}}
				shown={() => view}
				onLeave={ports.onLeave}
			/>
		</AppearanceContext>,
		{
			stdin: ports.stdin,
			stdout: ports.stdout,
			...screenOptions,
			maxFps: framesPerSecond,
		},
	);
	return {
		show(next) {
			view = next;
			for (const listener of listeners) {
				listener();
			}
		},
		async close() {
			const exited = instance.waitUntilExit();
			instance.unmount();
			await exited;
		},
	};
}

/** Everything that the screen of a batch shows. */
export type BatchView = {
	readonly preset: string;
	readonly model: string;
	/** Where the files go. */
	readonly place: string;
	readonly isSimulated: boolean;
	readonly elapsedMs: number;
	/** Bytes of the upload under way; undefined while none is. */
	readonly upload: {readonly bytes: number; readonly totalBytes: number} | undefined;
	readonly progress: BatchProgress;
	/** Why the jobs cannot be polled just now. */
	readonly trouble: string | undefined;
	/** What happens to the jobs when the user leaves. */
	readonly leaving: string;
};

const dot = segment(' · ', 'muted');

const stateTones: Readonly<Record<string, Tone>> = {
	Completed: 'good',
	PartiallyCompleted: 'warning',
	Expired: 'warning',
	Stopping: 'warning',
	Stopped: 'warning',
	Failed: 'bad',
	InProgress: 'accent',
	waiting: 'muted',
};

const stateSegment = (state: string) => segment(state, stateTones[state] ?? 'plain');

/** A part of the whole in `width` cells: neither empty for something nor full for less than all. */
const barLine = (part: number, whole: number, width: number): Line => {
	const share = whole > 0 ? Math.min(1, part / whole) : 0;
	const rounded = Math.round(share * width);
	const filled = share === 0 ? 0 : share === 1 ? width : Math.max(1, Math.min(width - 1, rounded));
	return [segment('█'.repeat(filled), 'accent'), segment('·'.repeat(width - filled), 'muted')];
};

const withPercent = (part: number, whole: number, width: number): Line => {
	const percent = formatPercent(whole > 0 ? part / whole : 0).padStart(5);
	return [...barLine(part, whole, Math.max(4, width - percent.length - 1)), segment(` ${percent}`, 'strong')];
};

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

const uploadWords = ({upload, progress}: BatchView): Line => {
	if (upload !== undefined) {
		return [segment(`${megabytes(upload.bytes)} of ${megabytes(upload.totalBytes)} MB`)];
	}
	const waiting = progress.states.waiting ?? 0;
	return waiting === 0
		? [segment('done', 'good')]
		: [segment(`${waiting} of ${progress.jobs.length} jobs waiting`, 'warning')];
};

const uploadLines = (view: BatchView, width: number): readonly Line[] => {
	const {upload, progress} = view;
	const [part, whole] =
		upload === undefined
			? [progress.jobs.length - (progress.states.waiting ?? 0), progress.jobs.length]
			: [upload.bytes, upload.totalBytes];
	return [withPercent(part, whole, width), uploadWords(view)];
};

const countWords = ({progress}: BatchView): Line => {
	const {records, processed, failed} = progress;
	const pace = paceOf(progress);
	return joinLines(
		[
			[segment(formatCount(processed), 'strong'), segment(` of ${formatCount(records)} records`)],
			...(failed > 0 ? [[segment(`${formatCount(failed)} failed`, 'bad')]] : []),
			...(pace === null
				? []
				: [
						[segment(`${formatCount(pace.perMinute)} per minute`)],
						[segment(`about ${formatDurationMs(pace.leftMs)} left`)],
					]),
		],
		dot,
	);
};

const statesLine = ({progress, upload, trouble}: BatchView): Line =>
	upload === undefined
		? joinLines(
				[
					...Object.entries(progress.states).map(([state, count]) => [
						segment(`${count} `),
						stateSegment(state),
					]),
					...(trouble === undefined ? [] : [[segment(cleanText(trouble), 'warning')]]),
				],
				dot,
			)
		: [segment('uploading', 'accent')];

const jobLine = ({name, state, records, processed, failed}: JobProgress, width: number): Line => {
	const counts = `${formatCount(processed)}/${formatCount(records)}`;
	const failures = failed > 0 ? `  ${formatCount(failed)} failed` : '';
	const stateWidth = 18;
	const nameWidth = Math.max(8, width - stateWidth - counts.length - failures.length - 4);
	return [
		...fitLine([segment(truncateMiddle(cleanText(name), nameWidth))], nameWidth),
		segment('  '),
		...fitLine([stateSegment(state)], stateWidth),
		segment('  '),
		segment(counts),
		segment(failures, 'bad'),
	];
};

const jobLines = ({progress}: BatchView, width: number, height: number): readonly Line[] => {
	const {jobs} = progress;
	const shown = jobs.length > height ? jobs.slice(0, Math.max(0, height - 1)) : jobs;
	const hidden = jobs.length - shown.length;
	return [
		...shown.map((job) => jobLine(job, width)),
		...(hidden > 0 ? [[segment(`and ${hidden} more`, 'muted')]] : []),
	];
};

const headerLine = ({preset, model, isSimulated, elapsedMs}: BatchView, width: number): Line => {
	const badge = isSimulated ? [segment(' SIMULATED ', 'inverse')] : [];
	const left = [
		segment('bedrock-top batch', 'title'),
		segment('  '),
		...joinLines(
			[
				[segment(cleanText(preset), 'strong')],
				[segment(cleanText(model), 'accent')],
				[segment(formatDurationMs(Math.floor(elapsedMs / 1000) * 1000))],
			],
			dot,
		),
	];
	return [...fitLine(left, width - lineWidth(badge)), ...badge];
};

const footerLine = ({leaving}: BatchView): Line => [
	segment('q', 'accent'),
	segment(` leave: ${leaving}`, 'muted'),
];

/**
 * The screen of a batch.
 * @returns `rows` lines, the footer last; panels where there is room for their borders.
 */
export function batchLines(view: BatchView, columns: number, rows: number): readonly Line[] {
	const tier = tierOf(columns, rows);
	const header = headerLine(view, columns);
	if (tier === 'narrow' || tier === 'tiny') {
		const lines = [
			header,
			statesLine(view),
			view.upload === undefined
				? withPercent(view.progress.processed, view.progress.records, columns)
				: withPercent(view.upload.bytes, view.upload.totalBytes, columns),
			view.upload === undefined ? countWords(view) : uploadWords(view),
		];
		const room = Math.max(1, rows - 1);
		const filled = Array.from({length: room}, (_unused, index): Line => lines[index] ?? []);
		return [...filled, ...(rows > 1 ? [footerLine(view)] : [])];
	}
	const inner = columns - 4;
	const place = [segment(truncateMiddle(cleanText(view.place), Math.max(10, columns - 30)))];
	const upload = framed(
		{title: [segment('Upload', 'title')], note: place},
		uploadLines(view, inner),
		columns,
		4,
	);
	const records = framed(
		{title: [segment('Records', 'title')], note: statesLine(view)},
		[withPercent(view.progress.processed, view.progress.records, inner), countWords(view)],
		columns,
		4,
	);
	const left = rows - 2 - upload.length - records.length;
	const height = Math.min(left, view.progress.jobs.length + 2);
	const jobs = framed(
		{title: [segment('Jobs', 'title')]},
		jobLines(view, inner, height - 2),
		columns,
		height,
	);
	const blanks = Array.from({length: Math.max(0, left - height)}, (): Line => []);
	return [header, ...upload, ...records, ...jobs, ...blanks, footerLine(view)];
}
