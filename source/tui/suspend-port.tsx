import {useApp} from 'ink';
import {type ReactNode, useEffect} from 'react';

/** Ink's way to give the terminal away for a while. */
export type SuspendTerminal = ReturnType<typeof useApp>['suspendTerminal'];

type Props = {
	readonly onReady: (suspendTerminal: SuspendTerminal) => void;
	readonly children: ReactNode;
};

/** Hands that way to the one who owns the terminal's life: Ink offers it to components alone. */
export function SuspendPort({onReady, children}: Props) {
	const {suspendTerminal} = useApp();
	useEffect(() => {
		onReady(suspendTerminal);
	}, [onReady, suspendTerminal]);
	return children;
}
