import {validationError} from '../wire/exchange.ts';
import type {Delta, ToolUse} from './family.ts';
import {
	isJson,
	type Json,
	type Prompt,
	type RequestedTools,
	type Segment,
	type Tool,
	type ToolChoice,
	textSegment,
} from './prompt.ts';
import {anything, type Shape, text} from './shape.ts';

/**
 * Attachments of a prompt, whose cost follows from their size. Width and height of an image are read from the
 * beginning of its file.
 */

type ImageSize = {readonly width: number; readonly height: number};

const png = (bytes: Buffer): ImageSize | undefined =>
	bytes.length >= 24 && bytes.readUInt32BE(0) === 0x89504e47
		? {width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20)}
		: undefined;

const gif = (bytes: Buffer): ImageSize | undefined =>
	bytes.length >= 10 && bytes.toString('latin1', 0, 3) === 'GIF'
		? {width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8)}
		: undefined;

/** The frame headers of a JPEG; C4, C8 and CC are other segments. */
const isFrame = (marker: number): boolean =>
	marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

const jpeg = (bytes: Buffer): ImageSize | undefined => {
	if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) {
		return undefined;
	}
	let at = 2;
	while (at + 9 <= bytes.length && bytes[at] === 0xff) {
		if (isFrame(bytes[at + 1] ?? 0)) {
			return {width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5)};
		}
		at += 2 + bytes.readUInt16BE(at + 2);
	}
	return undefined;
};

const webp = (bytes: Buffer): ImageSize | undefined => {
	if (bytes.length < 30 || bytes.toString('latin1', 8, 12) !== 'WEBP') {
		return undefined;
	}
	switch (bytes.toString('latin1', 12, 16)) {
		case 'VP8X':
			return {width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1};
		case 'VP8 ':
			return {width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff};
		case 'VP8L': {
			const packed = bytes.readUInt32LE(21);
			return {width: (packed & 0x3fff) + 1, height: ((packed >> 14) & 0x3fff) + 1};
		}
		default:
			return undefined;
	}
};

/** @returns undefined for anything but PNG, GIF, JPEG and WebP. */
function imageSize(bytes: Buffer): ImageSize | undefined {
	return png(bytes) ?? gif(bytes) ?? jpeg(bytes) ?? webp(bytes);
}

/** Claude's documented figure: width x height / 750, no image above 1,600. */
const pixelsPerToken = 750;
const maxImageTokens = 1600;
/** For files that cannot be read: assumptions of the simulator, so that a larger file costs more. */
const bytesPerImageToken = 100;
const bytesPerDocumentToken = 40;
const bytesPerVideoToken = 2000;
/** For a file in S3, which is not read. */
const tokensOfUnknownSize = 1000;

const textFormats = new Set(['txt', 'md', 'csv', 'html', 'text/plain', 'text', 'json', 'xml']);

type Attachment = {
	readonly kind: 'image' | 'document' | 'video';
	readonly format: string;
	/** Base64; undefined where the data is elsewhere. */
	readonly data: string | undefined;
	readonly text: string | undefined;
};

/** A segment for anything but text. */
export function attachmentSegment(block: Json): Segment {
	const {kind, format, data, text} = attachmentOf(block);
	if (text !== undefined) {
		return textSegment(text);
	}
	if (data === undefined) {
		return {text: JSON.stringify(block), tokens: tokensOfUnknownSize, isCachePoint: false};
	}
	const bytes = Buffer.from(data, 'base64');
	return kind === 'document' && textFormats.has(format)
		? textSegment(bytes.toString('utf8'))
		: {text: data, tokens: bytesTokens(bytes, kind), isCachePoint: false};
}

/** Reads the attachment of a block of Converse, of the Messages API or of OpenAI. */
const attachmentOf = (block: Json): Attachment => {
	const kind = (['image', 'document', 'video'] as const).find((name) => isJson(block[name])) ?? 'image';
	const body = isJson(block[kind]) ? block[kind] : block;
	const source = isJson(body.source) ? body.source : {};
	const url = isJson(block.image_url) ? stringOf(block.image_url.url) : stringOf(block.image_url);
	const isPlain = source.type === 'text';
	return {
		kind: block.type === 'document' ? 'document' : kind,
		format: stringOf(body.format) ?? stringOf(source.media_type) ?? '',
		data: isPlain ? undefined : (stringOf(source.bytes) ?? stringOf(source.data) ?? dataOfUrl(url)),
		text: isPlain ? stringOf(source.data) : (stringOf(source.text) ?? textOfParts(source.content)),
	};
};

const stringOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Data of a `data:` URL. */
const dataOfUrl = (url: string | undefined): string | undefined => url?.split(';base64,')[1];

/** The text of a document that comes in parts. */
const textOfParts = (parts: unknown): string | undefined =>
	typeof parts === 'string'
		? parts
		: Array.isArray(parts)
			? parts.map((part) => (isJson(part) ? (stringOf(part.text) ?? '') : '')).join('\n')
			: undefined;

const bytesTokens = (bytes: Buffer, kind: Attachment['kind']): number => {
	switch (kind) {
		case 'image':
			return imageTokens(bytes);
		case 'document':
			return Math.max(1, Math.ceil(bytes.length / bytesPerDocumentToken));
		case 'video':
			return Math.max(1, Math.ceil(bytes.length / bytesPerVideoToken));
	}
};

const imageTokens = (bytes: Buffer): number => {
	const size = imageSize(bytes);
	const tokens =
		size === undefined ? bytes.length / bytesPerImageToken : (size.width * size.height) / pixelsPerToken;
	return Math.max(1, Math.min(maxImageTokens, Math.ceil(tokens)));
};

/**
 * How text, system and question are read from a prompt: from the chat templates that callers write into one text, or
 * from chat messages.
 */

/** What the model reads, and what it is asked. */
type PromptText = Pick<Prompt, 'segments' | 'system' | 'question'>;

/** A prompt that is one plain text. */
export function plainPrompt(question: string): PromptText {
	return {segments: [textSegment(question)], system: '', question};
}

/** A prompt that is one text, perhaps in the chat template of its model. */
export function templatePrompt(text: string): PromptText {
	return {segments: [textSegment(text)], ...templateParts(text)};
}

/** System and last user text of a templated prompt; without a known template the whole prompt is the question. */
function templateParts(prompt: string): Pick<Prompt, 'system' | 'question'> {
	const headers = [
		...prompt.matchAll(
			/<\|(?:start_header_id|header_start)\|>(\w+)<\|(?:end_header_id|header_end)\|>\s*([\s\S]*?)(?=<\|(?:eot_id|eot|start_header_id|header_start)\|>|$)/g,
		),
	];
	if (headers.length > 0) {
		const said = (role: string) => headers.findLast((header) => header[1] === role)?.[2]?.trim() ?? '';
		return {system: said('system'), question: said('user')};
	}
	const instruction = [...prompt.matchAll(/\[INST\]([\s\S]*?)(?:\[\/INST\]|$)/g)].at(-1)?.[1];
	if (instruction !== undefined) {
		const system = /<<SYS>>([\s\S]*?)<<\/SYS>>/.exec(instruction);
		return {
			system: system?.[1]?.trim() ?? '',
			question: instruction.slice((system?.index ?? 0) + (system?.[0].length ?? 0)).trim(),
		};
	}
	const deepSeek = /<｜begin▁of▁sentence｜>([\s\S]*?)<｜User｜>([\s\S]*?)(?:<｜Assistant｜>|$)/.exec(prompt);
	return deepSeek === null
		? {system: '', question: prompt}
		: {system: deepSeek[1]?.trim() ?? '', question: deepSeek[2]?.trim() ?? ''};
}

/** Segments, system text and last question of a list of messages. */
export function chatParts(messages: unknown): PromptText {
	const list: readonly unknown[] = Array.isArray(messages) ? messages : [];
	return {
		segments: list.flatMap(messageSegments),
		system: list
			.filter((message) => isFrom(message, ['system', 'developer']))
			.map(messageText)
			.join('\n'),
		question: messageText(list.findLast((message) => isFrom(message, ['user']))),
	};
}

const messageSegments = (message: unknown): readonly Segment[] => {
	const parts = isJson(message) && Array.isArray(message.content) ? message.content : [];
	const attachments = parts.filter(isJson).filter(({type}) => type !== 'text');
	return [textSegment(messageText(message)), ...attachments.map(attachmentSegment)];
};

const messageText = (message: unknown): string => {
	if (!isJson(message)) {
		return '';
	}
	const {content} = message;
	return typeof content === 'string'
		? content
		: Array.isArray(content)
			? content
					.map(partText)
					.filter((part) => part !== '')
					.join('\n')
			: '';
};

const partText = (part: unknown): string => (isJson(part) && typeof part.text === 'string' ? part.text : '');

const isFrom = (message: unknown, roles: readonly string[]): boolean =>
	isJson(message) && roles.includes(String(message.role));

/** Shape of a list of messages with these roles. */
export function chatMessages(roles: readonly string[]): Shape {
	return {
		type: 'array',
		items: {
			type: 'object',
			required: ['role'],
			keys: {
				role: {type: 'string', values: roles},
				content: anything,
				name: text,
				tool_calls: anything,
				tool_call_id: anything,
			},
		},
	};
}

/** Tools of a request, as each family writes them. */

/** Tools of Converse, and of Nova's own bodies. */
export function converseTools({toolConfig, messages}: Json): RequestedTools | undefined {
	if (!isJson(toolConfig)) {
		return undefined;
	}
	const tools = listOf(toolConfig.tools).flatMap(({toolSpec}) =>
		isJson(toolSpec)
			? [
					toolOf(
						toolSpec.name,
						toolSpec.description,
						isJson(toolSpec.inputSchema) ? toolSpec.inputSchema.json : {},
					),
				]
			: [],
	);
	const given = isJson(toolConfig.toolChoice) ? toolConfig.toolChoice : {};
	const choice: ToolChoice = isJson(given.tool)
		? {kind: 'tool', name: textOf(given.tool.name)}
		: {kind: given.any === undefined ? 'auto' : 'any'};
	const hasResults = listOf(lastMessage(messages).content).some(({toolResult}) => toolResult !== undefined);
	return toolChoiceOf(tools, choice, hasResults);
}

const listOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isJson) : []);

const toolOf = (name: unknown, description: unknown, schema: unknown): Tool => ({
	name: textOf(name),
	description: textOf(description),
	schema: isJson(schema) ? schema : {},
});

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const lastMessage = (messages: unknown): Json => listOf(messages).at(-1) ?? {};

const toolChoiceOf = (
	tools: readonly Tool[],
	choice: ToolChoice,
	hasResults: boolean,
): RequestedTools | undefined => {
	if (tools.length === 0) {
		return undefined;
	}
	if (choice.kind === 'tool' && !tools.some(({name}) => name === choice.name)) {
		throw validationError(
			`The model returned the following errors: Tool '${choice.name}' not found in provided tools`,
		);
	}
	return {tools, choice, hasResults};
};

/** Tools of the Messages API; those that the vendor runs itself have no schema and are left out. */
export function anthropicTools({tools, tool_choice: given, messages}: Json): RequestedTools | undefined {
	const own = listOf(tools)
		.filter((tool) => isJson(tool.input_schema))
		.map((tool) => toolOf(tool.name, tool.description, tool.input_schema));
	const kind = isJson(given) ? textOf(given.type) : 'auto';
	const choice: ToolChoice =
		kind === 'tool' && isJson(given)
			? {kind, name: textOf(given.name)}
			: {kind: kind === 'any' || kind === 'none' ? kind : 'auto'};
	const hasResults = listOf(lastMessage(messages).content).some(({type}) => type === 'tool_result');
	return toolChoiceOf(own, choice, hasResults);
}

/** Tools as OpenAI writes them, and those who copied it; Mistral says `any` for `required`. */
export function functionTools({tools, tool_choice: given, messages}: Json): RequestedTools | undefined {
	const own = listOf(tools).flatMap(({function: called}) =>
		isJson(called) ? [toolOf(called.name, called.description, called.parameters)] : [],
	);
	const choice: ToolChoice =
		isJson(given) && isJson(given.function)
			? {kind: 'tool', name: textOf(given.function.name)}
			: {kind: given === 'required' || given === 'any' ? 'any' : given === 'none' ? 'none' : 'auto'};
	return toolChoiceOf(own, choice, lastMessage(messages).role === 'tool');
}

/** The call of a tool as a member of a chat message. */
export function toolCallOf({key, name, input}: ToolUse): Json {
	return {
		id: `call_${key}`,
		type: 'function',
		function: {name, arguments: JSON.stringify(input)},
	};
}

/** A piece of the call in a stream; only the first names the tool. */
export function toolCallDelta(toolUse: ToolUse | undefined, {text, opensBlock}: Delta): Json {
	return {
		tool_calls: [
			{
				index: 0,
				...(opensBlock && toolUse !== undefined ? {id: `call_${toolUse.key}`, type: 'function'} : {}),
				function: {
					...(opensBlock && toolUse !== undefined ? {name: toolUse.name} : {}),
					arguments: text,
				},
			},
		],
	};
}
