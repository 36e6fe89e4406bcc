import type {FlagValues} from '../config/parse-arguments.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import {readInteger} from '../config/values.ts';
import {placeLine} from '../plain/quota-report.ts';
import {composePrompt} from '../prompts/compose.ts';
import {formatLimit} from '../reports/words.ts';
import {columnsOf, type Io, writeJson, writeLines} from '../terminal/io.ts';
import {formatCount, formatDurationMs, formatPercent, formatUsd} from '../text/numbers.ts';
import {type Column, renderTable} from '../text/table.ts';
import {cleanText} from '../text/width.ts';
import type {BatchSetup} from './batch-setup.ts';
import {chooseLane} from './lanes.ts';

/** `batch --plan`: which lane the work of a preset should take, variant by variant. Nothing is sent. */

/** About four characters a token: an estimate, and said to be one. */
const charactersPerToken = 4;
/** Items that the length of a request is estimated from. */
const sampleItems = 200;

const choicesOf = ({config, batch, target, limits, onDemandPrice, price}: BatchSetup, items: number) =>
	config.variants.map((variant) => {
		const {task} = batch;
		const size = variant.itemsPerRequest;
		const starts = Array.from(
			{length: Math.max(1, Math.ceil(Math.min(sampleItems, task.items.length) / size))},
			(_unused, index) => index * size,
		);
		const characters = starts.reduce((sum, start) => {
			const {system, user} = composePrompt(variant, config.task, task.items.slice(start, start + size));
			return sum + (system ?? '').length + user.length;
		}, 0);
		const work = {
			items,
			itemsPerRequest: size,
			inputTokens: Math.ceil(characters / starts.length / charactersPerToken),
			outputTokens: variant.maxTokens ?? config.maxTokens,
			burndown: target.burndown.value,
		};
		const prices = {onDemand: onDemandPrice, batch: price};
		const bounds = {leastRecords: limits.leastRecords, share: config.share};
		return {name: variant.name, ...chooseLane(work, target.quota, prices, bounds)};
	});

type Choice = ReturnType<typeof choicesOf>[number];

const right = (
	key: string,
	header: string,
	priority: number,
	format: Column<Choice>['format'],
): Column<Choice> => ({
	key,
	header,
	align: 'right',
	priority,
	format,
});

const columns: ReadonlyArray<Column<Choice>> = [
	{key: 'variant', header: 'variant', align: 'left', priority: 9, format: ({name}) => cleanText(name)},
	right('requests', 'requests', 3, ({requests}) => formatCount(requests)),
	right(
		'on-demand',
		'on-demand',
		8,
		({onDemand, isAssumed}) => `${formatDurationMs(onDemand.durationMs)}${isAssumed ? ' (assumed)' : ''}`,
	),
	right('cost', 'cost', 7, ({onDemand}) => formatUsd(onDemand.costUsd)),
	right('batch', 'batch', 6, ({batch}) => `up to ${formatDurationMs(batch.durationMs)}`),
	right('batch-cost', 'cost (assumed)', 5, ({batch}) => formatUsd(batch.costUsd)),
	{
		key: 'take',
		header: 'take',
		align: 'left',
		priority: 9,
		format: ({recommended}) => recommended ?? 'cannot be told',
	},
];

/** Where the quotas of the plan hold, if that is not AWS; the embedded simulator's own address says nothing. */
const placeOf = ({account, config}: BatchSetup) => {
	const isEmbedded = config.connection.simulatorUrl !== undefined;
	return {
		simulated: isEmbedded || (account.options.source.isSimulated?.() ?? false),
		endpoint: isEmbedded ? null : account.clients.endpoint,
	};
};

/** What the plan rests on, beside the preset. */
const basisLine = ({target, config: {share}}: BatchSetup, items: number): string => {
	const parts = [
		`${formatCount(items)} items for ${cleanText(target.model)}`,
		'input estimated',
		'output at most max tokens',
		...(share === 1 ? [] : [`${formatPercent(share)} of the on-demand quota`]),
	];
	return parts.join(', ');
};

/** Where nobody told the quota, a run keeps to an assumed one, and so does the plan. */
const assumedLines = ({target: {quota}}: BatchSetup, choices: readonly Choice[]): readonly string[] =>
	choices.some(({isAssumed}) => isAssumed)
		? [
				`(assumed) Nobody told the whole quota: ${formatLimit(quota.requestsPerMinute)} requests and ${formatLimit(quota.tokensPerMinute)} tokens a minute; --rpm and --tpm set it.`,
			]
		: [];

/** Prints the plan. @returns Exit code 0. */
export const planLanes = async (setup: BatchSetup, flags: FlagValues, io: Io): Promise<number> => {
	const text = flags.text('items');
	const items =
		text === undefined
			? Math.max(1, setup.batch.task.items.length)
			: readInteger('items', text, {min: 1, max: 1_000_000_000});
	const choices = choicesOf(setup, items);
	const place = placeOf(setup);
	if (resolveOutput(flags, io.environment).json !== undefined) {
		await writeJson(io.stdout, {
			model: setup.target.model,
			...place,
			items,
			share: setup.config.share,
			variants: choices.map(({isAssumed, ...choice}) => ({...choice, assumed: isAssumed})),
		});
		return 0;
	}
	const {region} = setup.account.options;
	await writeLines(io.stdout, [
		...(place.simulated || place.endpoint !== null
			? [placeLine(region, place.endpoint, place.simulated)]
			: []),
		basisLine(setup, items),
		'',
		...renderTable(columns, choices, columnsOf(io.stdout)),
		'',
		...choices.map(
			({name, recommended, reason}) => `${name}: ${recommended ?? 'cannot be told'}, because ${reason}.`,
		),
		...assumedLines(setup, choices),
	]);
	return 0;
};
