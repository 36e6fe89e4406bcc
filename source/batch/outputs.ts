import {below, type ObjectStore, parseS3Uri, type S3Location, s3Uri} from '../bedrock/jobs/object-store.ts';
import {formatCount} from '../text/numbers.ts';
import {cleanText} from '../text/width.ts';
import type {BatchState, JobState} from './state.ts';

/** The outputs of the jobs in S3: their lines, and whether they hold as many answers as the service reports. */

/** Contents of the outputs of one job so far. */
type Seen = {
	readonly job: JobState;
	readonly place: S3Location;
	readonly keys: string[];
	/** Lines that are records of the batch. */
	records: number;
	answers: number;
	/** The first line that is not a record, and how many there are. */
	foreign: {readonly key: string; readonly line: number; readonly text: string} | undefined;
	foreignLines: number;
};

type OutputLineKind = 'answer' | 'failure' | 'foreign';

type OutputPorts = {
	readonly objects: Pick<ObjectStore, 'list' | 'read'>;
	readonly signal?: AbortSignal | undefined;
};

const shownKeys = 5;
const shownCharacters = 40;

const nameOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

const keysText = (keys: readonly string[]): string => {
	const names = keys.slice(0, shownKeys).map((key) => cleanText(nameOf(key)));
	return `${names.join(', ')}${keys.length > shownKeys ? ` and ${keys.length - shownKeys} more` : ''}`;
};

const isManifest = (key: string): boolean => /\/manifest\.json(?:\.out)?$/.test(key);

/** A job that went through its records has an output. */
const hasOutput = ({status}: JobState): boolean => status === 'Completed' || status === 'PartiallyCompleted';

/** Why the outputs of a job are incomplete; undefined where they are complete. */
const troubleOf = ({job, place, keys, records, answers, foreign, foreignLines}: Seen): string | undefined => {
	const isEmpty = records === 0 && hasOutput(job);
	if (answers >= job.succeeded && foreign === undefined && !isEmpty) {
		return undefined;
	}
	const what = [
		keys.length === 0 ? 'it is empty' : `there is ${keysText(keys)}`,
		...(foreign === undefined
			? []
			: [
					`${formatCount(foreignLines)} ${foreignLines === 1 ? 'line' : 'lines'} cannot be read (the first is line ${foreign.line} of ${cleanText(nameOf(foreign.key))}: "${cleanText(foreign.text)}")`,
				]),
		...(answers < job.succeeded
			? [`the job reports ${formatCount(job.succeeded)} answers, ${formatCount(answers)} were found`]
			: []),
	];
	return `The outputs of ${job.name} are incomplete in ${s3Uri(place)}: ${what.join('; ')}.`;
};

export function readOutputs({s3, jobs}: BatchState, {objects, signal}: OutputPorts) {
	const seen: Seen[] = [];
	const root = parseS3Uri(s3);
	return {
		/**
		 * Lines of all outputs. Their names are not documented: every object but the manifests is read.
		 * @yields Each line, with a function that records its kind.
		 */
		async *lines(): AsyncGenerator<{readonly line: string; readonly note: (kind: OutputLineKind) => void}> {
			for (const job of jobs) {
				if (root === undefined || job.arn === null) {
					continue;
				}
				const place = below(root, `${job.arn.slice(job.arn.lastIndexOf('/') + 1)}/`);
				const own: Seen = {
					job,
					place,
					keys: [],
					records: 0,
					answers: 0,
					foreign: undefined,
					foreignLines: 0,
				};
				seen.push(own);
				for (const key of await objects.list(place, signal)) {
					own.keys.push(key);
					if (isManifest(key)) {
						continue;
					}
					let number = 0;
					for await (const line of linesOf(objects.read({bucket: place.bucket, key}, signal))) {
						number += 1;
						const at = number;
						const note = (kind: OutputLineKind): void => {
							if (kind !== 'foreign') {
								own.records += 1;
								own.answers += kind === 'answer' ? 1 : 0;
							} else if (line.trim() !== '') {
								own.foreignLines += 1;
								own.foreign ??= {key, line: at, text: line.slice(0, shownCharacters)};
							}
						};
						yield {line, note};
					}
				}
			}
		},
		/** Outputs that do not match what their jobs report, one sentence each with the place and its contents. */
		troubles: (): readonly string[] => seen.map(troubleOf).filter((text) => text !== undefined),
	};
}

/** Text as it arrives: the lines of each piece. A last line without its end counts too, an error of the source comes through. */
async function* linePagesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
	const decoder = new TextDecoder();
	let rest = '';
	for await (const chunk of bytes) {
		const parts = (rest + decoder.decode(chunk, {stream: true})).split('\n');
		rest = parts.pop() ?? '';
		yield parts;
	}
	rest += decoder.decode();
	if (rest !== '') {
		yield [rest];
	}
}

/** The same line by line. */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
	for await (const lines of linePagesOf(bytes)) {
		yield* lines;
	}
}
