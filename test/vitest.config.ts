import type {Plugin} from 'vite';
import {defineConfig} from 'vitest/config';
import {BaseSequencer, type TestSpecification} from 'vitest/node';
import {patchedInk, patchedWidth} from '../source/tui/ink-output/ink-patch.ts';

/** The tests draw with the Ink that ships. */
const inkOutput: Plugin = {
	name: 'ink-output',
	enforce: 'pre',
	resolveId: (specifier, importer) => patchedWidth(specifier, importer),
	transform: (text, file) => patchedInk(file, text),
};
/** Files that wait for programs come first: behind them the others keep the processor busy, and nothing waits at the end. */
class WaitingFirst extends BaseSequencer {
	override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
		const isWaiting = ({moduleId}: TestSpecification): boolean =>
			/\/test\/(?:e2e|package|conformance)\/|\/walks\.test\.ts$/.test(moduleId);
		const sorted = await super.sort(files);
		return [...sorted.filter(isWaiting), ...sorted.filter((file) => !isWaiting(file))];
	}
}

/** Ink, what draws with it, and what measures for it. */
const changedPackages = [
	'ink',
	'ink-testing-library',
	'cli-truncate',
	'slice-ansi',
	'widest-line',
	'wrap-ansi',
];

// The default export is what vitest asks for; everywhere else exports are named.
// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
	plugins: [inkOutput],
	test: {
		server: {deps: {inline: changedPackages}},
		root: `${import.meta.dirname}/..`,
		include: ['test/**/*.test.{ts,tsx}'],
		globalSetup: 'test/temporary-folder.ts',
		setupFiles: 'test/helpers/random-cases.ts',
		env: {FORCE_COLOR: '0', NODE_ENV: 'test'},
		testTimeout: 120_000,
		expect: {poll: {timeout: 30_000}},
		// Much of the time is spent waiting for programs, disks and clocks; one worker, the default on two cores, would leave
		// them idle.
		maxWorkers: 4,
		// No test leaves anything behind in its process; a new one for each file would cost as much as most files take.
		isolate: false,
		sequence: {sequencer: WaitingFirst},
		// Programs that wait for a simulated service can wait side by side; twelve of them keep two cores busy.
		maxConcurrency: 3,
	},
});
