import {defineConfig} from 'vitest/config';

// The default export is what vitest asks for; everywhere else exports are named.
// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
	test: {
		root: `${import.meta.dirname}/..`,
		include: ['test/**/*.test.{ts,tsx}'],
		env: {FORCE_COLOR: '0', NODE_ENV: 'test'},
		testTimeout: 120_000,
		// Most of the time is spent waiting for programs; one worker, the default on two cores, would leave one idle.
		maxWorkers: 2,
		// Real terminals and sockets on a busy machine: a fault shows every time.
		retry: 0,
	},
});
