import {setTimeout} from 'node:timers/promises';
import {uuid} from '../answers/random.ts';
import {shorterTemplate} from '../answers/rewriter.ts';
import {resolveLiving} from '../catalog/profiles.ts';
import {countTokens, isJson, parseBody} from '../families/prompt.ts';
import {errorOfFault} from '../faults.ts';
import type {Simulation} from '../simulation.ts';
import {assertAllowed} from '../wire/caller.ts';
import {type Exchange, ServiceError, sendError, validationError} from '../wire/exchange.ts';
import {encodeEvent} from '../wire/framing.ts';

/** OptimizePrompt of bedrock-agent-runtime: rewrites one short prompt for a model, without trying it. */

/** "Simple optimization" takes about so many tokens. */
const maxTokens = 1000;
const analysisMs = 20;

const promptOf = (body: ReturnType<typeof parseBody>): string => {
	const input = isJson(body.input) ? body.input : {};
	const {text} = isJson(input.textPrompt) ? input.textPrompt : {};
	if (typeof text !== 'string' || text.trim() === '') {
		throw validationError('The input prompt must not be empty.');
	}
	if (countTokens(text) > maxTokens) {
		throw validationError(`The input prompt exceeds the maximum length of ${maxTokens} tokens.`);
	}
	return text;
};

/** Serves one prompt as an event stream: an analysis, then the prompt. */
export async function serveOptimizePrompt(exchange: Exchange, simulation: Simulation): Promise<void> {
	const {reply, path} = exchange;
	const {time, faults, lifecycle, scenario} = simulation;
	const bytes = await exchange.readBody();
	const random = simulation.requestRandom(path, bytes);
	const requestId = uuid(random);
	try {
		assertAllowed(scenario, 'bedrock:OptimizePrompt');
		const body = parseBody(bytes);
		const text = promptOf(body);
		const modelId = String(body.targetModelId ?? '');
		resolveLiving(modelId, lifecycle);
		const fault = faults.next(modelId, time.now(), random);
		const error = fault === undefined ? undefined : errorOfFault(fault, modelId, true);
		if (error !== undefined) {
			throw error;
		}
		reply.head(200, {'content-type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': requestId});
		reply.write(
			encodeEvent(
				'analyzePromptEvent',
				JSON.stringify({message: 'The prompt asks for more than its answer needs.'}),
			),
		);
		await setTimeout(analysisMs);
		const optimizedPrompt = {textPrompt: {text: shorterTemplate(text)}};
		reply.end(encodeEvent('optimizedPromptEvent', JSON.stringify({optimizedPrompt})));
	} catch (error) {
		if (!(error instanceof ServiceError)) {
			throw error;
		}
		sendError(reply, error, requestId);
	}
}
