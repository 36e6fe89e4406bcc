import {existsSync, readdirSync, readFileSync} from 'node:fs';

/** Recorded exchanges of the real service; they lie beside the checkout and are no part of it. */
export const recordingsFolder = new URL('../../../shared/recordings/', import.meta.url);

export const hasRecordings = existsSync(recordingsFolder);

/** For titles: says why a block is skipped. */
export const whySkipped = hasRecordings ? '' : ' (skipped: ../shared/recordings is absent)';

export type Recording = {
	readonly file: string;
	readonly operation:
		| 'Converse'
		| 'ConverseStream'
		| 'CountTokens'
		| 'InvokeModel'
		| 'InvokeModelWithResponseStream';
	readonly family: string;
	readonly modelId: string;
	readonly response: {
		readonly status: number;
		readonly headers: Readonly<Record<string, string>>;
		readonly headersComplete: boolean;
		readonly body: Buffer;
	};
	readonly observed: {
		readonly inputTokens?: number;
		readonly outputTokens?: number;
		readonly tokensFrom?: 'body' | 'header' | 'stream metadata' | 'invocationMetrics';
		readonly latencyMs?: number;
		readonly errorType?: string;
		readonly errorMessage?: string;
		readonly midStreamException?: string;
	};
};

const operations = [
	'Converse',
	'ConverseStream',
	'CountTokens',
	'InvokeModel',
	'InvokeModelWithResponseStream',
] as const;

const readRecording = (folder: string, name: string): Recording => {
	const raw = JSON.parse(readFileSync(new URL(`${folder}/${name}`, recordingsFolder), 'utf8'));
	return {
		...raw,
		file: `${folder}/${name}`,
		response: {...raw.response, body: Buffer.from(raw.response.bodyBase64, 'base64')},
	};
};

/** Every recorded exchange, in a stable order; empty where there are none. */
export const allRecordings = (): readonly Recording[] =>
	hasRecordings
		? operations.flatMap((operation) =>
				readdirSync(new URL(`${operation}/`, recordingsFolder))
					.filter((name) => name.endsWith('.json'))
					.sort()
					.map((name) => readRecording(operation, name)),
			)
		: [];
