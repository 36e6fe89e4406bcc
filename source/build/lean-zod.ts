import type {Plugin} from 'esbuild';

/** Leaves zod's messages in forty languages out of the bundle: its English ones are imported by themselves. */
export const leanZod: Plugin = {
	name: 'lean-zod',
	setup({onLoad}) {
		onLoad({filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/}, () => ({
			contents: "export {default as en} from './en.js';",
			loader: 'js',
		}));
	},
};
