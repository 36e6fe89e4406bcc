import {Box, useInput, usePaste, useStdin, useWindowSize} from 'ink';
import {useSyncExternalStore} from 'react';
import {type KeyEvent, keyNames} from '../view/keymap/keys.ts';
import type {State} from '../view/state.ts';
import type {Store} from '../view/store.ts';
import {listedRows} from '../view/variant-rows.ts';
import {AccountEyes, type SeeBuckets} from './account-eyes.ts';
import {type Appearance, AppearanceContext} from './appearance.tsx';
import {computeLayout, type LayoutInput, tierOf} from './layout.ts';
import {Lines} from './lines.tsx';
import {placeOverlay} from './overlays/overlay-lines.ts';
import {isDayShown} from './panels/gauges.ts';
import {noticeOf} from './panels/notice.ts';
import {RegionView} from './views/region-view.tsx';

type Props = {
	readonly store: Store;
	readonly appearance: Appearance;
	/** Keys are read; without them the terminal keeps its modes. */
	readonly hasKeys?: boolean;
	/** Called with the name of each key. */
	readonly onKey: (keyName: string) => void;
	readonly onPaste: (text: string) => void;
	/** Told which rows of the account are on screen. */
	readonly onSeen?: SeeBuckets;
};

/** The whole screen: what the store shows, in the regions that the size of the terminal allows. */
export function App({store, appearance, hasKeys = true, onKey, onPaste, onSeen = () => {}}: Props) {
	const state = useSyncExternalStore(store.subscribe, store.shown);
	const {columns, rows} = useWindowSize();
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
	// Pasted text is no sequence of commands; without this it would arrive as one.
	usePaste(onPaste, {isActive});
	const {tier, regions} = computeLayout(layoutInput(state, columns, rows));
	return (
		<AppearanceContext value={appearance}>
			<AccountEyes value={onSeen}>
				<Box width={columns} height={rows}>
					{regions.map(({name, rect}) => (
						<Box key={name} position="absolute" left={rect.left} top={rect.top}>
							<RegionView state={state} name={name} width={rect.width} height={rect.height} tier={tier} />
						</Box>
					))}
					{tier === 'tiny' ? null : <OverlayView state={state} columns={columns} rows={rows} />}
				</Box>
			</AccountEyes>
		</AppearanceContext>
	);
}

function layoutInput(state: State, columns: number, rows: number): LayoutInput {
	return {
		columns,
		rows,
		view: state.view,
		rowCount: listedRows(state).length,
		noticeLines: noticeOf(state, Math.max(1, columns - 4))?.lines.length ?? 0,
		isDetailOpen: state.isDetailOpen,
		gaugeCount: isDayShown(state, tierOf(columns, rows)) ? 3 : 2,
	};
}

type OverlayProps = {readonly state: State; readonly columns: number; readonly rows: number};

function OverlayView({state, columns, rows}: OverlayProps) {
	if (state.overlay === undefined) {
		return null;
	}
	const {rect, lines} = placeOverlay(state, state.overlay, columns, rows);
	return (
		<Box position="absolute" left={rect.left} top={rect.top}>
			<Lines lines={lines} width={rect.width} height={rect.height} />
		</Box>
	);
}
