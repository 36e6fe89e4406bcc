import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {build} from 'esbuild';
import {bundleOptions} from '../../../source/build/bundle-options.ts';
import type {PseudoTerminal} from '../../helpers/pseudo-terminal.ts';
import type {BenchCase} from '../helpers/bench-case.ts';
import {milliseconds, ratio} from '../helpers/format.ts';
import {mainThreadCpuMs} from '../helpers/processor-time.ts';
import {openProgram, openScript, shows, withTerminal} from '../helpers/screen-program.ts';
import {alternate, median, quantile} from '../helpers/statistics.ts';

const mostRatio = 1.4;

const root = path.resolve(import.meta.dirname, '../../..');

const minimalProgram = `
import {createElement} from 'react';
import {render, Text} from 'ink';
render(createElement(Text, null, 'one line of text'));
`;

/** The least that an Ink program can be, bundled with the same options; our shortcuts through libraries are our own. */
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

type Start = {
	/** Milliseconds from the start of a program until something stands on its screen. */
	readonly elapsedMs: number;
	/** What its main thread has used of a processor by then: the same on a busy machine. */
	readonly cpuMs: number;
};

const start = async (open: () => PseudoTerminal): Promise<Start> => {
	const startedAt = performance.now();
	return withTerminal(open(), async (terminal) => {
		await terminal.waitFor(shows(/\S/), 'the first frame');
		return {elapsedMs: performance.now() - startedAt, cpuMs: mainThreadCpuMs(terminal.pid)};
	});
};

const startAndQuit = async (): Promise<void> =>
	withTerminal(openProgram(['summarize', '--demo', '--no-reports']), async (terminal) => {
		await terminal.waitFor(shows(/RUNNING/), 'the run');
		terminal.write('q');
		await terminal.exited;
	});

const middle = (starts: readonly Start[], key: keyof Start): number =>
	median(starts.map((each) => each[key]));

export const firstFrameCase: BenchCase = {
	name: 'first-frame',
	group: 'start',
	about: 'first frame of the built --demo against a minimal bundled Ink program',
	async run({isQuick}) {
		const folder = await mkdtemp(path.join(tmpdir(), 'bedrock-top-bench-'));
		try {
			const minimal = await bundleMinimal(folder);
			const ours = async () => start(() => openProgram(['summarize', '--demo']));
			const theirs = async () => start(() => openScript(minimal, []));
			// What comes before fills the file cache, and that of compiled code, which Node writes as a program ends.
			await startAndQuit();
			await ours();
			await theirs();
			const times = await alternate(isQuick ? 7 : 15, ours, theirs);
			const [oursMs, theirsMs] = [middle(times.first, 'elapsedMs'), middle(times.second, 'elapsedMs')];
			const [ourCpuMs, theirCpuMs] = [middle(times.first, 'cpuMs'), middle(times.second, 'cpuMs')];
			// Of each pair: what else the machine does meets both.
			const ratios = times.first.map(({cpuMs}, pair) => cpuMs / (times.second[pair]?.cpuMs ?? Number.NaN));
			const cpuRatio = median(ratios);
			const [low, high] = [quantile(ratios, 0.25), quantile(ratios, 0.75)];
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
				{
					name: 'processor time of the main thread until then',
					ours: milliseconds(ourCpuMs),
					comparison: `minimal Ink program ${milliseconds(theirCpuMs)}`,
					relation: `${ratio(cpuRatio)}, half of them ${ratio(low)} to ${ratio(high)}`,
					bound: `<= ${ratio(mostRatio)}`,
					isMet: cpuRatio <= mostRatio,
					figures: {ourCpuMs, theirCpuMs, ratio: cpuRatio, low, high},
				},
			];
		} finally {
			await rm(folder, {recursive: true, force: true});
		}
	},
};
