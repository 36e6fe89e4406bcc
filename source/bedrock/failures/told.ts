import {at, isObject, parseJson, stringOf, wordOf} from '../json.ts';

/**
 * What an answer says of itself where its error has not AWS's own form: a page of a proxy or a load balancer, XML, plain
 * text, or the JSON of another provider behind a gateway.
 */
export type Told = {
	/** Name of the exception or of the kind of error. */
	readonly name?: string | undefined;
	readonly message?: string | undefined;
	/** A page written for people: something else answered in place of the service. */
	readonly isPage: boolean;
};

const nothing: Told = {isPage: false};

/** As much of a page or a text as a sentence may hold. */
const maxQuoted = 120;

const clipped = (text: string): string => {
	const line = text.replace(/\s+/g, ' ').trim();
	return line.length > maxQuoted ? `${line.slice(0, maxQuoted)}…` : line;
};

const element = (text: string, name: string): string | undefined =>
	new RegExp(`<${name}>([^<]*)</${name}>`, 'i').exec(text)?.[1]?.trim() || undefined;

const toldByMarkup = (text: string, status: number | undefined): Told => {
	if (/<(?:!doctype html|html|head|body)\b/i.test(text)) {
		const title = element(text, 'title') ?? element(text, 'h1');
		return {
			isPage: true,
			message: `A page came instead of an answer${title === undefined ? '' : `: "${clipped(title)}"`}${status === undefined ? '' : ` (HTTP ${status})`}.`,
		};
	}

	return {
		name: element(text, 'Code') ?? /^(?:<\?[^>]*>\s*)?<(\w+Exception)\b/.exec(text.trim())?.[1],
		message: element(text, 'Message'),
		isPage: false,
	};
};

/** Error objects of JSON: of AWS's oldest services, of OpenAI, Anthropic and the gateways that speak like them. */
const toldByJson = (value: unknown): Told => {
	const error = at(value, 'error');
	return {
		name: wordOf(at(value, 'Output', '__type')) ?? wordOf(at(value, '__type')) ?? wordOf(at(value, 'code')),
		message:
			wordOf(at(error, 'message')) ??
			wordOf(error) ??
			wordOf(at(value, 'message')) ??
			wordOf(at(value, 'Message')) ??
			wordOf(at(value, 'errorMessage')) ??
			wordOf(at(value, 'detail')),
		isPage: false,
	};
};

/** @param status From 400 on it was answered as an error: plain text then says why. Undefined within a stream. */
const toldByText = (text: string, status: number | undefined, isRefusal = (status ?? 0) >= 400): Told => {
	const start = text.trimStart();
	if (start === '') {
		return nothing;
	}

	if (start.startsWith('<')) {
		return toldByMarkup(start, status);
	}

	const value = parseJson(start);
	if (isObject(value)) {
		return toldByJson(value);
	}

	// JSON that breaks off may be part of an answer, which is no error message.
	return isRefusal && !/^[{[]/.test(start) ? {message: clipped(start), isPage: false} : nothing;
};

/**
 * Reads an error of the SDK: it puts the fields of a JSON body onto the error; the text of any other is kept with the
 * response.
 */
export const toldBy = (error: unknown, response: unknown): Told => {
	const body = at(response, 'bodyText');
	if (typeof body === 'string') {
		const status = at(response, 'statusCode');
		return toldByText(body, typeof status === 'number' ? status : undefined);
	}

	const message = error instanceof Error ? error.message : stringOf(at(error, 'message'));
	// Exceptions within a stream that the SDK's model does not name come with their payload as text.
	return message?.startsWith('{') ? toldByText(message, undefined, true) : toldByJson(ownFields(error));
};

/** The fields that the SDK added, without `message` and `name`, which it sets itself. */
const ownFields = (error: unknown): unknown => {
	if (!(error instanceof Error) && !isObject(error)) {
		return undefined;
	}

	const {error: nested, Output, Message, detail, errorMessage} = error as Record<string, unknown>;
	return {error: nested, Output, Message, detail, errorMessage};
};
