import {claude} from '../families/claude.ts';
import {at} from '../json.ts';
import type {Dialect} from './dialect.ts';

/** Version of the API, as Anthropic's clients send it. */
const version = '2023-06-01';

/** Anthropic Messages: the body of InvokeModel, with the model in it and the version in a header. */
export const messages: Dialect = {
	path: () => '/anthropic/v1/messages',
	headers: {'anthropic-version': version},
	build(request, isStream) {
		const {anthropic_version: _, ...body} = claude.build(request, isStream);
		return {
			model: request.model,
			...body,
			...(request.tier === undefined ? {} : {service_tier: request.tier}),
			...(isStream ? {stream: true} : {}),
		};
	},
	readBody: claude.readBody,
	readEvent({data}) {
		const reading = claude.readChunk(data);
		return reading === undefined ? undefined : {...reading, isLast: at(data, 'type') === 'message_stop'};
	},
};
