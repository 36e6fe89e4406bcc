import {parseArguments} from '../../../source/config/parse-arguments.ts';
import {resolveRun} from '../../../source/config/resolve-run.ts';
import {systemClock} from '../../../source/domain/clock.ts';
import type {RunConfig} from '../../../source/domain/run-config.ts';
import type {Snapshot} from '../../../source/domain/snapshot.ts';
import type {AnswerRecord} from '../../../source/engine/attempts/request-records.ts';
import {createRun} from '../../../source/engine/run.ts';
import {prepare} from '../../../source/threads/prepare.ts';
import type {Server} from './simulated.ts';

export type OurRun = {
	/** From the start of the run to its last answer. */
	readonly elapsedMs: number;
	readonly snapshot: Snapshot;
	readonly answers: readonly AnswerRecord[];
	/** Time of the processor in this thread, in milliseconds. */
	readonly cpuMs: number;
};

type Options = {
	readonly windowMs: number;
	/** Changes what no flag can say, such as lanes. */
	readonly adjust?: (config: RunConfig) => RunConfig;
};

/** Milliseconds that this thread has used a processor. */
export const threadCpuMs = (): number => {
	const {user, system} = process.threadCpuUsage();
	return (user + system) / 1000;
};

/**
 * A run of ours as `bedrock-top run` makes it, in this thread: the same flags, quotas asked from the server, the SDK's
 * client, the engine. Preparing is not timed.
 */
export const runOurs = async (server: Server, argv: readonly string[], options: Options): Promise<OurRun> => {
	const given = parseArguments(['run', ...argv, '--yes']);
	const parsed = await resolveRun(given.words[0], given.flags, async () => '');
	const config = options.adjust?.(parsed) ?? parsed;
	const connection = {...config.connection, region: 'us-east-1', simulatorUrl: server.url};
	const prepared = await prepare({...config, connection}, () => {}, new AbortController().signal);
	const answers: AnswerRecord[] = [];
	const run = createRun(
		{...prepared.spec, windowMs: options.windowMs},
		{backend: prepared.backend, clock: systemClock, onAnswer: (record) => answers.push(record)},
	);
	await server.reset();
	const startedAt = performance.now();
	const cpuBeforeMs = threadCpuMs();
	await run.start();
	const elapsedMs = performance.now() - startedAt;
	const cpuMs = threadCpuMs() - cpuBeforeMs;
	prepared.backend.close();
	return {elapsedMs, snapshot: run.snapshot(), answers, cpuMs};
};

/** Requests that were answered, over all variants. */
export const succeeded = ({variants}: Snapshot): number =>
	variants.reduce((sum, {requests}) => sum + requests.succeeded, 0);
