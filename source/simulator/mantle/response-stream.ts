import type {Facts, ToolUse} from '../families/family.ts';
import type {Json} from '../families/prompt.ts';
import {type AnswerStream, type Part, sse} from './mantle-api.ts';
import type {MantleError} from './mantle-error.ts';
import {endStatus, type ItemWriter} from './response-output.ts';

/** The events of a streamed response, numbered in order: an item is added, filled part by part, and done. */

type Streamed = {
	readonly writer: ItemWriter;
	/** The tool that is called, if any. */
	readonly toolUse: ToolUse | undefined;
	/** The response as it is when it begins. */
	readonly opening: Json;
	/** What changes of it by its end. */
	readonly endOf: (facts: Facts) => Json;
};

/** Codes that a response may fail with, as OpenAI publishes them. */
const failureCode = ({kind}: MantleError): string =>
	kind === 'throttled' ? 'rate_limit_exceeded' : 'server_error';

/** An item that has been added and is not done. */
type OpenItem = {readonly kind: Part['kind']; text: string};

export const responseStream = ({writer, toolUse, opening, endOf}: Streamed): AnswerStream => {
	let sequenceNumber = 0;
	let outputIndex = -1;
	let open: OpenItem | undefined;

	const event = (type: string, data: Json): string =>
		sse({type, sequence_number: sequenceNumber++, ...data}, type);
	const itemPlace = (kind: Part['kind']): Json => ({item_id: writer.idOf(kind), output_index: outputIndex});
	const partPlace = (kind: Part['kind']): Json => ({...itemPlace(kind), content_index: 0});

	const add = (kind: Part['kind']): OpenItem => {
		outputIndex++;
		open = {kind, text: ''};
		return open;
	};

	const added = ({kind}: OpenItem): string => {
		const part = writer.part(kind, '');
		return (
			event('response.output_item.added', {
				output_index: outputIndex,
				item: writer.item(kind, 'in_progress', undefined),
			}) + (part === undefined ? '' : event('response.content_part.added', {...partPlace(kind), part}))
		);
	};

	const textDone = ({kind, text}: OpenItem): string => {
		if (kind === 'tool') {
			return event('response.function_call_arguments.done', {
				...itemPlace(kind),
				name: toolUse?.name,
				arguments: text,
			});
		}
		const part = writer.part(kind, text);
		if (part === undefined) {
			return '';
		}
		const whole =
			kind === 'text'
				? event('response.output_text.done', {...partPlace(kind), text, logprobs: []})
				: event('response.reasoning_text.done', {...partPlace(kind), text});
		return whole + event('response.content_part.done', {...partPlace(kind), part});
	};

	const finish = (status: string): string => {
		if (open === undefined) {
			return '';
		}
		const {kind, text} = open;
		const done =
			textDone(open) +
			event('response.output_item.done', {
				output_index: outputIndex,
				item: writer.item(kind, status, text),
			});
		open = undefined;
		return done;
	};

	const begin = (kind: Part['kind']): string =>
		kind === open?.kind ? '' : finish('completed') + added(add(kind));

	const deltaOf = (kind: Part['kind'], delta: string): string => {
		if (kind === 'tool') {
			return event('response.function_call_arguments.delta', {...itemPlace(kind), delta});
		}
		if (writer.part(kind, delta) === undefined) {
			return '';
		}
		return kind === 'text'
			? event('response.output_text.delta', {...partPlace(kind), delta, logprobs: []})
			: event('response.reasoning_text.delta', {...partPlace(kind), delta});
	};

	return {
		opening: () =>
			event('response.created', {response: opening}) + event('response.in_progress', {response: opening}),
		part({kind, tokens}) {
			const begun = begin(kind);
			const delta = tokens.join('');
			if (open !== undefined) {
				open.text += delta;
			}
			return begun + deltaOf(kind, delta);
		},
		closing(facts) {
			const status = endStatus(facts);
			const items = (outputIndex === -1 ? begin('text') : '') + finish(status);
			return items + event(`response.${status}`, {response: {...opening, ...endOf(facts)}});
		},
		failure: (error) =>
			event('response.failed', {
				response: {
					...opening,
					status: 'failed',
					error: {code: failureCode(error), message: error.message},
				},
			}),
	};
};
