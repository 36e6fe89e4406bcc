import type {Method} from '../domain/backend.ts';
import type {Json, SentRequest} from './sent-request.ts';

/** The call of a request with the AWS SDK for JavaScript v3, as a module to paste. */

type Call = {
	readonly command: string;
	/** Lines that print the answer as it comes. */
	readonly reading: readonly string[];
};

const calls: Readonly<Record<Method, Call>> = {
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

const literal = (value: Json): string => indented(JSON.stringify(value, null, '\t'));

const members = ({method, model, body, beside}: SentRequest): ReadonlyArray<readonly [string, string]> => {
	const isConverse = method === 'converse' || method === 'converse-stream';
	const input: ReadonlyArray<readonly [string, string]> = isConverse
		? Object.entries(body).map(([name, value]) => [name, literal(value)] as const)
		: [
				['contentType', "'application/json'"],
				['accept', "'application/json'"],
				['body', `JSON.stringify(${literal(body)})`],
			];
	return [
		['modelId', literal(model)],
		...input,
		...Object.entries(beside).map(([name, value]) => [name, literal(value)] as const),
	];
};

/** Part of the text that is written; nothing here imports it. */
const sdkPackage = '@aws-sdk/client-bedrock-runtime';

/** @returns The text of a TypeScript module that sends the request and prints the answer. */
export const typescriptCall = (request: SentRequest): string => {
	const {command, reading} = calls[request.method];
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
};
