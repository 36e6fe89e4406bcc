import {parseArguments} from '../../config/parse-arguments.ts';
import type {OutputConfig} from '../../config/resolve-output.ts';
import {resolveRun} from '../../config/resolve-run.ts';
import {systemClock} from '../../domain/clock.ts';
import type {RunConfig} from '../../domain/run-config.ts';
import type {TapConfig} from '../../domain/tap.ts';
import type {Io} from '../../terminal/io.ts';
import {screenManners} from '../../terminal/manners.ts';
import {guardScreen} from '../../terminal/screen-guard.ts';
import {leaveClosing} from '../../terminal/signals.ts';
import type {TapHandle} from '../../threads/engine-handle.ts';
import type {EngineRequest} from '../../threads/messages.ts';
import type {ScreenEnd, ScreenPorts} from '../../tui/effects.ts';
import {demoPreset} from '../run/run-setup.ts';
import {createExports, type OwnScreen} from '../screen.ts';
import {tapLines} from './child.ts';

/** The screen of a tap that runs already. */

/** The tap, and how it is shown. */
export type Shown = {
	readonly tap: TapHandle;
	/** With the secret. */
	readonly url: string;
	readonly region: string;
	/** Null: the Region's own. */
	readonly endpoint: string | null;
	readonly config: Pick<TapConfig, 'connection' | 'override' | 'isRefreshing'>;
	/** Folder of the reports; undefined when none are written. */
	readonly folder: string | undefined;
	readonly output: OutputConfig;
	readonly own: OwnScreen;
	/** The program behind the tap; undefined: none. */
	readonly program?: string | undefined;
};

/** A screen speaks to an engine: a tap takes what of it is not about runs, which its keys refuse in words. */
const engineOf = ({send, onReport}: TapHandle): ScreenPorts['engine'] => ({
	send(request: EngineRequest) {
		switch (request.type) {
			case 'pause':
			case 'resume':
			case 'stop':
			case 'watch-account':
			case 'look-at-account':
			case 'close':
				send(request);
				break;
			case 'prepare':
			case 'list-models':
			case 'start':
			case 'send-more':
			case 'set-goal':
				break;
		}
	},
	onReport: (listener) =>
		onReport((report) => {
			if (report.type !== 'tap-listening') {
				listener(report);
			}
		}),
});

/** The settings of no run: a tap sends nothing of its own, and its views read only how to reach the account. */
const noRun = async (config: Shown['config']): Promise<RunConfig> => ({
	...(await resolveRun(demoPreset, parseArguments([]).flags, async () => '')),
	...config,
	models: [],
	variants: [],
	lanes: [],
});

/** Shows the tap until a key or a signal closes the screen; whether it still runs then is in its last snapshot. */
export async function showTap(shown: Shown, io: Io): Promise<ScreenEnd> {
	const {tap, url, region, endpoint, config, folder, output, own, program} = shown;
	const guard = guardScreen(io);
	const manners = screenManners(io, output, guard);
	const {openDashboard} = await import('../../tui/dashboard.tsx');
	try {
		return await openDashboard({
			tap: {
				address: new URL(url).host,
				region,
				endpoint: endpoint ?? undefined,
				lines: tapLines(url, io.environment),
				program,
			},
			config: await noRun(config),
			isDemo: config.connection.simulatorUrl !== undefined,
			startsAtOnce: false,
			beginRun: () => undefined,
			engine: engineOf(tap),
			presets: {list: async () => [], load: async () => noRun(config)},
			...createExports(() => ({folder})),
			...own,
			onCrash: leaveClosing,
			guard,
			appearance: {colors: output.colors, ascii: output.isAscii, theme: output.theme},
			manners,
			stdin: manners.stdin,
			stdout: io.stdout,
			clock: systemClock,
			signal: io.signal,
		});
	} finally {
		await guard.end();
	}
}
