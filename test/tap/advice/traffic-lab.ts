import {requestFacts} from '../../../source/bedrock/request-facts.ts';
import type {Failure, Usage} from '../../../source/domain/backend.ts';
import type {Snapshot} from '../../../source/domain/snapshot.ts';
import type {Target} from '../../../source/domain/target.ts';
import {callerOf} from '../../../source/tap/client-book.ts';
import {tapSnapshot} from '../../../source/tap/tap-snapshot.ts';
import {Traffic} from '../../../source/tap/traffic.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {quotaOf, targetOf} from '../../helpers/spec-fixture.ts';

/** Traffic of a tap without a network. */

export const haiku = 'anthropic.claude-haiku-4-5-20251001-v1:0';

/** A request and what became of it. */
export type Case = {
	readonly client?: string;
	readonly model?: string;
	/** Absent: the request has none. */
	readonly maxTokens?: number;
	readonly system?: string;
	readonly hasCachePoint?: boolean;
	readonly retries?: number;
	readonly usage?: Partial<Usage>;
	readonly serviceMs?: number;
	readonly end?: 'answered' | 'truncated' | 'throttled' | 'aborted';
};

const throttle: Failure = {
	class: 'throttled-requests',
	message: 'Too many requests',
	advice: '',
	charge: 'none',
} as Failure;

/** A tap without a network: its traffic, and what it says of it. */
export const tapOf = (target: Target = targetOf(quotaOf(10_000, 100_000), haiku)) => {
	const clock = new FakeClock();
	const traffic = new Traffic(clock);
	const indexes = new Map<string, number>();
	const indexOf = (model: string): number => {
		const known = indexes.get(model);
		if (known !== undefined) {
			return known;
		}
		const index = traffic.addModel({model, target: {...target, model}, price: null, maxTokens: 64_000});
		indexes.set(model, index);
		return index;
	};
	const pass = async ({
		client = 'app',
		model = haiku,
		maxTokens,
		system,
		hasCachePoint = false,
		retries = 0,
		usage,
		serviceMs = 1000,
		end = 'answered',
	}: Case): Promise<void> => {
		const headers: Readonly<Record<string, string>> = {
			'x-bedrock-top-client': client,
			'x-stainless-retry-count': String(retries),
		};
		const body = {
			...(maxTokens === undefined ? {} : {max_tokens: maxTokens}),
			...(system === undefined
				? {}
				: {
						system: [
							{type: 'text', text: system, ...(hasCachePoint ? {cache_control: {type: 'ephemeral'}} : {})},
						],
					}),
			messages: [
				{
					role: 'user',
					content: [
						{
							type: 'text',
							text: 'A question',
							...(hasCachePoint ? {cache_control: {type: 'ephemeral'}} : {}),
						},
					],
				},
			],
		};
		const caller = callerOf({header: (name) => headers[name]}, undefined);
		const call = traffic.arrive(
			caller,
			indexOf(model),
			model,
			requestFacts(Buffer.from(JSON.stringify(body))),
		);
		traffic.known(call, caller);
		traffic.sent(call);
		await clock.advance(serviceMs);
		if (end === 'throttled') {
			traffic.ended(call, {kind: 'refused', failure: throttle});
		} else if (end === 'aborted') {
			traffic.aborted(call);
			traffic.ended(call, {kind: 'broken', failure: undefined, reading: undefined});
		} else {
			traffic.ended(call, {
				kind: 'answered',
				reading: {
					characters: 100,
					stopReason: end === 'truncated' ? 'max_tokens' : 'end_turn',
					isTruncated: end === 'truncated',
					isRefused: false,
					usage: undefined,
					input: undefined,
					isComplete: true,
					fault: undefined,
					isSimulated: false,
				},
				usage: {
					inputTokens: 100,
					outputTokens: 50,
					cacheReadTokens: 0,
					cacheWriteTokens: 0,
					reasoningTokens: undefined,
					isEstimated: false,
					...usage,
				},
			});
		}
	};
	const many = async (count: number, of: (index: number) => Case): Promise<void> => {
		for (let index = 0; index < count; index++) {
			await pass(of(index));
		}
	};
	const snapshot = (isPaced = false): Snapshot =>
		tapSnapshot(
			traffic,
			{
				phase: 'running',
				outcome: undefined,
				stoppedBy: undefined,
				stopReason: undefined,
				share: 1,
				burst: 'full',
				isPaced,
				method: undefined,
				bucketOf: () => undefined,
				account: [],
				waitingFor: null,
			},
			clock,
		);
	const texts = (isPaced = false): readonly string[] => snapshot(isPaced).advice.map(({text}) => text);
	return {many, snapshot, texts};
};
