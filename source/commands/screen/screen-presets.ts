import path from 'node:path';
import type {TextFlag} from '../../config/flags.ts';
import type {FlagValues} from '../../config/parse-arguments.ts';
import {resolveRun} from '../../config/resolve-run.ts';
import {shippedPresets} from '../../config/shipped-presets.ts';
import type {RunConfig} from '../../domain/run-config.ts';
import type {AnswerSink} from '../../threads/messages.ts';
import type {ListedPreset} from '../../view/listing.ts';
import type {RunSetup} from '../run/run-setup.ts';

/** Presets that are chosen on the screen. */

/** These say what the run of the command line asks; another preset has its own. */
const ofOnePreset: ReadonlySet<TextFlag> = new Set<TextFlag>(['content', 'task', 'variants']);

const withoutTask = (flags: FlagValues): FlagValues => ({
	...flags,
	text: (name) => (ofOnePreset.has(name) ? undefined : flags.text(name)),
});

/** Answers of another preset have other items: they go into a file of their own. */
const answersOf = (config: RunConfig, {folder, config: own, answers}: RunSetup): AnswerSink => {
	if (folder === undefined || config.preset === own.preset) {
		return answers;
	}
	const name = (config.preset ?? 'task').replaceAll(/[^\w.-]+/g, '-');
	return {
		...answers,
		file: config.task.items.length > 0 ? path.join(folder, `answers-${name}.jsonl`) : undefined,
	};
};

export type ScreenPresets = {
	/** The shipped ones. */
	readonly list: () => Promise<readonly ListedPreset[]>;
	/**
	 * A preset by name or path, with the flags of the command line.
	 * @throws UserError (exit 2) with what is wrong with it.
	 */
	readonly load: (name: string) => Promise<{readonly config: RunConfig; readonly answers: AnswerSink}>;
};

/** @param setup Of the run that the screen was opened with: its models serve a preset that names none. */
export const screenPresets = (flags: FlagValues, setup: RunSetup): ScreenPresets => ({
	async list() {
		return shippedPresets();
	},
	async load(name) {
		const loaded = await resolveRun(name, withoutTask(flags), async () => '');
		const models = loaded.models.length === 0 ? setup.config.models : loaded.models;
		const config = {...loaded, models};
		return {config, answers: answersOf(config, setup)};
	},
});
