import type {Method} from '../domain/backend.ts';
import type {Json, SentRequest} from './sent-request.ts';

/** The call of a request with boto3, as a module to paste. */

type Call = {
	readonly operation: string;
	/** Lines that print the answer as it comes. */
	readonly reading: readonly string[];
};

const calls: Readonly<Record<Method, Call>> = {
	converse: {
		operation: 'converse',
		reading: [
			'for block in response["output"]["message"]["content"]:',
			'    print(block.get("text", ""))',
			'print(response["usage"])',
		],
	},
	'converse-stream': {
		operation: 'converse_stream',
		reading: [
			'for event in response["stream"]:',
			'    print(event.get("contentBlockDelta", {}).get("delta", {}).get("text", ""), end="")',
		],
	},
	invoke: {operation: 'invoke_model', reading: ['print(json.loads(response["body"].read()))']},
	'invoke-stream': {
		operation: 'invoke_model_with_response_stream',
		reading: ['for event in response["body"]:', '    print(event["chunk"]["bytes"].decode())'],
	},
};

/** A string as Python reads it: JSON's escapes mean the same there. */
const text = (value: string): string => JSON.stringify(value);

const block = (open: string, parts: readonly string[], close: string, depth: number): string => {
	const indent = '    '.repeat(depth + 1);
	return parts.length === 0
		? open + close
		: `${open}\n${parts.map((part) => `${indent}${part},\n`).join('')}${'    '.repeat(depth)}${close}`;
};

const literal = (value: Json, depth: number): string => {
	if (value === null) {
		return 'None';
	}
	if (typeof value === 'boolean') {
		return value ? 'True' : 'False';
	}
	if (typeof value === 'string') {
		return text(value);
	}
	if (typeof value === 'number') {
		return JSON.stringify(value);
	}
	if (Array.isArray(value)) {
		return block(
			'[',
			value.map((element: Json) => literal(element, depth + 1)),
			']',
			depth,
		);
	}
	const parts = Object.entries(value).map(([key, member]) => `${text(key)}: ${literal(member, depth + 1)}`);
	return block('{', parts, '}', depth);
};

const keywords = ({method, model, body, beside}: SentRequest): readonly string[] => {
	const isConverse = method === 'converse' || method === 'converse-stream';
	const input = isConverse
		? Object.entries(body).map(([name, value]) => `${name}=${literal(value, 1)}`)
		: ['contentType="application/json"', 'accept="application/json"', `body=json.dumps(${literal(body, 1)})`];
	return [
		`modelId=${text(model)}`,
		...input,
		...Object.entries(beside).map(([name, value]) => `${name}=${text(value)}`),
	];
};

/** @returns The text of a Python module that sends the request and prints the answer. */
export const pythonCall = (request: SentRequest): string => {
	const {operation, reading} = calls[request.method];
	const isInvoke = request.method === 'invoke' || request.method === 'invoke-stream';
	return [
		...(isInvoke ? ['import json', ''] : []),
		'import boto3',
		'',
		`client = boto3.client("bedrock-runtime", region_name=${text(request.region)})`,
		`response = client.${operation}(`,
		...keywords(request).map((keyword) => `    ${keyword},`),
		')',
		...reading,
		'',
	].join('\n');
};
