import {nova, titan} from './amazon.ts';
import {deepseek, gpt, jamba, openAiStyle, qwen} from './chat-completions.ts';
import {claude} from './claude.ts';
import {command, commandR} from './cohere.ts';
import {jurassic, llama, mistral} from './completions.ts';
import type {Family, Reading} from './family.ts';

/** Every family; the fallback last. */
export const families: readonly Family[] = [
	claude,
	nova,
	titan,
	llama,
	mistral,
	commandR,
	command,
	jamba,
	jurassic,
	deepseek,
	gpt,
	qwen,
	openAiStyle,
];

/** A run has few models, and every request looks its family up. */
const maxRemembered = 100;
const remembered = new Map<string, Family>();

/** The family that serves a foundation model. */
export function familyOf(baseModel: string): Family {
	const known = remembered.get(baseModel);
	if (known !== undefined) {
		return known;
	}
	const family = families.find((candidate) => candidate.serves(baseModel)) ?? openAiStyle;
	if (remembered.size < maxRemembered) {
		remembered.set(baseModel, family);
	}
	return family;
}

/**
 * Reads a whole answer as its family writes it, else as any family does: an imported model, or a profile whose base
 * model could not be looked up, still answers in one of the known shapes.
 */
export function readBody(family: Family, body: unknown): Reading | undefined {
	return firstReading(family, (candidate) => candidate.readBody(body));
}

const firstReading = (
	family: Family,
	read: (candidate: Family) => Reading | undefined,
): Reading | undefined => {
	const own = read(family);
	if (own !== undefined) {
		return own;
	}
	for (const other of families) {
		const reading = other === family ? undefined : read(other);
		if (reading !== undefined) {
			return reading;
		}
	}
	return undefined;
};

/** Reads one chunk of a stream in the same way. */
export function readChunk(family: Family, chunk: unknown): Reading | undefined {
	return firstReading(family, (candidate) => candidate.readChunk(chunk));
}
