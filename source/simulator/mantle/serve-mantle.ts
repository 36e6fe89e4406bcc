import type {Usage} from '../families/family.ts';
import {parseBody} from '../families/prompt.ts';
import type {RequestRecord} from '../observation/request-record.ts';
import type {Delivery} from '../runtime/deliver.ts';
import {delayedReply} from '../runtime/replies.ts';
import type {Simulation} from '../runtime/simulation.ts';
import type {Exchange, Reply} from '../wire/exchange.ts';
import {defaultRegion} from '../wire/region.ts';
import {assertMayCall, regionOfCaller} from './caller.ts';
import {deliverStreamedAnswer, deliverWholeAnswer} from './deliver-answer.ts';
import type {MantleApi} from './mantle-api.ts';
import {type MantleError, mantleErrorOf} from './mantle-error.ts';
import {createMantleJob, type MantleArrival, modelIdOf} from './mantle-job.ts';
import type {Surface} from './mantle-models.ts';
import {sendMantleError} from './refuse.ts';
import {requestIdOf} from './request-id.ts';

type Outcome = Delivery & {
	readonly failure: MantleError | undefined;
	readonly usage: Usage;
	/** What the request cost the two quotas. */
	readonly quotaTokens: number;
};

const noUsage: Usage = {inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0};

/** All that is known of a request; what is not known yet when it fails stays empty. */
type Seen = {modelId: string; region: string};

const answer = async (
	simulation: Simulation,
	arrival: MantleArrival,
	reply: Reply,
): Promise<Omit<Outcome, 'failure'>> => {
	const {time} = simulation;
	const job = createMantleJob(simulation, arrival);
	const deliver = arrival.isStream ? deliverStreamedAnswer : deliverWholeAnswer;
	const delivery = await deliver(job, reply, time);
	return {
		...delivery,
		usage: job.facts.usage,
		quotaTokens: job.settle(time.now(), delivery.outputTokens),
	};
};

const recordOf = (
	api: MantleApi,
	exchange: Exchange,
	{modelId, region}: Seen,
	outcome: Outcome,
	times: Pick<RequestRecord, 'receivedAt' | 'startedAt' | 'endedAt'>,
): RequestRecord => ({
	operation: api.name,
	modelId,
	region,
	// Not a model of the runtime: CloudWatch keeps this endpoint's traffic in a namespace of its own.
	baseModel: undefined,
	scope: undefined,
	userAgent: String(exchange.headers['user-agent'] ?? ''),
	...times,
	firstTokenAt: outcome.firstTokenAtMs,
	status: outcome.status,
	error: outcome.error,
	throttle: outcome.failure?.throttle,
	inputTokens: outcome.usage.inputTokens,
	outputTokens: outcome.outputTokens,
	cacheReadTokens: outcome.usage.cacheReadTokens,
	cacheWriteTokens: outcome.usage.cacheWriteTokens,
	quotaTokens: outcome.quotaTokens,
});

/** Serves Messages, Chat Completions and Responses, whole and streamed. */
export const serveMantle = async (
	exchange: Exchange,
	simulation: Simulation,
	api: MantleApi,
	surface: Surface,
): Promise<void> => {
	const {time, faults} = simulation;
	const receivedAt = time.now();
	const bytes = await exchange.readBody();
	await time.sleep(faults.networkDelayMs);
	const random = simulation.requestRandom(exchange.path, bytes);
	const requestId = requestIdOf(random, api.name);
	const reply = delayedReply(exchange.reply, time, faults.networkDelayMs);
	const seen: Seen = {modelId: '', region: defaultRegion};
	let startedAtMs = time.now();

	const run = async (): Promise<Outcome> => {
		try {
			seen.region = regionOfCaller(exchange.headers);
			assertMayCall(simulation.scenario, 'bedrock-mantle:CreateInference', seen.region);
			const body = parseBody(bytes);
			seen.modelId = modelIdOf(body);
			await time.sleep(faults.stallMs(seen.modelId, time.now()));
			startedAtMs = time.now();
			const arrival: MantleArrival = {
				api,
				surface,
				...seen,
				body,
				isStream: body.stream === true,
				requestId,
				random,
				startedAtMs,
			};
			return {...(await answer(simulation, arrival, reply)), failure: undefined};
		} catch (error) {
			const failure = mantleErrorOf(error);
			sendMantleError(reply, api.errors, failure, requestId);
			return {
				status: api.errors.statusOf(failure.kind),
				error: api.errors.typeOf(failure.kind),
				failure,
				outputTokens: 0,
				firstTokenAtMs: undefined,
				usage: noUsage,
				quotaTokens: 0,
			};
		}
	};

	const outcome = await run();
	await time.sleep(faults.networkDelayMs);
	const times = {receivedAt, startedAt: startedAtMs, endedAt: time.now()};
	const record = recordOf(api, exchange, seen, outcome, times);
	for (const observe of simulation.observers) {
		observe(record);
	}
};
