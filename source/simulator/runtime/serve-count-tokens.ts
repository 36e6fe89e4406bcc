import {uuid} from '../answers/random.ts';
import type {Lifecycle} from '../catalog/lifecycle.ts';
import {findOtherModel} from '../catalog/other-models.ts';
import {resolveLiving} from '../catalog/resolve-model.ts';
import {parseConverse} from '../families/converse.ts';
import {isJson, type Json, parseBody, promptTokens} from '../families/prompt.ts';
import {familyOf} from '../families/registry.ts';
import type {Exchange} from '../wire/exchange.ts';
import {ServiceError, validationError} from '../wire/service-error.ts';
import {sendError, sendJson} from './replies.ts';
import type {Simulation} from './simulation.ts';

const unsupported = (): ServiceError =>
	validationError("The provided model doesn't support counting tokens.");

const countTokensOf = (body: Json, modelId: string, lifecycle: Lifecycle): number => {
	if (findOtherModel(modelId) !== undefined) {
		throw unsupported();
	}
	const {model, scope} = resolveLiving(modelId, lifecycle);
	// Only base IDs are counted for, not their profiles.
	if (!model.traits.has('counts-tokens') || scope !== 'on-demand') {
		throw unsupported();
	}
	const input = isJson(body.input) ? body.input : {};
	if (isJson(input.converse)) {
		return promptTokens(parseConverse(input.converse, model).segments);
	}
	if (isJson(input.invokeModel)) {
		const invoked = Buffer.from(String(input.invokeModel.body), 'base64');
		return promptTokens(familyOf(model.family).parse(parseBody(invoked), model).segments);
	}
	throw validationError(
		"1 validation error detected: Value at 'input' failed to satisfy constraint: Member must not be null",
	);
};

/** Serves CountTokens: the count that the same request would be charged for. It costs no quota. */
export const serveCountTokens = async (
	exchange: Exchange,
	simulation: Simulation,
	modelId: string,
): Promise<void> => {
	const body = await exchange.readBody();
	const requestId = uuid(simulation.requestRandom(exchange.path, body));
	try {
		const inputTokens = countTokensOf(parseBody(body), modelId, simulation.lifecycle);
		sendJson(exchange.reply, 200, {inputTokens}, {'x-amzn-requestid': requestId});
	} catch (error) {
		if (!(error instanceof ServiceError)) {
			throw error;
		}
		sendError(exchange.reply, error, requestId);
	}
};
