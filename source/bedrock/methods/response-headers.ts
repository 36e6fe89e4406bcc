import type {BedrockRuntimeClient} from '@aws-sdk/client-bedrock-runtime';
import {at, isObject, wordOf} from '../json.ts';
import type {ReportedCounts} from '../usage.ts';

/** Response headers with names in lower case: the service spells them in several ways. */
export type ResponseHeaders = Readonly<Record<string, string>>;

type MiddlewareStack = Pick<BedrockRuntimeClient['middlewareStack'], 'add'>;

/** A copy with names in lower case, without values that are not strings. */
export function headersOf(response: unknown): ResponseHeaders {
	const headers = isObject(response) ? response.headers : undefined;
	const result: Record<string, string> = {};
	if (isObject(headers)) {
		for (const [name, value] of Object.entries(headers)) {
			if (typeof value === 'string') {
				result[name.toLowerCase()] = value;
			}
		}
	}
	return result;
}

/** The type of a response's body; Node writes names in lower case, other handlers may not. */
export function contentTypeOf(response: unknown): string | undefined {
	return wordOf(at(response, 'headers', 'content-type')) ?? headersOf(response)['content-type'];
}

/** The SDK removes headers from its outputs; this keeps the responses. */
const responses = new WeakMap<object, unknown>();

/** Makes a client remember the response of each output. */
export function keepResponses(client: {readonly middlewareStack: unknown}): void {
	(client.middlewareStack as MiddlewareStack).add(
		(next) => (args) =>
			next(args).then((result) => {
				if (result.output !== undefined) {
					responses.set(result.output, result.response);
				}
				return result;
			}),
		{step: 'deserialize', priority: 'high', name: 'keepResponses', override: true},
	);
}

/** The headers that an output came with; none where no client of this program read it. */
export function headersFor(output: object): ResponseHeaders {
	return headersOf(responses.get(output));
}

/** Token counts of InvokeModel's headers; both leave cached tokens out of the input. */
export function countsInHeaders(headers: ResponseHeaders): ReportedCounts {
	return {
		input: headerCount(headers['x-amzn-bedrock-input-token-count']),
		output: headerCount(headers['x-amzn-bedrock-output-token-count']),
		cacheRead: headerCount(headers['x-amzn-bedrock-cache-read-input-token-count']),
		cacheWrite: headerCount(headers['x-amzn-bedrock-cache-write-input-token-count']),
	};
}

/** A count in a header: digits and nothing else. */
const headerCount = (value: string | undefined): number | undefined => {
	const count = value !== undefined && /^\d{1,15}$/.test(value.trim()) ? Number(value) : undefined;
	return count !== undefined && Number.isSafeInteger(count) ? count : undefined;
};

/** Latency in milliseconds as the service measured it. */
export function latencyInHeaders(headers: ResponseHeaders): number | undefined {
	return headerCount(headers['x-amzn-bedrock-invocation-latency']);
}

/** Whether a simulator answered: this header says so. */
export function isSimulated(headers: ResponseHeaders): boolean {
	return headers['x-bedrock-top-simulated'] !== undefined;
}

/** Which simulator answered; undefined of AWS. */
export function simulatorOf(headers: ResponseHeaders): string | undefined {
	return headers['x-bedrock-top-instance'];
}
