import {createClients} from '../bedrock/clients/clients.ts';
import {emptyModelIndex, identify} from '../bedrock/identify/identify.ts';
import {createObjectStore, parseS3Uri, type S3Location, s3Uri} from '../bedrock/jobs/object-store.ts';
import {optimizePrompt} from '../bedrock/optimize-prompt.ts';
import {readText} from '../config/input/text-file.ts';
import type {Connection} from '../domain/run-config.ts';
import {UserError} from '../domain/user-error.ts';

/**
 * Templates from the results of an Advanced Prompt Optimization job: JSON lines, or JSON, with prompts before and after.
 * AWS documents what they say and not their keys, so they are found by what their names mean: what is optimized, not what
 * it was made from.
 */

/** A template that a job wrote. */
type ImportedTemplate = {
	readonly template: string;
	/** Undefined: it has none of its own. */
	readonly system: string | undefined;
	/** Model that it was written for, as the job names it; undefined: it does not say. */
	readonly model: string | undefined;
	/** File and line. */
	readonly where: string;
};

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** Names of what a job made, and of what it began with or said of it. */
const madeName = /optimi[sz]ed|after|improved|rewritten|revised|candidate/i;
const givenName =
	/original|before|baseline|initial|input|seed|source|sample|score|evaluation|reason|analysis|cost|latency|tokens/i;
const promptName = /prompt|template|instruction|text|messages?|content/i;
const modelName = /^(?:target)?_?model(?:_?id(?:entifier)?)?$/i;

/** The text of a prompt, in whichever form it is written. */
const textOf = (value: unknown): string | undefined => {
	if (typeof value === 'string') {
		return value.trim() === '' ? undefined : value;
	}
	if (Array.isArray(value)) {
		const parts = value.flatMap((part) => textOf(part) ?? []);
		return parts.length === 0 ? undefined : parts.join('\n\n');
	}
	if (!isObject(value) || value.role === 'system' || value.role === 'assistant') {
		return undefined;
	}
	const found = Object.entries(value).find(
		([name, inner]) => promptName.test(name) && !/system/i.test(name) && textOf(inner) !== undefined,
	);
	return found === undefined ? undefined : textOf(found[1]);
};

/** The system prompt beside a prompt, by its name or by its role. */
const systemOf = (value: unknown): string | undefined => {
	if (Array.isArray(value)) {
		return value.map(systemOf).find((text) => text !== undefined);
	}
	if (!isObject(value)) {
		return undefined;
	}
	if (value.role === 'system') {
		return textOf({...value, role: undefined});
	}
	return Object.entries(value)
		.map(([name, inner]) =>
			/system/i.test(name) ? textOf(inner) : promptName.test(name) ? systemOf(inner) : undefined,
		)
		.find((text) => text !== undefined);
};

const modelOf = (value: Json, around: string | undefined): string | undefined => {
	const found = Object.entries(value).find(
		([name, inner]) => modelName.test(name) && typeof inner === 'string',
	);
	return found === undefined ? around : String(found[1]);
};

/** What is nested further is not read. */
const maxDepth = 12;

/** The templates below a value, each with the model that is named nearest to it. */
const templatesIn = (
	value: unknown,
	model: string | undefined,
	where: string,
	depth = 0,
): readonly ImportedTemplate[] => {
	if (depth > maxDepth) {
		return [];
	}
	if (Array.isArray(value)) {
		return value.flatMap((part) => templatesIn(part, model, where, depth + 1));
	}
	if (!isObject(value)) {
		return [];
	}
	const own = modelOf(value, model);
	return Object.entries(value).flatMap(([name, inner]) => {
		const isMade = madeName.test(name);
		const template = isMade ? textOf(inner) : undefined;
		if (template !== undefined) {
			return [{template, system: systemOf(inner), model: isObject(inner) ? modelOf(inner, own) : own, where}];
		}
		return !isMade && givenName.test(name) ? [] : templatesIn(inner, own, where, depth + 1);
	});
};

const parsed = (text: string): unknown => {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
};

const expectation =
	'It reads the results of an Advanced Prompt Optimization job: JSON lines with the prompts before and after, as in {"modelId": "...", "originalPrompt": "...", "optimizedPrompt": "..."}.';

/** A whole document, or one in each line, with where it is. */
const documentsIn = (text: string, name: string): ReadonlyArray<readonly [value: unknown, where: string]> => {
	const whole = parsed(text);
	if (whole !== undefined) {
		return [[whole, name]];
	}
	return text.split(/\r?\n/).flatMap((line, index) => {
		if (line.trim() === '') {
			return [];
		}
		const value = parsed(line);
		if (value === undefined) {
			throw new UserError(`--import ${name}:${index + 1}: it is not JSON.`, {exitCode: 2, hint: expectation});
		}
		return [[value, `${name}:${index + 1}`] as const];
	});
};

/**
 * The templates that a job wrote, each once.
 * @param name Of the file, for messages.
 * @throws UserError (exit 2) where a line is not JSON; the result is empty where no template is found.
 */
export function importedTemplates(text: string, name: string): readonly ImportedTemplate[] {
	const seen = new Set<string>();
	return documentsIn(text.replace(/^\uFEFF/, ''), name)
		.flatMap(([value, where]) => templatesIn(value, undefined, where))
		.filter(({template, system, model}) => {
			const key = JSON.stringify([template, system, model]);
			const isNew = !seen.has(key);
			seen.add(key);
			return isNew;
		});
}

/** Results of ten templates for five models with their samples are far smaller. */
const bound = {bytes: 20_000_000, hint: 'Name one file of the results of the job.'};

const resultFile = /\.(?:jsonl?|out)$/i;

/** The texts of an object, or of the files of results below it, with their names. */
const textsInStore = async (
	place: S3Location,
	connection: Connection,
	signal: AbortSignal | undefined,
): Promise<ReadonlyArray<readonly [text: string, name: string]>> => {
	const clients = createClients(connection, {maxSockets: 1});
	try {
		const store = createObjectStore(clients);
		const keys = await store.list(place, signal);
		const results = keys.filter((key) => key === place.key || resultFile.test(key));
		if (results.length === 0) {
			throw new UserError(`--import ${s3Uri(place)}: there is no file of results.`, {
				exitCode: 2,
				hint: 'Name the output location of the job, or one of its files (.jsonl).',
			});
		}
		const texts: Array<readonly [string, string]> = [];
		let left = bound.bytes;
		for (const key of results) {
			const chunks: Uint8Array[] = [];
			for await (const chunk of store.read({...place, key}, signal)) {
				left -= chunk.length;
				if (left < 0) {
					throw new UserError(`--import ${s3Uri(place)}: it is larger than ${bound.bytes / 1_000_000} MB.`, {
						exitCode: 2,
						hint: bound.hint,
					});
				}
				chunks.push(chunk);
			}
			texts.push([Buffer.concat(chunks).toString('utf8'), s3Uri({...place, key})]);
		}
		return texts;
	} finally {
		clients.close();
	}
};

/**
 * Reads what `--import` names.
 * @param place A file, or a location in S3.
 * @throws UserError (exit 2) for what holds no template, (exit 1) for what cannot be read.
 */
export async function readImported(
	place: string,
	connection: Connection,
	signal?: AbortSignal,
): Promise<readonly ImportedTemplate[]> {
	const location = parseS3Uri(place);
	if (/^s3:/i.test(place) && location === undefined) {
		throw new UserError(`--import: "${place}" is not a location in S3.`, {
			exitCode: 2,
			hint: 'Write it as in s3://bucket/folder, or name a file.',
		});
	}
	const texts =
		location === undefined
			? [[readText(place, bound), place] as const]
			: await textsInStore(location, connection, signal);
	const templates = texts.flatMap(([text, name]) => importedTemplates(text, name));
	if (templates.length === 0) {
		throw new UserError(`--import ${place}: no optimized prompt was found in it.`, {
			exitCode: 2,
			hint: expectation,
		});
	}
	return templates;
}

/** Those written for a model, where a job wrote for it; else all. */
export function templatesFor<Template extends Pick<ImportedTemplate, 'model'>>(
	templates: readonly Template[],
	model: string,
): readonly Template[] {
	const {baseModel} = identify(model, emptyModelIndex);
	const own = templates.filter(
		(each) => each.model !== undefined && identify(each.model, emptyModelIndex).baseModel === baseModel,
	);
	return own.length === 0 ? templates : own;
}

/**
 * The prompt of a variant as `OptimizePrompt` rewrites it; a refusal is a reason and ends nothing.
 * @param model That it is rewritten for.
 */
export async function rewrittenByBedrock(
	template: string,
	model: string,
	connection: Connection,
	signal?: AbortSignal,
): Promise<{readonly template: string} | {readonly fault: string}> {
	const clients = createClients(connection, {maxSockets: 1});
	try {
		return {template: await optimizePrompt(clients, {template, model}, signal)};
	} catch (error) {
		if (error instanceof UserError) {
			return {fault: error.message.replace(/\.$/, '')};
		}
		throw error;
	} finally {
		clients.close();
	}
}
