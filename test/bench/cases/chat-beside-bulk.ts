import type {RunConfig} from '../../../source/domain/run-config.ts';
import type {AnswerRecord} from '../../../source/engine/attempts/request-records.ts';
import type {BenchCase} from '../helpers/bench-case.ts';
import {milliseconds, percent, ratio} from '../helpers/format.ts';
import {runOurs} from '../helpers/our-run.ts';
import {throttlesOf, withServer} from '../helpers/simulated.ts';
import {quantile} from '../helpers/statistics.ts';
import {loadFlags, plainModel, requestFlags, sixteenTokensTask} from '../helpers/workload.ts';

const chat = 'chat';
const bulk = 'bulk';
const chatShare = 0.03;
const mostRatio = 1.1;
const leastUse = 0.95;

/** Chat in the high lane with a rate of its own, bulk work in the low one. */
const withLanes =
	(chatPerMinute: number, hasBulk: boolean) =>
	(config: RunConfig): RunConfig => ({
		...config,
		variants: (hasBulk ? [chat, bulk] : [chat]).flatMap((name) =>
			config.variants.map((variant) => ({...variant, name})),
		),
		lanes: [
			{lane: 'high', variants: [chat], ratePerMinute: chatPerMinute},
			...(hasBulk ? [{lane: 'low' as const, variants: [bulk], ratePerMinute: null}] : []),
		],
	});

const totalP95 = (answers: readonly AnswerRecord[]): number =>
	quantile(
		answers.filter(({variant}) => variant === chat).map(({latencyMs}) => latencyMs.total),
		0.95,
	);

export const chatBesideBulkCase: BenchCase = {
	name: 'chat-beside-bulk',
	group: 'engine',
	about: 'chat in the high lane beside bulk work in the low one, at a full bucket',
	async run({windowMs, isQuick}) {
		const quota = isQuick ? 120 : 600;
		const windows = isQuick ? 10 : 4;
		const chatPerMinute = chatShare * quota * (60_000 / windowMs);
		const simulator = {requestsPerMinute: quota, windowMs};
		const durationMs = windows * windowMs;
		const flags = [
			...requestFlags({model: plainModel, task: sixteenTokensTask, maxTokens: 50}),
			...loadFlags({shape: 'saturate', durationMs}),
		];
		const alone = await withServer(simulator, async (server) =>
			runOurs(server, flags, {windowMs, adjust: withLanes(chatPerMinute, false)}),
		);
		const {answers, stats} = await withServer(simulator, async (server) => ({
			...(await runOurs(server, flags, {windowMs, adjust: withLanes(chatPerMinute, true)})),
			stats: await server.stats(),
		}));
		const beganAt = Math.min(...stats.log.map(({receivedAt}) => receivedAt));
		const later = stats.log.filter(
			({startedAt, status}) =>
				status === 200 && startedAt >= beganAt + windowMs && startedAt < beganAt + durationMs,
		);
		const use = later.length / (quota * (windows - 1));
		const [aloneMs, besideMs] = [totalP95(alone.answers), totalP95(answers)];
		const chats = answers.filter(({variant}) => variant === chat).length;
		return [
			{
				name: `chat beside bulk: p95 of ${chats} chats`,
				ours: milliseconds(besideMs),
				comparison: `alone ${milliseconds(aloneMs)}`,
				relation: ratio(besideMs / aloneMs),
				bound: `<= ${ratio(mostRatio)}`,
				isMet: besideMs <= aloneMs * mostRatio,
				figures: {aloneMs, besideMs, chats},
			},
			{
				name: 'chat beside bulk: use of the bucket',
				ours: `${percent(use)}, ${throttlesOf(stats)} throttled`,
				comparison: '',
				relation: '',
				bound: `>= ${percent(leastUse, 0)}, 0`,
				isMet: use >= leastUse && throttlesOf(stats) === 0,
				figures: {use, throttled: throttlesOf(stats)},
			},
		];
	},
};
