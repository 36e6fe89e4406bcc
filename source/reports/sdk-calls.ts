import {isMantleMethod, type MantleMethod, type Method, type RuntimeMethod} from '../domain/backend.ts';

/**
 * The call of a request as text to paste: a module for boto3 or the AWS SDK for JavaScript v3, for bedrock-mantle one for the
 * clients of Anthropic and OpenAI, which take a Bedrock API key; or a shell script with curl.
 */

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
	/** Of bedrock-mantle: the path before that of the API, such as `/openai/v1`. */
	readonly surface?: string;
};

/** What a vendor's client is called, and how its answer is printed. */
type VendorCall = {
	readonly vendor: 'Anthropic' | 'OpenAI';
	readonly operation: string;
	readonly python: readonly string[];
	readonly typescript: readonly string[];
};

const vendorCalls: Readonly<Record<MantleMethod, VendorCall>> = {
	messages: {
		vendor: 'Anthropic',
		operation: 'messages.create',
		python: ['print(response.content)', 'print(response.usage)'],
		typescript: ['console.log(response.content);', 'console.log(response.usage);'],
	},
	'messages-stream': {
		vendor: 'Anthropic',
		operation: 'messages.create',
		python: ['for event in response:', '    print(event)'],
		typescript: ['for await (const event of response) {', '\tconsole.log(event);', '}'],
	},
	'chat-completions': {
		vendor: 'OpenAI',
		operation: 'chat.completions.create',
		python: ['print(response.choices[0].message.content)', 'print(response.usage)'],
		typescript: ['console.log(response.choices[0]?.message.content);', 'console.log(response.usage);'],
	},
	'chat-completions-stream': {
		vendor: 'OpenAI',
		operation: 'chat.completions.create',
		python: ['for chunk in response:', '    print(chunk)'],
		typescript: ['for await (const chunk of response) {', '\tconsole.log(chunk);', '}'],
	},
	responses: {
		vendor: 'OpenAI',
		operation: 'responses.create',
		python: ['print(response.output_text)', 'print(response.usage)'],
		typescript: ['console.log(response.output_text);', 'console.log(response.usage);'],
	},
	'responses-stream': {
		vendor: 'OpenAI',
		operation: 'responses.create',
		python: ['for event in response:', '    print(event)'],
		typescript: ['for await (const event of response) {', '\tconsole.log(event);', '}'],
	},
};

/** The vendors' clients add the end of the path by themselves: Anthropic's its version too. */
const vendorBase = ({region, surface = ''}: SentRequest): string =>
	`https://bedrock-mantle.${region}.api.aws${surface.replace(/^\/anthropic\/v1$/, '/anthropic')}`;

/** A Bedrock API key; without one the vendors' clients can't sign. */
const keyVariable = 'AWS_BEARER_TOKEN_BEDROCK';

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

const pythonOperations: Readonly<Record<RuntimeMethod, PythonOperation>> = {
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
	const {method} = request;
	if (isMantleMethod(method)) {
		return vendorPythonCall(request, vendorCalls[method]);
	}
	const {operation, reading} = pythonOperations[method];
	return [
		...(isInvoke(method) ? ['import json', ''] : []),
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

const vendorPythonCall = (request: SentRequest, {vendor, operation, python}: VendorCall): string =>
	[
		'import os',
		`from ${vendor.toLowerCase()} import ${vendor}`,
		'',
		`client = ${vendor}(`,
		`    base_url=${text(vendorBase(request))},`,
		`    ${vendor === 'Anthropic' ? 'auth_token' : 'api_key'}=os.environ["${keyVariable}"],`,
		')',
		`response = client.${operation}(`,
		...Object.entries(request.body).map(([name, value]) => `    ${name}=${pythonLiteral(value, 1)},`),
		')',
		...python,
		'',
	].join('\n');

type TypescriptCommand = {
	readonly command: string;
	/** Lines that print the answer as it comes. */
	readonly reading: readonly string[];
};

const typescriptCommands: Readonly<Record<RuntimeMethod, TypescriptCommand>> = {
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
	const {method} = request;
	if (isMantleMethod(method)) {
		return vendorTypescriptCall(request, vendorCalls[method]);
	}
	const {command, reading} = typescriptCommands[method];
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

const vendorPackages = {Anthropic: '@anthropic-ai/sdk', OpenAI: 'openai'} as const;

const vendorTypescriptCall = (request: SentRequest, {vendor, operation, typescript}: VendorCall): string =>
	[
		`import ${vendor} from '${vendorPackages[vendor]}';`,
		'',
		`const client = new ${vendor}({`,
		`\tbaseURL: ${JSON.stringify(vendorBase(request))},`,
		`\t${vendor === 'Anthropic' ? 'authToken' : 'apiKey'}: process.env.${keyVariable},`,
		'});',
		`const response = await client.${operation}({`,
		...Object.entries(request.body).map(
			([name, value]) => `\t${name}: ${JSON.stringify(value, null, '\t').replaceAll('\n', '\n\t')},`,
		),
		'});',
		...typescript,
		'',
	].join('\n');

/** Path of the call on the runtime endpoint. Its streams are binary frames, of no use in a shell: the answer comes as a whole. */
const runtimePaths: Readonly<Record<RuntimeMethod, string>> = {
	converse: 'converse',
	'converse-stream': 'converse',
	invoke: 'invoke',
	'invoke-stream': 'invoke',
};

/** Headers of what stands beside the body, by its name in the SDK. */
const besideHeaders: Readonly<Record<string, string>> = {
	serviceTier: 'X-Amzn-Bedrock-Service-Tier',
	performanceConfigLatency: 'X-Amzn-Bedrock-PerformanceConfig-Latency',
};

const vendorPaths: Readonly<Record<string, string>> = {
	'messages.create': '/messages',
	'chat.completions.create': '/chat/completions',
	'responses.create': '/responses',
};

/** A word in single quotes of a POSIX shell. */
const shellWord = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** curl encodes a colon when it signs, as the service does when it checks. */
const pathSegment = (text: string): string => encodeURIComponent(text).replaceAll('%3A', ':');

/** No line of JSON is this one. */
const endOfBody = 'END_OF_BODY';

/**
 * @returns The text of a shell script that sends the request with curl and prints the answer. It takes a Bedrock API key or
 * has curl sign with an access key; the endpoint can be replaced as for the SDKs.
 */
export function curlCall(request: SentRequest): string {
	const {method, region, body, beside, surface = ''} = request;
	const isMantle = isMantleMethod(method);
	const service = isMantle ? 'bedrock-mantle' : 'bedrock-runtime';
	const variable = `AWS_ENDPOINT_URL_${service.replace('-', '_').toUpperCase()}`;
	const host = `${service}.${region}.${isMantle ? 'api.aws' : 'amazonaws.com'}`;
	const base = `"\${${variable}:-\${AWS_ENDPOINT_URL:-https://${host}}}"`;
	const path = isMantle
		? `${surface}${vendorPaths[vendorCalls[method].operation]}`
		: `/model/${pathSegment(request.model)}/${runtimePaths[method]}`;
	const headers = [
		'Content-Type: application/json',
		...(isMantle && vendorCalls[method].vendor === 'Anthropic' ? ['anthropic-version: 2023-06-01'] : []),
		...Object.entries(beside).map(([name, value]) => `${besideHeaders[name] ?? name}: ${value}`),
	];
	return [
		'#!/bin/sh',
		`# With ${keyVariable}, else with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, by which curl 8.9 or newer signs.`,
		`if [ -n "$${keyVariable}" ]; then`,
		`  set -- -H "Authorization: Bearer $${keyVariable}"`,
		'else',
		`  set -- --aws-sigv4 ${shellWord(`aws:amz:${region}:${isMantle ? 'bedrock-mantle' : 'bedrock'}`)} --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"`,
		'  [ -z "$AWS_SESSION_TOKEN" ] || set -- "$@" -H "X-Amz-Security-Token: $AWS_SESSION_TOKEN"',
		'fi',
		`curl -sS "$@" ${headers.map((header) => `-H ${shellWord(header)}`).join(' ')} \\`,
		`  ${base}${shellWord(path)} --data-binary @- <<'${endOfBody}'`,
		JSON.stringify(body, null, 2),
		endOfBody,
		'',
	].join('\n');
}
