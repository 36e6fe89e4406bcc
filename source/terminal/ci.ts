import {appendFile} from 'node:fs/promises';
import type {OutputConfig} from '../config/resolve-output.ts';
import {faultOf, reasonOf} from '../domain/user-error.ts';
import {cleanText} from '../text/width.ts';
import {assertWritable, writeFlagFile} from './files.ts';
import {type Io, writeClean, writeLines} from './io.ts';

/** What a CI system reads beside the exit code: the files of `--junit` and `--markdown`, and what GitHub Actions shows. */

type CiOutput = Pick<OutputConfig, 'junit' | 'markdown'>;

/** What a command found. Each part is made where it is asked for. */
export type CiFindings = {
	/** The page for a pull request. */
	readonly page: () => Promise<string>;
	/** The file of test cases. */
	readonly junit: () => Promise<string>;
	/** Why the command fails, and what it recommends: one annotation each. */
	readonly errors: readonly string[];
	readonly notices: readonly string[];
};

const isGitHub = ({environment}: Pick<Io, 'environment'>): boolean => environment.GITHUB_ACTIONS === 'true';

/** Whether anything of a CI system is asked for. */
export function isForCi({junit, markdown}: CiOutput, io: Pick<Io, 'environment'>): boolean {
	return junit !== undefined || markdown !== undefined || isGitHub(io);
}

/** Before anything is sent. @throws UserError (exit 1) for a file that can't be written. */
export async function assertCiWritable({junit, markdown}: CiOutput): Promise<void> {
	if (junit !== undefined) {
		await assertWritable(junit, 'junit');
	}
	if (markdown?.file !== undefined) {
		await assertWritable(markdown.file, 'markdown');
	}
}

/** A message of a workflow command; text from outside can't begin another one. */
const escaped = (text: string): string => cleanText(text).replaceAll('%', '%25');

/** Greatest number of annotations of a kind that GitHub shows for a step. */
const maxAnnotations = 10;

const annotations = ({errors, notices}: CiFindings): readonly string[] => [
	...errors.slice(0, maxAnnotations).map((text) => `::error title=bedrock-top::${escaped(text)}`),
	...notices.slice(0, maxAnnotations).map((text) => `::notice title=bedrock-top::${escaped(text)}`),
];

/** Does the work. @returns Why it could not. */
const attempt = async (work: () => Promise<void>): Promise<readonly string[]> => {
	try {
		await work();
		return [];
	} catch (error) {
		const {message, hint} = faultOf(error);
		return [message, ...(hint === undefined ? [] : [hint])];
	}
};

/**
 * Writes what was asked for; under GitHub Actions also the annotations, on stderr, and the summary of the step.
 * @returns Why files could not be written.
 */
export async function writeForCi(
	{junit, markdown}: CiOutput,
	findings: CiFindings,
	io: Pick<Io, 'stdout' | 'stderr' | 'environment'>,
): Promise<readonly string[]> {
	const faults: string[] = [];
	if (markdown !== undefined) {
		const {file} = markdown;
		const page = await findings.page();
		faults.push(
			...(await attempt(async () =>
				file === undefined ? writeClean(io.stdout, [page.trimEnd()]) : writeFlagFile(file, page, 'markdown'),
			)),
		);
	}
	if (junit !== undefined) {
		faults.push(...(await attempt(async () => writeFlagFile(junit, await findings.junit(), 'junit'))));
	}
	if (isGitHub(io)) {
		await writeLines(io.stderr, annotations(findings));
		const {GITHUB_STEP_SUMMARY: summary = ''} = io.environment;
		if (summary !== '') {
			try {
				await appendFile(summary, `${await findings.page()}\n`);
			} catch (error) {
				// The step has its result; only its page lacks the table.
				await writeLines(io.stderr, [`The step summary cannot be written: ${reasonOf(error)}.`]);
			}
		}
	}
	return faults;
}
