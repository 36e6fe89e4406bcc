import type {Facts} from '../families/family.ts';
import type {Json} from '../families/prompt.ts';
import {type AnswerStream, type Part, sse} from './mantle-api.ts';
import type {MantleError} from './mantle-error.ts';
import {
	endStatus,
	type ItemIds,
	messageItem,
	reasoningItem,
	reasoningPart,
	textPart,
} from './response-output.ts';

/** The events of a streamed response, numbered in order: an item is added, filled part by part, and done. */

type Streamed = {
	readonly ids: ItemIds;
	/** The response as it is when it begins. */
	readonly opening: Json;
	/** What changes of it by its end. */
	readonly endOf: (facts: Facts) => Json;
	readonly hidesReasoning: boolean;
};

/** Codes that a response may fail with, as OpenAI publishes them. */
const failureCode = ({kind}: MantleError): string =>
	kind === 'throttled' ? 'rate_limit_exceeded' : 'server_error';

export const responseStream = ({ids, opening, endOf, hidesReasoning}: Streamed): AnswerStream => {
	let sequenceNumber = 0;
	let outputIndex = -1;
	let open: Part['kind'] | undefined;
	let text = '';

	const event = (type: string, data: Json): string =>
		sse({type, sequence_number: sequenceNumber++, ...data}, type);
	const place = (): Json => ({
		item_id: open === 'reasoning' ? ids.reasoning : ids.text,
		output_index: outputIndex,
		content_index: 0,
	});

	const isHidden = (kind: Part['kind'] | undefined): boolean => kind === 'reasoning' && hidesReasoning;

	const itemOf = (kind: Part['kind'], status: string, content: readonly Json[]): Json =>
		kind === 'text'
			? messageItem(ids, status, content)
			: reasoningItem(ids, hidesReasoning ? undefined : content);
	const partOf = (kind: Part['kind'], said: string): Json =>
		kind === 'text' ? textPart(said) : reasoningPart(said);

	const add = (kind: Part['kind']): string => {
		outputIndex++;
		open = kind;
		text = '';
		return (
			event('response.output_item.added', {
				output_index: outputIndex,
				item: itemOf(kind, 'in_progress', []),
			}) + (isHidden(kind) ? '' : event('response.content_part.added', {...place(), part: partOf(kind, '')}))
		);
	};

	const finish = (status: string): string => {
		if (open === undefined) {
			return '';
		}
		const kind = open;
		const part = partOf(kind, text);
		const parts = isHidden(kind)
			? ''
			: (kind === 'text'
					? event('response.output_text.done', {...place(), text, logprobs: []})
					: event('response.reasoning_text.done', {...place(), text})) +
				event('response.content_part.done', {...place(), part});
		const done = event('response.output_item.done', {
			output_index: outputIndex,
			item: itemOf(kind, status, [part]),
		});
		open = undefined;
		return parts + done;
	};

	const begin = (kind: Part['kind']): string => (kind === open ? '' : finish('completed') + add(kind));

	return {
		opening: () =>
			event('response.created', {response: opening}) + event('response.in_progress', {response: opening}),
		part({kind, tokens}) {
			const begun = begin(kind);
			const delta = tokens.join('');
			text += delta;
			if (isHidden(kind)) {
				return begun;
			}
			return (
				begun +
				(kind === 'text'
					? event('response.output_text.delta', {...place(), delta, logprobs: []})
					: event('response.reasoning_text.delta', {...place(), delta}))
			);
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
