import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {plainEnvironment} from '../../helpers/built-program.ts';
import type {Seen} from '../children/batch-server.ts';
import {startBatchServer} from '../helpers/batch-server.ts';
import type {BenchCase, Row} from '../helpers/bench-case.ts';
import {runChild} from '../helpers/child.ts';
import {count, megabytes, ratio, seconds} from '../helpers/format.ts';
import {environmentFor} from '../helpers/simulated.ts';
import {type Sample, watchProgram} from '../helpers/watched-program.ts';

const leastBytesPerSecond = 50e6;
const mostPeakBytes = 150e6;
const mostJoinMs = 10_000;
/** Long enough for both uploads to be over before the first job works. */
const stepMs = 5000;
const words =
	'invoice refund login password error account card charge settings desktop export since twice'.split(' ');

const preset = `name: bulk
task: "Answer with the one category that fits the ticket: billing, technical, account, other."
items: {file: items.txt}
system: You reply with one lower-case word and nothing else.
variants:
  - name: single
    instruction: "{{task}}\\n\\nTicket: {{item}}"
    maxTokens: 8
models: [us.amazon.nova-lite-v1:0]
method: converse
checks: [{oneOf: [billing, technical, account, other]}]
`;

/** About 700 bytes each. */
const itemLine = (index: number): string =>
	`ticket ${index}: ${Array.from({length: 100}, (_unused, word) => words[(index * 7 + word * word) % words.length]).join(' ')}`;

const writePreset = async (folder: string, records: number): Promise<string> => {
	const file = path.join(folder, 'bulk.yaml');
	await writeFile(file, preset);
	await writeFile(
		path.join(folder, 'items.txt'),
		Array.from({length: records}, (_unused, index) => itemLine(index)).join('\n'),
	);
	return file;
};

const first = <T>(found: T | undefined, what: string): T => {
	if (found === undefined) {
		throw new Error(`The server saw no ${what}.`);
	}
	return found;
};

/** When things happened, by the server's account. */
const momentsOf = (timeline: readonly Seen[]) => {
	const isCreate = ({method, path: where}: Seen): boolean =>
		method === 'POST' && where === '/model-invocation-job';
	const writes = timeline.filter(({service, method}) => service === 's3' && method !== 'GET');
	return {
		began: first(
			timeline.find(({service}) => service !== 's3'),
			'request',
		).receivedAt,
		// Quotas are known by then, and the records are about to be made.
		building: Math.max(
			...timeline
				.filter((seen) => seen.endedAt < first(writes[0], 'upload').receivedAt)
				.map(({endedAt}) => endedAt),
		),
		uploading: first(writes[0], 'upload').receivedAt,
		uploaded: first(timeline.findLast(isCreate), 'job').receivedAt,
		joining: first(
			timeline.find(({service, method}) => service === 's3' && method === 'GET'),
			'fetch',
		).receivedAt,
	};
};

const sampleAt = (samples: readonly Sample[], at: number): Sample =>
	first(samples.findLast((sample) => sample.at <= at) ?? samples[0], 'sample');

export const batchCase: BenchCase = {
	name: 'batch',
	group: 'batch',
	about: '100,000 records built, split, uploaded and joined, beside lib-storage with ready bytes',
	async run({isQuick}) {
		const records = isQuick ? 20_000 : 100_000;
		const folder = await mkdtemp(path.join(tmpdir(), 'bedrock-top-bench-'));
		const server = await startBatchServer(stepMs);
		try {
			const file = await writePreset(folder, records);
			const {samples, endedAt} = await watchProgram(
				[
					'batch',
					file,
					'--s3',
					's3://bench/records',
					'--role-arn',
					'arn:aws:iam::123456789012:role/bench',
					'--yes',
					'--json',
					'--no-reports',
					'--out',
					path.join(folder, 'out'),
				],
				{cwd: folder, env: {...plainEnvironment(), HOME: folder, ...environmentFor(server.url)}},
			);
			const timeline = await server.timeline();
			const moments = momentsOf(timeline);
			const bytes = timeline.reduce((sum, seen) => sum + (seen.method === 'PUT' ? seen.bytes : 0), 0);
			const bare = await runChild<{elapsedMs: number; maxRssBytes: number}>('bare-upload', [
				server.url,
				String(bytes),
			]);
			const wholeMs = moments.uploaded - moments.building;
			const rate = (bytes * 1000) / wholeMs;
			const bareRate = (bytes * 1000) / bare.elapsedMs;
			const cpuMs = sampleAt(samples, moments.uploaded).cpuMs - sampleAt(samples, moments.building).cpuMs;
			const peak = sampleAt(samples, moments.uploaded).peakBytes;
			const joinMs = endedAt - moments.joining;
			const name = `${count(records)} records, ${megabytes(bytes)}`;
			const rows: readonly Row[] = [
				{
					name: `${name}: built, split and uploaded`,
					ours: `${megabytes(rate)}/s (${seconds(cpuMs)} of processor time)`,
					comparison: `lib-storage, ready bytes: ${megabytes(bareRate)}/s`,
					relation: ratio(rate / bareRate),
					bound: `>= ${megabytes(leastBytesPerSecond)}/s`,
					isMet: rate >= leastBytesPerSecond,
					figures: {bytes, rate, bareRate, wholeMs, uploadMs: moments.uploaded - moments.uploading, cpuMs},
				},
				{
					name: `${name}: most memory until submitted`,
					ours: megabytes(peak),
					comparison: `before the records: ${megabytes(sampleAt(samples, moments.building).peakBytes)}`,
					relation: '',
					bound: `<= ${megabytes(mostPeakBytes)}`,
					isMet: peak <= mostPeakBytes,
					figures: {peak, atEnd: samples.at(-1)?.peakBytes ?? null, bare: bare.maxRssBytes},
				},
				{
					name: `${count(records)} records: fetched, joined and summarised`,
					ours: seconds(joinMs),
					comparison: '',
					relation: '',
					bound: `<= ${seconds(mostJoinMs)}`,
					isMet: joinMs <= mostJoinMs,
					figures: {joinMs},
				},
			];
			return rows;
		} finally {
			server.stop();
			await rm(folder, {recursive: true, force: true});
		}
	},
};
