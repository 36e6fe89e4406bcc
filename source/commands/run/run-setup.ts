import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {readStdinText} from '../../config/input/text-file.ts';
import type {Arguments} from '../../config/parse-arguments.ts';
import {type OutputConfig, resolveOutput} from '../../config/resolve-output.ts';
import {resolveRun} from '../../config/resolve-run.ts';
import type {Connection, RunConfig} from '../../domain/run-config.ts';
import {UserError} from '../../domain/user-error.ts';
import {claimFolder, type FolderClaim} from '../../reports/folder.ts';
import {assertCiWritable} from '../../terminal/ci.ts';
import {assertWritable} from '../../terminal/files.ts';
import type {Io} from '../../terminal/io.ts';
import type {AnswerSink} from '../../threads/messages.ts';
import {lazyDemo} from '../demo.ts';
import {isFirstRun} from '../first-steps.ts';
import type {Resumption} from './resume.ts';
import {type SearchSetup, searchOf} from './search.ts';

/** All that the screen and the headless run need before the engine starts. */
export type RunSetup = {
	readonly config: RunConfig;
	readonly output: OutputConfig;
	readonly isDemo: boolean;
	/** Nothing was run here before. */
	readonly isFirstRun: boolean;
	/** Folder of the reports; undefined when none are written. */
	readonly folder: string | undefined;
	/** Why no reports will be written, although they were not turned off. */
	readonly warning: string | undefined;
	readonly answers: AnswerSink;
	/** Of `--resume`. */
	readonly resumption: Resumption | undefined;
	/** Of `--search`; the configuration has the variants that it starts from. */
	readonly search: SearchSetup | undefined;
	/** The words that repeat it, by the Region that it took place in; absent: those of its configuration. */
	readonly repeat?: (region: string | undefined) => readonly string[];
	/** Starts the simulator of a demo when first called; rejects with a UserError where it cannot. */
	readonly connect: () => Promise<Connection>;
	/** Stops the simulator, and removes what was kept for as long as the run takes. */
	readonly close: () => Promise<void>;
};

/** The preset that a demo starts with when none is named. */
export const demoPreset = 'summarize';

const presetName = ({words, flags}: Arguments): string | undefined =>
	words[0] ??
	(flags.isSet('demo') && flags.text('task') === undefined && flags.text('replay') === undefined
		? demoPreset
		: undefined);

/**
 * Without a screen nobody can choose a model.
 * @throws UserError exit 2.
 */
const assertModels = ({models}: RunConfig): void => {
	if (models.length === 0) {
		throw new UserError('The run has no model.', {
			exitCode: 2,
			hint: 'Give one with -m MODEL; "bedrock-top models" lists what can be run.',
		});
	}
};

/** The files of the answers of a run in its folder. */
export function answersOf(
	folder: string | undefined,
	output: Pick<OutputConfig, 'isWritingAnswers' | 'isWritingRequests' | 'isForced' | 'junit'>,
	config: RunConfig,
	isResumed = false,
): AnswerSink {
	if (folder === undefined) {
		return undefined;
	}
	const isKept =
		isResumed || (output.isWritingAnswers ?? (config.task.items.length > 0 || output.junit !== undefined));
	return {
		file: isKept ? path.join(folder, 'answers.jsonl') : undefined,
		requestsFile: output.isWritingRequests ? path.join(folder, 'requests.csv') : undefined,
		isReplacing: output.isForced && !isResumed,
	};
}

/**
 * Checks what was typed and claims the report folder. The simulator of a demo starts later: the screen is drawn first.
 * @param canChoose Whether a missing model is chosen on the screen.
 * @throws UserError exit 2 for what was typed, exit 1 for a folder that cannot be written.
 */
export async function setUpRun(given: Arguments, io: Io, canChoose = false): Promise<RunSetup> {
	const output = resolveOutput(given.flags, io.environment);
	const asked = await resolveRun(presetName(given), given.flags, async () => readStdinText(io.stdin));
	if (!canChoose) {
		assertModels(asked);
	}
	const search = searchOf(given.flags, asked, canChoose);
	// What reads earlier files is loaded where there are some.
	const resumption =
		given.flags.text('resume') === undefined
			? undefined
			: await (await import('./resume.ts')).resumptionOf(given.flags, output, asked);
	const config = resumption?.config ?? asked;
	if (output.json?.file !== undefined && !output.isDryRun) {
		await assertWritable(output.json.file);
	}
	await (output.isDryRun ? undefined : assertCiWritable(output));
	const claim: FolderClaim | undefined =
		output.isWritingReports && !output.isDryRun
			? await claimFolder(resumption?.folder ?? output.folder, resumption !== undefined || output.isForced)
			: undefined;
	// The test cases are made from the answers, also where no reports are kept.
	const scratch =
		output.junit !== undefined && claim?.folder === undefined && !output.isDryRun
			? await mkdtemp(path.join(tmpdir(), 'bedrock-top-answers-'))
			: undefined;
	const demo = lazyDemo(given.flags.isSet('demo'), config.connection, config.seed);
	return {
		config,
		output,
		isDemo: given.flags.isSet('demo') ?? false,
		isFirstRun: isFirstRun(),
		folder: claim?.folder,
		warning: claim?.warning,
		answers: answersOf(
			claim?.folder ?? scratch,
			scratch === undefined ? output : {...output, isWritingAnswers: true, isWritingRequests: false},
			config,
			resumption !== undefined,
		),
		resumption,
		search,
		connect: demo.connect,
		async close() {
			await demo.stop();
			await (scratch === undefined ? undefined : rm(scratch, {recursive: true, force: true}));
		},
	};
}
