import {render, useInput, useStdin, useWindowSize} from 'ink';
import {useSyncExternalStore} from 'react';
import {themeNamed} from '../../text/themes.ts';
import {type Appearance, AppearanceContext, screenOptions} from '../appearance.tsx';
import {Lines} from '../panel.tsx';
import type {ScreenPorts} from '../screen-ports.ts';
import {type BatchView, batchLines} from './batch-lines.ts';

export type {BatchView} from './batch-lines.ts';

/** The screen of a batch: it shows what it is told, and tells when the user leaves. */
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
		theme: themeNamed(ports.appearance.theme, ports.appearance.color),
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
