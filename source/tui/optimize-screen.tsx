import {render, useInput, useStdin, useWindowSize} from 'ink';
import {useSyncExternalStore} from 'react';
import {formatCount, formatElapsedMs, formatNumber} from '../text/numbers.ts';
import {fitLine, hangingLines, joinLines, type Line, lineWidth, segment} from '../text/segment.ts';
import {themeNamed} from '../text/themes.ts';
import {cleanText, truncateMiddle} from '../text/width.ts';
import {
	listedCandidates,
	type OptimizeEffect,
	type OptimizeKey,
	type OptimizeView,
	press,
	selectedCandidate,
} from '../view/optimize.ts';
import type {ScreenPorts} from './effects.ts';
import {framed, scrolledLines} from './frame.ts';
import {tierOf} from './layout.ts';
import {type Appearance, AppearanceContext, Lines, screenOptions} from './panel.tsx';
import {
	candidateDetailLines,
	candidateLines,
	optimizeVerdictLines,
	progressLines,
	requestWords,
	roundLine,
	spendWords,
} from './panels/optimize.ts';

/** The screen of an optimisation: rounds, candidates, front and spend; then the verdict. */

type OptimizeScreen = {
	/** Takes over what is known now; selection and scroll stay. */
	readonly show: (change: Partial<OptimizeView>) => void;
	/** Gives the terminal back. */
	readonly close: () => Promise<void>;
};

type Props = {
	readonly subscribe: (listener: () => void) => () => void;
	readonly shown: () => OptimizeView;
	readonly onKey: (key: OptimizeKey) => void;
};

const letters: Readonly<Record<string, OptimizeKey>> = {
	r: 'start',
	x: 'stop',
	q: 'quit',
	Q: 'quit',
	k: 'up',
	j: 'down',
};

function OptimizeApp({subscribe, shown, onKey}: Props) {
	const view = useSyncExternalStore(subscribe, shown);
	const {columns, rows} = useWindowSize();
	const {isRawModeSupported} = useStdin();
	useInput(
		(text, key) => {
			const named: ReadonlyArray<readonly [boolean, OptimizeKey]> = [
				[key.ctrl && text === 'c', 'quit'],
				[key.upArrow, 'up'],
				[key.downArrow, 'down'],
				[key.pageUp, 'page-up'],
				[key.pageDown, 'page-down'],
				[key.return, 'enter'],
				[key.escape, 'escape'],
			];
			const pressed = named.find(([isIt]) => isIt)?.[1] ?? (key.ctrl || key.meta ? undefined : letters[text]);
			if (pressed !== undefined) {
				onKey(pressed);
			}
		},
		{isActive: isRawModeSupported},
	);
	return <Lines lines={optimizeLines(view, columns, rows)} width={columns} height={rows} />;
}

const framesPerSecond = 10;

/** Opens the screen on the alternate screen. @param ports `onEffect`: what a key asks of the program. */
export function openOptimizeScreen(
	first: OptimizeView,
	ports: Pick<ScreenPorts, 'stdin' | 'stdout' | 'appearance'> & {
		readonly onEffect: (effect: OptimizeEffect) => void;
	},
): OptimizeScreen {
	const listeners = new Set<() => void>();
	let view = first;
	const change = (next: OptimizeView): void => {
		view = next;
		for (const listener of listeners) {
			listener();
		}
	};
	const appearance: Appearance = {
		theme: themeNamed(ports.appearance.theme, ports.appearance.colors),
		isAscii: ports.appearance.ascii,
	};
	const instance = render(
		<AppearanceContext value={appearance}>
			<OptimizeApp
				subscribe={(listener) => {
					listeners.add(listener);
					return () => listeners.delete(listener);
				}}
				shown={() => view}
				onKey={(key) => {
					const {view: next, effect} = press(view, key);
					change(next);
					if (effect !== undefined) {
						ports.onEffect(effect);
					}
				}}
			/>
		</AppearanceContext>,
		{stdin: ports.stdin, stdout: ports.stdout, ...screenOptions, maxFps: framesPerSecond},
	);
	return {
		show: (next) => change({...view, ...next}),
		async close() {
			const exited = instance.waitUntilExit();
			instance.unmount();
			await exited;
		},
	};
}

const dot = segment(' · ', 'muted');

const headerLine = ({preset, model, isSimulated, elapsedMs, stage}: OptimizeView, width: number): Line => {
	const badge = isSimulated ? [segment(' SIMULATED ', 'inverse')] : [];
	const parts: readonly Line[] = [
		[segment(cleanText(preset), 'strong')],
		...(stage === 'stopping' ? [[segment('STOPPING', 'warning')]] : []),
		...(stage === 'ready' ? [] : [[segment(formatElapsedMs(elapsedMs))]]),
		[segment(truncateMiddle(cleanText(model), Math.max(12, width - 56)), 'accent')],
	];
	const left = [segment('bedrock-top optimize', 'title'), segment('  '), ...joinLines(parts, dot)];
	return [...fitLine(left, width - lineWidth(badge)), ...badge];
};

const keysOf = (view: OptimizeView): ReadonlyArray<readonly [string, string]> => {
	const isSelectable = listedCandidates(view).length > 0;
	switch (view.stage) {
		case 'ready':
			return [
				['r', 'start'],
				['q', 'leave: nothing is sent'],
			];
		case 'running':
			return [
				['x', 'stop'],
				['q', 'stop and leave'],
				...(isSelectable
					? ([
							['Enter', view.isDetailOpen ? 'close' : 'detail'],
							['↑↓', view.isDetailOpen ? 'scroll' : 'select'],
						] as const)
					: []),
			];
		case 'stopping':
			return [['', 'requests in flight are awaited; --resume goes on from here']];
		case 'ended':
			return [
				['q', 'leave'],
				...(isSelectable
					? ([
							['Enter', view.isDetailOpen ? 'close' : 'detail'],
							['↑↓', view.isDetailOpen ? 'scroll' : 'select'],
						] as const)
					: []),
			];
	}
};

const footerLine = (view: OptimizeView): Line =>
	joinLines(
		keysOf(view).map(([key, what]) => [
			segment(key, 'accent'),
			segment(key === '' ? what : ` ${what}`, 'muted'),
		]),
		segment('  '),
	);

const roundsShown = 3;

/** Rows of the panels above and below the candidates. */
const framedNow = (view: OptimizeView, width: number): readonly Line[] =>
	framed(
		{title: [segment(view.stage === 'ended' ? 'Spent' : 'Now', 'title')]},
		progressLines(view, width - 4),
		width,
		view.stage === 'ended' ? 4 : 5,
	);

const framedRounds = (view: OptimizeView, width: number): readonly Line[] => {
	const {rounds, baseline} = view.figures;
	const first = Math.max(0, rounds.length - roundsShown);
	const lines = rounds.slice(first).map((_, index) => roundLine(view, first + index));
	return framed(
		{title: [segment('Rounds', 'title')], note: [segment(`to beat: ${cleanText(baseline)}`, 'muted')]},
		lines.length === 0 ? [[segment('none yet', 'muted')]] : lines,
		width,
		Math.max(1, lines.length) + 2,
	);
};

/** Lines of the plan, which are aligned with blanks; those that are too long go on below. */
const planText = (view: OptimizeView, width: number): readonly Line[] =>
	view.plan.flatMap((text) => {
		const clean = cleanText(text);
		const [, label = '', rest = ''] = /^(\s*\S.*?\s{2,}|\s*)(.*)$/.exec(clean) ?? [];
		return hangingLines(segment(label), rest, width);
	});

const readyLines = (view: OptimizeView, width: number, height: number): readonly Line[] => {
	const {lines, position} = scrolledLines(planText(view, width - 4), height - 2, view.scroll);
	return framed({title: [segment('Plan', 'title')], position}, lines, width, height);
};

/** The few lines that a screen without room for panels has. */
const smallLines = (view: OptimizeView, width: number): readonly Line[] => {
	const [best] = listedCandidates(view);
	return [
		headerLine(view, width),
		...(view.stage === 'ended'
			? optimizeVerdictLines(view, width)
			: [[segment(cleanText(view.doing), 'strong')], requestWords(view), spendWords(view)]),
		...(best === undefined || view.stage === 'ended'
			? []
			: [[segment(`${formatNumber(best.quotaTokensPerUseful)} `, 'strong'), segment(cleanText(best.name))]]),
	];
};

/**
 * The screen of an optimisation.
 * @returns `rows` lines, the footer last; panels where there is room for their borders.
 */
export function optimizeLines(view: OptimizeView, columnCount: number, rows: number): readonly Line[] {
	const tier = tierOf(columnCount, rows);
	const room = Math.max(1, rows - 1);
	if (tier === 'narrow' || tier === 'tiny') {
		const lines =
			view.stage === 'ready'
				? scrolledLines(planText(view, columnCount), room, view.scroll).lines
				: smallLines(view, columnCount);
		const shown = Array.from(
			{length: room},
			(_unused, index): Line => fitLine(lines[index] ?? [], columnCount),
		);
		return [...shown, ...(rows > 1 ? [fitLine(footerLine(view), columnCount)] : [])];
	}
	const header = headerLine(view, columnCount);
	if (view.stage === 'ready') {
		return [header, ...readyLines(view, columnCount, room - 1), footerLine(view)];
	}
	if (view.isDetailOpen) {
		const inner = columnCount - 4;
		const {lines, position} = scrolledLines(candidateDetailLines(view, inner), room - 3, view.scroll);
		const title = [segment(cleanText(selectedCandidate(view)?.name ?? ''), 'title')];
		return [header, ...framed({title, position}, lines, columnCount, room - 1), footerLine(view)];
	}
	const verdict =
		view.stage === 'ended'
			? framed(
					{title: [segment('Verdict', 'title')]},
					optimizeVerdictLines(view, columnCount - 4),
					columnCount,
					optimizeVerdictLines(view, columnCount - 4).length + 2,
				)
			: [];
	const above = [...verdict, ...framedNow(view, columnCount), ...framedRounds(view, columnCount)];
	const height = Math.max(4, room - 1 - above.length);
	const {figures} = view;
	const tried = figures.candidates.filter(({items}) => items > 0).length;
	const candidates = framed(
		{
			title: [segment('Candidates', 'title'), segment(` · ${formatCount(tried)} tried`)],
			note: [
				segment(
					figures.dropped.length === 0
						? '• front  ★ chosen'
						: `• front  ★ chosen  · ${formatCount(figures.dropped.length)} dropped`,
					'muted',
				),
			],
		},
		candidateLines(view, columnCount - 4, height - 2),
		columnCount,
		height,
	);
	return [header, ...[...above, ...candidates].slice(0, room - 1), footerLine(view)];
}
