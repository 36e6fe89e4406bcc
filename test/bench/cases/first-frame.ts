import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {build} from 'esbuild';
import {bundleOptions} from '../../../source/build/bundle-options.ts';
import type {PseudoTerminal} from '../../helpers/pseudo-terminal.ts';
import type {BenchCase} from '../helpers/bench-case.ts';
import {milliseconds, ratio} from '../helpers/format.ts';
import {openProgram, openScript, shows, withTerminal} from '../helpers/screen-program.ts';
import {alternate, median} from '../helpers/statistics.ts';

const mostRatio = 2;

const root = path.resolve(import.meta.dirname, '../../..');

const minimalProgram = `
import {createElement} from 'react';
import {render, Text} from 'ink';
render(createElement(Text, null, 'one line of text'));
`;

/** The least that an Ink program can be, bundled as ours is. */
const bundleMinimal = async (folder: string): Promise<string> => {
	await build({
		...bundleOptions,
		absWorkingDir: root,
		stdin: {contents: minimalProgram, resolveDir: root, loader: 'js', sourcefile: 'minimal.js'},
		outdir: folder,
		entryNames: 'minimal',
		outExtension: {'.js': '.mjs'},
	});
	return path.join(folder, 'minimal.mjs');
};

/** Milliseconds from the start of a program until something stands on its screen. */
const firstFrameMs = async (open: () => PseudoTerminal): Promise<number> => {
	const startedAt = performance.now();
	return withTerminal(open(), async (terminal) => {
		await terminal.waitFor(shows(/\S/), 'the first frame');
		return performance.now() - startedAt;
	});
};

export const firstFrameCase: BenchCase = {
	name: 'first-frame',
	group: 'start',
	about: 'first frame of the built --demo against a minimal bundled Ink program',
	async run({isQuick}) {
		const folder = await mkdtemp(path.join(tmpdir(), 'bedrock-top-bench-'));
		try {
			const minimal = await bundleMinimal(folder);
			const ours = async () => firstFrameMs(() => openProgram(['summarize', '--demo']));
			const theirs = async () => firstFrameMs(() => openScript(minimal, []));
			// The first pair fills the file cache.
			await ours();
			await theirs();
			const times = await alternate(isQuick ? 7 : 15, ours, theirs);
			const [oursMs, theirsMs] = [median(times.first), median(times.second)];
			return [
				{
					name: 'first frame of --demo',
					ours: milliseconds(oursMs),
					comparison: `minimal Ink program ${milliseconds(theirsMs)}`,
					relation: ratio(oursMs / theirsMs),
					bound: `<= ${ratio(mostRatio)}`,
					isMet: oursMs / theirsMs <= mostRatio,
					figures: {oursMs, theirsMs, ratio: oursMs / theirsMs},
				},
			];
		} finally {
			await rm(folder, {recursive: true, force: true});
		}
	},
};
