import type {RenderOptions} from 'ink';

/**
 * How every screen of ours is rendered: on the alternate screen, its keys and its Ctrl+C our own, and only what changed
 * is written.
 */
export const screenOptions = {
	alternateScreen: true,
	exitOnCtrlC: false,
	patchConsole: false,
	interactive: true,
	incrementalRendering: true,
	isScreenReaderEnabled: false,
} as const satisfies RenderOptions;
