import type {Connection, RunConfig} from '../../domain/run-config.ts';
import type {AnswerSink} from '../../threads/messages.ts';
import {lazyDemo} from '../demo.ts';
import {demoPreset, type RunSetup} from '../run/run-setup.ts';
import type {ScreenPresets} from './screen-presets.ts';

/** A demo that is started on the screen, where no account can be used. */
export type DemoOnKey = {
	/** The connection in force: the account's until the demo has started. */
	readonly connect: () => Promise<Connection>;
	/** Starts the simulator. @returns what is run there: the same run, or the demo's own where no model is named. */
	readonly start: () => Promise<{readonly config: RunConfig; readonly answers: AnswerSink}>;
	readonly stop: () => Promise<void>;
};

export const demoOnKey = (setup: RunSetup, presets: ScreenPresets): DemoOnKey => {
	const demo = lazyDemo(true, setup.config.connection, setup.config.seed);
	let {connect} = setup;
	return {
		connect: async () => connect(),
		async start() {
			await demo.connect();
			connect = demo.connect;
			const {config, answers} = setup;
			return config.models.length === 0 ? presets.load(demoPreset) : {config, answers};
		},
		stop: demo.stop,
	};
};
