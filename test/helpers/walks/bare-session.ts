import {createSession, type Session} from '../../../source/tui/session.ts';
import {FakeClock} from '../fake-clock.ts';
import {createFakeEngine, type FakeEngine} from '../fake-engine.ts';
import {configFixture, presetsFixture} from '../snapshot-fixture.ts';

/** A screen up to its state: nothing is drawn. */
export const openBareSession = (opensOnAccount: boolean): {session: Session; engine: FakeEngine} => {
	const engine = createFakeEngine();
	const session = createSession(
		{
			config: configFixture(),
			isDemo: true,
			startsAtOnce: true,
			opensOnAccount,
			beginRun: () => undefined,
			engine,
			presets: presetsFixture(),
			exportReports: async () => [],
			exportIncrease: async () => [],
			exportWinningRequest: async () => [],
			appearance: {colors: 0, ascii: false, theme: 'auto'},
			stdin: process.stdin,
			stdout: process.stdout,
			clock: new FakeClock(),
			signal: new AbortController().signal,
		},
		{redraw() {}, suspend() {}},
	);
	session.open();
	return {session, engine};
};
