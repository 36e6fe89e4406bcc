import {Box, useInput, usePaste, useStdin, useWindowSize} from 'ink';
import {memo, useEffect, useLayoutEffect, useSyncExternalStore} from 'react';
import {segment} from '../text/segment.ts';
import {type KeyEvent, keyNames} from '../view/key-actions.ts';
import {listWords} from '../view/lists.ts';
import {listedLog, logCursor} from '../view/log-lines.ts';
import {shownSnapshot, shownWindowSeconds} from '../view/selectors.ts';
import type {ScreenSize, State} from '../view/state.ts';
import type {Store} from '../view/store.ts';
import {AccountView} from './account/account-view.tsx';
import {panelInside, scrolledLines} from './frame.ts';
import type {RegionName, Tier} from './layout.ts';
import {placeOverlay} from './overlays/overlay-lines.ts';
import {type Appearance, AppearanceContext, Lines, Panel, useAppearance} from './panel.tsx';
import {barLines, barsTitle} from './panels/bars.ts';
import {
	type ChartKind,
	chartLines,
	chartTitle,
	latencyLines,
	latencyTitle,
	nearerLimit,
	throttleNote,
} from './panels/charts.ts';
import {detailLines, detailTitle} from './panels/detail.ts';
import {gaugesNow} from './panels/gauges.ts';
import {footerLine, headerLines, shownTargetIndex} from './panels/header.ts';
import {itemListLines, itemListTitle, itemPanel} from './panels/items.ts';
import {failureLines, logDetailLines, logDetailTitle, logWindow, notesLines} from './panels/notes.ts';
import {quotaLines, quotasTitle} from './panels/quota-table.ts';
import {tinyLines} from './panels/tiny.ts';
import {trafficPanels} from './panels/traffic.ts';
import {variantTableLines, variantTableTitle} from './panels/variant-table.ts';
import {verdictLines, verdictTitle} from './panels/verdict.ts';
import {screenLayout} from './screen-layout.ts';

type Props = {
	readonly store: Store;
	readonly appearance: Appearance;
	/** Keys are read; without them the terminal keeps its modes. */
	readonly hasKeys?: boolean;
	/** Called with the name of each key. */
	readonly onKey: (keyName: string) => void;
	readonly onPaste: (text: string) => void;
	/** Called with the size of the terminal, at first and whenever it changes. */
	readonly onResize: (size: ScreenSize) => void;
	/** Called with each state whose frame has been drawn. */
	readonly onFrame: (state: State) => void;
};

/** The whole screen: what the store shows, in the regions that the size of the terminal allows. */
export function App({store, appearance, hasKeys = true, onKey, onPaste, onResize, onFrame}: Props) {
	const state = useSyncExternalStore(store.subscribe, store.shown);
	const size = useWindowSize();
	const {isRawModeSupported} = useStdin();
	const input = (text: string, key: KeyEvent) => {
		const names = keyNames(text, key);
		for (const name of names) {
			onKey(name);
		}
		// Some terminals do not mark what is pasted; it is still text where text is typed.
		if (names.length === 0 && !key.ctrl && !key.meta) {
			onPaste(text);
		}
	};
	const isActive = hasKeys && isRawModeSupported;
	useInput(input, {isActive});
	// Pasted text is not a sequence of commands; without this it would arrive as one.
	usePaste(onPaste, {isActive});
	useEffect(() => {
		onResize(size);
	}, [onResize, size]);
	useLayoutEffect(() => {
		onFrame(state);
	}, [onFrame, state]);
	const {columns, rows} = state.size;
	const {tier, regions} = screenLayout(state);
	return (
		<AppearanceContext value={appearance}>
			<Box width={columns} height={rows}>
				{regions.map(({name, rect}) => (
					<Box key={name} position="absolute" left={rect.left} top={rect.top}>
						<RegionView state={state} name={name} width={rect.width} height={rect.height} tier={tier} />
					</Box>
				))}
				<OverlayView state={state} />
			</Box>
		</AppearanceContext>
	);
}

function OverlayView({state}: {readonly state: State}) {
	if (state.overlay === undefined) {
		return null;
	}
	const {rect, lines} = placeOverlay(state, state.overlay, state.size.columns, state.size.rows);
	return (
		<Box position="absolute" left={rect.left} top={rect.top}>
			<Lines lines={lines} width={rect.width} height={rect.height} />
		</Box>
	);
}

type RegionProps = {
	readonly state: State;
	readonly name: RegionName;
	readonly width: number;
	readonly height: number;
	readonly tier: Tier;
};

type ViewProps = Omit<RegionProps, 'name'>;

/** One region of the screen; drawn again only when the state or its size changed. */
const RegionView = memo(({name, ...props}: RegionProps) => {
	const {state, width, height} = props;
	switch (name) {
		case 'header':
			return <Lines lines={headerLines(state, width, height)} width={width} height={height} />;
		case 'gauges':
			return <GaugesView {...props} />;
		case 'requests-chart':
			return <ChartView {...props} kind="requests" />;
		case 'tokens-chart':
			return <ChartView {...props} kind="tokens" />;
		case 'nearer-chart':
			return (
				<ChartView {...props} kind={nearerLimit(shownSnapshot(state)?.buckets[shownTargetIndex(state)])} />
			);
		case 'traffic-chart':
			return <ChartView {...props} kind="traffic" />;
		case 'rate-chart':
			return <ChartView {...props} kind="rate" />;
		case 'latency-chart':
			return <LatencyView {...props} />;
		case 'bars': {
			const inside = panelInside(width, height, props.tier, true);
			const lines = barLines(state, inside.width, inside.height);
			return <Panel {...props} title={barsTitle(state)} lines={lines} isTitled={true} />;
		}
		case 'notice':
			return <NoticeView {...props} />;
		case 'verdict': {
			const inside = panelInside(width, height, props.tier);
			const lines = verdictLines(state, inside.width, inside.height);
			return <Panel {...props} title={verdictTitle(state)} lines={lines} />;
		}
		case 'table':
			return <TableView {...props} />;
		case 'detail':
			return <DetailView {...props} />;
		case 'notes': {
			const inside = panelInside(width, height, props.tier);
			const lines = notesLines(state, inside.width, inside.height);
			return <Panel {...props} title={{title: [segment('Advice and events', 'title')]}} lines={lines} />;
		}
		case 'body':
			return <BodyView {...props} />;
		case 'footer':
			return <Lines lines={[footerLine(state, width)]} width={width} height={height} />;
		case 'line':
			return <Lines lines={tinyLines(state, width, height)} width={width} height={height} />;
	}
});
RegionView.displayName = 'RegionView';

function GaugesView(props: ViewProps) {
	const {state, width, height, tier} = props;
	const {lines, title, note} = gaugesNow(state, shownTargetIndex(state), {
		width: panelInside(width, height, tier).width,
		isDayShown: screenLayout(state).isDayShown,
	});
	return <Panel {...props} title={{title, note}} lines={lines} />;
}

function ChartView({kind, ...props}: ViewProps & {readonly kind: ChartKind}) {
	const {state, width, height, tier} = props;
	const {isAscii} = useAppearance();
	const input = {
		kind,
		snapshot: shownSnapshot(state),
		targetIndex: shownTargetIndex(state),
		windowSeconds: shownWindowSeconds(state),
		isAscii,
	};
	const inside = panelInside(width, height, tier, true);
	const {title, note = []} = chartTitle(input);
	const throttled = kind === 'traffic' || kind === 'rate' ? throttleNote(input) : [];
	const fullTitle = throttled.length === 0 ? title : [...title, segment(' · ', 'muted'), ...throttled];
	const lines = chartLines(input, inside.width, inside.height);
	return <Panel {...props} title={{title: fullTitle, note}} lines={lines} isTitled={true} />;
}

function LatencyView(props: ViewProps) {
	const {state, width, height, tier} = props;
	const inside = panelInside(width, height, tier, true);
	const lines = latencyLines(state, inside.width, inside.height);
	return <Panel {...props} title={latencyTitle(state)} lines={lines} isTitled={true} />;
}

function NoticeView(props: ViewProps) {
	const {notice} = screenLayout(props.state);
	return notice === undefined ? null : <Panel {...props} title={notice} lines={notice.lines} />;
}

/** From this width on the dashboard shows every column that the Variants view has. */
const fullTableWidth = 150;

function TableView(props: ViewProps) {
	const {state, width, height, tier} = props;
	const inside = panelInside(width, height, tier);
	const isFull = state.view === 'variants' || inside.width >= fullTableWidth;
	const lines = variantTableLines(state, inside.width, inside.height, isFull);
	return <Panel {...props} title={variantTableTitle(state)} lines={lines} />;
}

function DetailView(props: ViewProps) {
	const {state, width, height, tier} = props;
	const inside = panelInside(width, height, tier, state.isDetailOpen);
	const {lines, position} = scrolledLines(
		detailLines(state, inside.width),
		inside.height,
		state.isDetailOpen ? state.detailScroll : 0,
	);
	return (
		<Panel {...props} title={detailTitle(state, position)} lines={lines} isTitled={state.isDetailOpen} />
	);
}

/** From this height on the selected item is shown below the list. */
const minItemsSplit = 16;

function ItemsView(props: ViewProps) {
	const {state, width, height, tier} = props;
	const detailHeight = state.isDetailOpen ? height : height < minItemsSplit ? 0 : Math.floor(height / 2);
	const listHeight = height - detailHeight;
	const list = panelInside(width, listHeight, tier, true);
	const detail = panelInside(width, detailHeight, tier, true);
	return (
		<Box flexDirection="column" width={width} height={height} flexShrink={0}>
			{listHeight === 0 ? null : (
				<Panel
					{...props}
					height={listHeight}
					title={itemListTitle(state, list.width)}
					lines={itemListLines(state, list.width, list.height)}
					isTitled={true}
				/>
			)}
			{detailHeight === 0 ? null : (
				<Panel
					{...props}
					{...itemPanel(state, detail.width, detail.height)}
					height={detailHeight}
					isTitled={true}
				/>
			)}
		</Box>
	);
}

/** Panels below each other: gauges of the buckets, the clients, and the selected one. */
function TrafficView(props: ViewProps) {
	const {state, width, height, tier} = props;
	return (
		<Box flexDirection="column" width={width} height={height} flexShrink={0}>
			{trafficPanels(state, width, height, tier).map((panel, index) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: a place on the screen
				<Panel key={index} {...props} {...panel} />
			))}
		</Box>
	);
}

/** The views that lay themselves out. */
function BodyView(props: ViewProps) {
	const {state, width, height} = props;
	if (state.view === 'account') {
		return <AccountView {...props} />;
	}
	if (state.view === 'items') {
		return <ItemsView {...props} />;
	}
	if (state.view === 'traffic') {
		return <TrafficView {...props} />;
	}
	if (state.view === 'quotas') {
		const inside = panelInside(width, height, props.tier);
		return (
			<Panel {...props} title={quotasTitle(state)} lines={quotaLines(state, inside.width, inside.height)} />
		);
	}
	return state.isDetailOpen && listedLog(state).length > 0 ? (
		<LogDetailView {...props} />
	) : (
		<LogView {...props} />
	);
}

/** A line of the log in full. */
function LogDetailView({state, ...props}: ViewProps) {
	const inside = panelInside(props.width, props.height, props.tier, true);
	const {lines, position} = scrolledLines(
		logDetailLines(state, inside.width),
		inside.height,
		state.detailScroll,
	);
	return <Panel {...props} title={logDetailTitle(state, position)} lines={lines} isTitled={true} />;
}

/** Failures by class, then the events, scrolled back by the user. */
function LogView(props: ViewProps) {
	const {state, width, height, tier} = props;
	const {width: room, height: roomHeight} = panelInside(width, height, tier);
	const failures = failureLines(state, room).slice(0, Math.max(0, Math.floor(roomHeight / 2)));
	const lines = listedLog(state);
	const cursor = logCursor(state);
	const eventRoom = Math.max(0, roomHeight - failures.length - (failures.length > 0 ? 1 : 0));
	const {shown, below} = logWindow(lines, cursor, room, eventRoom);
	return (
		<Panel
			{...props}
			title={{
				title: [
					segment('Log', 'title'),
					segment(
						[` · ${lines.length} ${lines.length === 1 ? 'line' : 'lines'}`, ...listWords(state, 'log')].join(
							' · ',
						),
					),
				],
				note: [
					segment(
						`UTC · ${below > 0 ? `${below} more below` : state.lists.log.isInverted ? 'newest above' : 'newest below'}`,
						'muted',
					),
				],
			}}
			lines={failures.length > 0 ? [...failures, [], ...shown] : shown}
		/>
	);
}
