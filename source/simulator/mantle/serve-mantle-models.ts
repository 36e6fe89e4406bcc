import type {Json} from '../families/prompt.ts';
import {sendJson} from '../runtime/replies.ts';
import type {Simulation} from '../runtime/simulation.ts';
import type {Exchange} from '../wire/exchange.ts';
import {assertMayCall, regionOfCaller} from './caller.ts';
import {MantleError} from './mantle-error.ts';
import {findMantleModel, type MantleModel, mantleModels} from './mantle-models.ts';
import {requestIdHeaders, requestIdOf} from './request-id.ts';

/** The lists of models: OpenAI's holds every model of the endpoint, whatever API it speaks, Anthropic's just Claude. */

/** When a model came is unknown, so `created` is 0. `status` was seen at the endpoint, beside the published type. */
const openAiModel = ({id, model}: MantleModel): Json => ({
	id,
	object: 'model',
	created: 0,
	owned_by: model.provider.toLowerCase(),
	status: 'available',
});

const openAiList = (): Json => ({object: 'list', data: mantleModels.map(openAiModel)});

const anthropicModel = ({id, model}: MantleModel): Json => ({
	type: 'model',
	id,
	display_name: model.name,
	// Anthropic's type allows the epoch where the date is unknown.
	created_at: new Date(0).toISOString(),
	max_input_tokens: null,
	max_tokens: model.maximumOutputTokens,
});

const anthropicList = (): Json => {
	const data = mantleModels.filter(({apis}) => apis.includes('Messages')).map(anthropicModel);
	return {data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null};
};

const dialects = {
	openai: {list: openAiList, single: openAiModel, api: undefined},
	anthropic: {list: anthropicList, single: anthropicModel, api: 'Messages'},
} as const;

/** Serves the list of models, or one of them where `modelId` names it. */
export const serveMantleModels = async (
	exchange: Exchange,
	simulation: Simulation,
	dialect: keyof typeof dialects,
	modelId: string | undefined,
): Promise<void> => {
	const {list, single, api} = dialects[dialect];
	const random = simulation.requestRandom(exchange.path, await exchange.readBody());
	const action = modelId === undefined ? 'bedrock-mantle:ListModels' : 'bedrock-mantle:GetModel';
	assertMayCall(simulation.scenario, action, regionOfCaller(exchange.headers));
	const found = modelId === undefined ? undefined : findMantleModel(modelId);
	if (modelId !== undefined && found === undefined) {
		throw new MantleError('not-found', `The model '${modelId}' does not exist`);
	}
	const body = found === undefined ? list() : single(found);
	sendJson(exchange.reply, 200, body, requestIdHeaders(requestIdOf(random, api)));
};
