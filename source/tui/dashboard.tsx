import process from 'node:process';
import {type Instance, render, useApp} from 'ink';
import {type ReactNode, useEffect} from 'react';
import type {Fault} from '../domain/user-error.ts';
import {themeNamed} from '../text/themes.ts';
import {finalSnapshot} from '../view/selectors.ts';
import {liveState, type State} from '../view/state.ts';
import {windowTitle} from '../view/status.ts';
import {App} from './app.tsx';
import type {ScreenEnd, ScreenPorts} from './effects.ts';
import {type Appearance, screenOptions} from './panel.tsx';
import {DrawnContext} from './pointer.ts';
import {createSession, type Session} from './session.ts';

/** Ink's function that gives the terminal away for a while. */
type SuspendTerminal = ReturnType<typeof useApp>['suspendTerminal'];

type SuspendProps = {
	readonly onReady: (suspendTerminal: SuspendTerminal) => void;
	readonly children: ReactNode;
};

/** Hands it to the owner of the terminal: Ink offers it to components only. */
function SuspendPort({onReady, children}: SuspendProps) {
	const {suspendTerminal} = useApp();
	useEffect(() => {
		onReady(suspendTerminal);
	}, [onReady, suspendTerminal]);
	return children;
}

export type {ScreenEnd, ScreenPorts} from './effects.ts';

/**
 * The store limits how often data is drawn. At Ink's 30 frames per second a key pressed right after a frame would wait
 * 33 ms for the next one.
 */
const usualFramesPerSecond = 120;

/**
 * Opens the alternate screen and runs a session on it: the run is prepared, and started where allowed. The terminal is
 * restored when the promise resolves; it does not reject. Text written while the screen is open is erased with it: print
 * afterwards.
 */
export async function openDashboard(ports: ScreenPorts): Promise<ScreenEnd> {
	const {manners} = ports;
	const {theme, colors, ascii: isAscii} = ports.appearance;
	let appearance: Appearance = {theme: themeNamed(theme, colors), isAscii};
	let suspendTerminal: SuspendTerminal | undefined;
	let isClosed = false;
	let instance: Instance | undefined;
	// The modes of the terminal are saved before keys are read, but behind the first frame, which waits for nothing.
	let hasKeys = ports.guard === undefined;
	const session = createSession(ports, {
		redraw() {
			// The cursor may be anywhere once something else has written to the terminal.
			instance?.clear();
			ports.stdout.write('\u001B[2J\u001B[H');
			instance?.rerender(screenNode());
		},
		suspend() {
			void suspend(suspendTerminal, ports);
		},
	});
	const screenNode = () => (
		<SuspendPort
			onReady={(suspendThis) => {
				suspendTerminal = suspendThis;
			}}
		>
			<DrawnContext value={manners?.hasMouse ? session.drawn : undefined}>
				<App
					store={session.store}
					appearance={appearance}
					hasKeys={hasKeys}
					onKey={session.press}
					onPaste={session.paste}
					onResize={session.resize}
					onFrame={session.frameDrawn}
				/>
			</DrawnContext>
		</SuspendPort>
	);
	const giveBack = () => {
		instance?.unmount();
		manners?.given();
	};
	const rerender = () => {
		if (!isClosed) {
			instance?.rerender(screenNode());
		}
	};
	const revoke = ports.onCrash?.(giveBack);
	manners?.onKnown(({background, hasLinks}) => {
		appearance = {theme: themeNamed(theme, colors, background), isAscii, hasLinks};
		rerender();
	});
	manners?.onPointer(session.point);
	const showTitle = () => manners?.title(windowTitle(session.store.shown()));
	showTitle();
	const stopTitle = session.store.subscribe(showTitle);
	try {
		ports.guard?.taken();
		manners?.taken();
		instance = render(screenNode(), {
			stdin: ports.stdin,
			stdout: ports.stdout,
			...screenOptions,
			maxFps: ports.framesPerSecond ?? usualFramesPerSecond,
		});
		session.open();
		void ports.guard?.start().then(() => {
			hasKeys = true;
			rerender();
		});
		const fault = await untilClosed(instance, session, ports);
		return await endOf(session, ports.signal, fault);
	} finally {
		isClosed = true;
		stopTitle();
		giveBack();
		ports.guard?.given();
		revoke?.();
		session.close();
	}
}

/** Waits for a key, a signal or a fault that closes the screen, and restores the terminal. */
async function untilClosed(
	instance: Instance,
	session: Session,
	{signal, manners}: ScreenPorts,
): Promise<Fault | undefined> {
	const exited = instance.waitUntilExit();
	const unmount = async () => {
		await manners?.settled();
		instance.unmount();
	};
	signal.addEventListener('abort', unmount);
	if (signal.aborted) {
		void unmount();
	}
	void session.left.then(unmount);
	try {
		await exited;
		return undefined;
	} catch (error) {
		return {
			message: `The screen failed: ${error instanceof Error ? error.message : String(error)}`,
			hint: 'Use --plain for output without a screen.',
			exitCode: 1,
		};
	} finally {
		signal.removeEventListener('abort', unmount);
	}
}

async function endOf(session: Session, signal: AbortSignal, fault: Fault | undefined): Promise<ScreenEnd> {
	const wasRunning = isUnderWay(liveState(session.store.latest()));
	if (wasRunning) {
		await session.stopBySignal();
	}
	const state = liveState(session.store.latest());
	const stageFault = state.stage.kind === 'failed' ? state.stage.fault : undefined;
	const reached = finalSnapshot(state);
	// An engine that did not answer in time still counts as stopped by the one who asked.
	const isUnanswered = reached?.outcome === null && (state.isLeaving || signal.aborted);
	const snapshot =
		reached !== undefined && isUnanswered && fault === undefined && stageFault === undefined
			? {
					...reached,
					outcome: 'stopped' as const,
					stoppedBy: signal.aborted ? ('signal' as const) : ('key' as const),
				}
			: reached;
	return {
		snapshot,
		stoppedBy: signal.aborted && wasRunning ? 'signal' : stoppedByOf(snapshot?.stoppedBy),
		fault: fault ?? stageFault,
	};
}

function isUnderWay({stage, isLeaving}: State): boolean {
	return stage.kind === 'running' && !isLeaving;
}

function stoppedByOf(stoppedBy: string | null | undefined): 'key' | 'signal' | undefined {
	return stoppedBy === 'key' || stoppedBy === 'signal' ? stoppedBy : undefined;
}

/** Gives the terminal back to the shell, stops this process as Ctrl+Z would, and takes the terminal again. */
async function suspend(
	suspendTerminal: SuspendTerminal | undefined,
	{guard, manners}: ScreenPorts,
): Promise<void> {
	if (process.platform === 'win32') {
		return;
	}
	await suspendTerminal?.(async () => {
		const {promise, resolve} = Promise.withResolvers<void>();
		process.once('SIGCONT', resolve);
		guard?.given();
		manners?.given();
		process.kill(process.pid, 'SIGTSTP');
		await promise;
		guard?.taken();
		manners?.taken();
	});
}
