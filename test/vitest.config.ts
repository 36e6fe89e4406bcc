import {defineConfig} from 'vitest/config';

// The default export is what vitest asks for; everywhere else exports are named.
// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
	test: {
		root: `${import.meta.dirname}/..`,
		include: ['test/**/*.test.{ts,tsx}'],
		env: {FORCE_COLOR: '0', NODE_ENV: 'test'},
		testTimeout: 40_000,
		// Most of the time is spent waiting for programs; one worker, the default on two cores, would leave both idle.
		maxWorkers: 3,
	},
});
