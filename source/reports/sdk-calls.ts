import type {Method} from '../domain/backend.ts';

/** The call of a request as a module to paste: boto3, and the AWS SDK for JavaScript v3. */

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

/**
 * Arguments of the call by name, in the syntax of a language.
 * @param encode Encodes a literal as JSON, for the body of InvokeModel.
 */
function argumentsOf(
	{method, model, body, beside}: SentRequest,
	literal: (value: Json) => string,
	encode: (literal: string) => string,
): ReadonlyArray<readonly [name: string, text: string]> {
	const members: JsonMembers = {
		modelId: model,
		...(isInvoke(method) ? {contentType: 'application/json', accept: 'application/json', body} : body),
		...beside,
	};
	return Object.entries(members).map(([name, value]) => [
		name,
		name === 'body' && isInvoke(method) ? encode(literal(value)) : literal(value),
	]);
}

function isInvoke(method: Method): boolean {
	return method === 'invoke' || method === 'invoke-stream';
}

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

/** @returns The text of a Python module that sends the request and prints the answer. */
export function pythonCall(request: SentRequest): string {
	const {operation, reading} = pythonOperations[request.method];
	return [
		...(isInvoke(request.method) ? ['import json', ''] : []),
		'import boto3',
		'',
		`client = boto3.client("bedrock-runtime", region_name=${text(request.region)})`,
		`response = client.${operation}(`,
		...argumentsOf(
			request,
			(value) => pythonLiteral(value, 1),
			(literal) => `json.dumps(${literal})`,
		).map(([name, value]) => `    ${name}=${value},`),
		')',
		...reading,
		'',
	].join('\n');
}

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
		...argumentsOf(request, typescriptLiteral, (literal) => `JSON.stringify(${literal})`).map(
			([name, value]) => `\t\t${name}: ${value},`,
		),
		'\t}),',
		');',
		...reading,
		'',
	].join('\n');
}
