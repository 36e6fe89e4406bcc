import {BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand} from '@aws-sdk/client-bedrock-runtime';
import {createNetwork, silentLogger} from '../../../source/bedrock/clients/network.ts';
import {threadCpuMs} from './our-run.ts';
import type {Workload} from './workload.ts';

/** How programs usually call Bedrock: a loop over the SDK's client, which retries by itself. */
export type SdkLoop = {
	readonly name: string;
	readonly retryMode: 'standard' | 'adaptive';
	/** Attempts a request. */
	readonly maxAttempts: number;
	readonly inFlight: number;
	/** Pause after each request. */
	readonly pauseMs: number;
};

/** The SDK's default. */
export const standardLoop: SdkLoop = {
	name: 'SDK standard',
	retryMode: 'standard',
	maxAttempts: 3,
	inFlight: 10,
	pauseMs: 0,
};

/** With as many attempts as tools that rely on it allow, because with three it loses requests too. */
export const adaptiveLoop: SdkLoop = {
	...standardLoop,
	name: 'SDK adaptive',
	retryMode: 'adaptive',
	maxAttempts: 10,
};

/** One at a time with a pause of 0.2 s. */
export const serialLoop: SdkLoop = {...standardLoop, name: 'serial', inFlight: 1, pauseMs: 200};

/** One attempt each: what is left of it is the client itself. */
export const bareLoop: SdkLoop = {...standardLoop, name: 'bare SDK', maxAttempts: 1};

export type LoopResult = {
	readonly ok: number;
	readonly lost: number;
	readonly elapsedMs: number;
	readonly cpuMs: number;
	/** Send to last byte of every answered request, in the order of their ends. */
	readonly latenciesMs: readonly number[];
};

export type LoopLimits = {
	/** Ends the loop, whatever is left to do. */
	readonly deadlineMs: number;
};

const pause = async (milliseconds: number): Promise<void> =>
	new Promise((resolve) => {
		setTimeout(resolve, milliseconds);
	});

/** The client as our program sets it up, but for its retries. */
export const createSdkClient = (
	url: string,
	{retryMode, maxAttempts, inFlight}: Pick<SdkLoop, 'retryMode' | 'maxAttempts' | 'inFlight'>,
): BedrockRuntimeClient =>
	new BedrockRuntimeClient({
		endpoint: url,
		region: 'us-east-1',
		credentials: {accessKeyId: 'simulated', secretAccessKey: 'simulated'},
		authSchemePreference: ['sigv4'],
		logger: silentLogger,
		requestHandler: createNetwork({maxSockets: inFlight + 2, isLocal: true, environment: {}}).handler,
		retryMode,
		maxAttempts,
	});

type Prompt = Omit<Workload, 'requests'>;

const inputOf = ({model, task, maxTokens}: Prompt) => ({
	modelId: model,
	messages: [{role: 'user' as const, content: [{text: task}]}],
	inferenceConfig: {maxTokens},
});

/** Sends one request and reads its stream to the end. */
export const converseStream = async (
	client: BedrockRuntimeClient,
	prompt: Prompt,
	signal?: AbortSignal,
): Promise<void> => {
	const command = new ConverseStreamCommand(inputOf(prompt));
	const {stream} = await client.send(command, signal === undefined ? {} : {abortSignal: signal});
	for await (const event of stream ?? []) {
		void event;
	}
};

/** Sends one request and reads its whole answer. */
export const converse = async (client: BedrockRuntimeClient, prompt: Prompt): Promise<void> => {
	await client.send(new ConverseCommand(inputOf(prompt)));
};

/** Runs a loop until all requests are done or given up, or the deadline is there. */
export const runSdkLoop = async (
	url: string,
	loop: SdkLoop,
	workload: Workload,
	{deadlineMs}: LoopLimits,
): Promise<LoopResult> => {
	const client = createSdkClient(url, loop);
	const signal = AbortSignal.timeout(deadlineMs);
	const latenciesMs: number[] = [];
	const cpuBeforeMs = threadCpuMs();
	const startedAt = performance.now();
	let left = workload.requests;
	let lost = 0;
	const work = async (): Promise<void> => {
		while (left > 0 && !signal.aborted) {
			left--;
			const sentAt = performance.now();
			try {
				await converseStream(client, workload, signal);
				latenciesMs.push(performance.now() - sentAt);
			} catch {
				lost += signal.aborted ? 0 : 1;
			}
			if (loop.pauseMs > 0) {
				await pause(loop.pauseMs);
			}
		}
	};
	await Promise.all(Array.from({length: loop.inFlight}, work));
	const elapsedMs = performance.now() - startedAt;
	const cpuMs = threadCpuMs() - cpuBeforeMs;
	client.destroy();
	return {ok: latenciesMs.length, lost, elapsedMs, cpuMs, latenciesMs};
};
