import type {Method} from '../domain/backend.ts';

/** Plain JSON, as it goes over the wire. */
type Json = string | number | boolean | null | readonly Json[] | {readonly [key: string]: Json};
export type JsonMembers = {readonly [key: string]: Json};

/** One request as it is sent. */
export type SentRequest = {
	readonly method: Method;
	/** What is sent as `modelId`. */
	readonly model: string;
	readonly region: string;
	/** JSON body of the HTTP request. */
	readonly body: JsonMembers;
	/** Values beside the body (headers of InvokeModel), by their names in the SDK. */
	readonly beside: Readonly<Record<string, string>>;
};

/** The call of a request with boto3, as a module to paste. */

type PythonOperation = {
	readonly operation: string;
	/** Lines that print the answer as it comes. */
	readonly reading: readonly string[];
};

const pythonOperations: Readonly<Record<Method, PythonOperation>> = {
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

const pythonLiteral = (value: Json, depth: number): string => {
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
			value.map((element: Json) => pythonLiteral(element, depth + 1)),
			']',
			depth,
		);
	}
	const parts = Object.entries(value).map(
		([key, member]) => `${text(key)}: ${pythonLiteral(member, depth + 1)}`,
	);
	return block('{', parts, '}', depth);
};

const keywords = ({method, model, body, beside}: SentRequest): readonly string[] => {
	const isConverse = method === 'converse' || method === 'converse-stream';
	const input = isConverse
		? Object.entries(body).map(([name, value]) => `${name}=${pythonLiteral(value, 1)}`)
		: [
				'contentType="application/json"',
				'accept="application/json"',
				`body=json.dumps(${pythonLiteral(body, 1)})`,
			];
	return [
		`modelId=${text(model)}`,
		...input,
		...Object.entries(beside).map(([name, value]) => `${name}=${text(value)}`),
	];
};

/** @returns The text of a Python module that sends the request and prints the answer. */
export function pythonCall(request: SentRequest): string {
	const {operation, reading} = pythonOperations[request.method];
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
}

/** The call of a request with the AWS SDK for JavaScript v3, as a module to paste. */

type TypescriptCommand = {
	readonly command: string;
	/** Lines that print the answer as it comes. */
	readonly reading: readonly string[];
};

const typescriptCommands: Readonly<Record<Method, TypescriptCommand>> = {
	converse: {
		command: 'ConverseCommand',
		reading: [
			"console.log(response.output?.message?.content?.map((block) => block.text ?? '').join(''));",
			'console.log(response.usage);',
		],
	},
	'converse-stream': {
		command: 'ConverseStreamCommand',
		reading: [
			'for await (const event of response.stream ?? []) {',
			"\tprocess.stdout.write(event.contentBlockDelta?.delta?.text ?? '');",
			'}',
		],
	},
	invoke: {
		command: 'InvokeModelCommand',
		reading: ['console.log(new TextDecoder().decode(response.body));'],
	},
	'invoke-stream': {
		command: 'InvokeModelWithResponseStreamCommand',
		reading: [
			'for await (const event of response.body ?? []) {',
			'\tconsole.log(new TextDecoder().decode(event.chunk?.bytes));',
			'}',
		],
	},
};

const indented = (text: string): string => text.replaceAll('\n', '\n\t\t');

const typescriptLiteral = (value: Json): string => indented(JSON.stringify(value, null, '\t'));

const members = ({method, model, body, beside}: SentRequest): ReadonlyArray<readonly [string, string]> => {
	const isConverse = method === 'converse' || method === 'converse-stream';
	const input: ReadonlyArray<readonly [string, string]> = isConverse
		? Object.entries(body).map(([name, value]) => [name, typescriptLiteral(value)] as const)
		: [
				['contentType', "'application/json'"],
				['accept', "'application/json'"],
				['body', `JSON.stringify(${typescriptLiteral(body)})`],
			];
	return [
		['modelId', typescriptLiteral(model)],
		...input,
		...Object.entries(beside).map(([name, value]) => [name, typescriptLiteral(value)] as const),
	];
};

/** Part of the text that is written; nothing here imports it. */
const sdkPackage = '@aws-sdk/client-bedrock-runtime';

/** @returns The text of a TypeScript module that sends the request and prints the answer. */
export function typescriptCall(request: SentRequest): string {
	const {command, reading} = typescriptCommands[request.method];
	return [
		`import {BedrockRuntimeClient, ${command}} from '${sdkPackage}';`,
		'',
		`const client = new BedrockRuntimeClient({region: ${JSON.stringify(request.region)}});`,
		'const response = await client.send(',
		`\tnew ${command}({`,
		...members(request).map(([name, value]) => `\t\t${name}: ${value},`),
		'\t}),',
		');',
		...reading,
		'',
	].join('\n');
}
