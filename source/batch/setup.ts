import path from 'node:path';
import {destinationOf, type OpenAccount, openAccount} from '../bedrock/account-access.ts';
import {assertReachable} from '../bedrock/clients/reachability.ts';
import {type BatchForm, type BatchLimits, readBatchLimits} from '../bedrock/jobs/batch-records.ts';
import {priceOf} from '../bedrock/prices.ts';
import {resolveTargets} from '../bedrock/quotas/resolve-targets.ts';
import {readStdinText} from '../config/input/text-file.ts';
import {openPreset} from '../config/load-preset.ts';
import type {FlagValues} from '../config/parse-arguments.ts';
import {shippedNames} from '../config/preset-files.ts';
import {resolveRun} from '../config/resolve-run.ts';
import type {Connection, Price, RunConfig} from '../domain/run-config.ts';
import type {Target} from '../domain/target.ts';
import {UserError} from '../domain/user-error.ts';
import {judgesOf} from '../prompts/checks.ts';
import type {Io} from '../terminal/io.ts';
import {formatPercent} from '../text/numbers.ts';
import {type BatchRecord, type BatchTask, type ItemSource, lineMaker, writeItems} from './records.ts';

/** Part of the on-demand list price that batch inference costs, by secondary sources; AWS states it per model. */
export const batchPriceShare = 0.5;

/** The price of batch inference, assumed from the on-demand one: batch reads and writes no cache. */
export function batchPrice(price: Price | null): Price | null {
	return price === null
		? null
		: {
				input: price.input * batchPriceShare,
				output: price.output * batchPriceShare,
				cacheRead: price.cacheRead * batchPriceShare,
				cacheWrite: price.cacheWrite * batchPriceShare,
				source: `assumed: ${formatPercent(batchPriceShare)} of ${price.source}`,
			};
}

/** All that a batch needs before anything is uploaded. */
export type BatchSetup = {
	readonly config: RunConfig;
	readonly batch: BatchTask;
	readonly account: OpenAccount;
	readonly target: Target;
	readonly form: BatchForm;
	readonly limits: BatchLimits;
	/** Of on-demand inference; null where unknown. */
	readonly onDemandPrice: Price | null;
	/** Of batch inference, assumed. */
	readonly price: Price | null;
	readonly lineOf: (record: BatchRecord) => string;
	/** Shipped name or absolute path of the preset; null for a task from the command line. */
	readonly source: string | null;
	/** Words of the command line that submits it again; absent where another command began it. */
	readonly repeat?: readonly string[] | undefined;
};

/** The part of the setup that a batch is created from. */
export type BatchInput = Pick<BatchSetup, 'batch' | 'target' | 'form' | 'price' | 'limits' | 'lineOf'> & {
	readonly config: Pick<RunConfig, 'preset' | 'maxTokens' | 'seed' | 'guards' | 'connection'>;
	readonly source: string | null;
	readonly repeat?: readonly string[] | undefined;
};

const onlyModel = (models: readonly string[]): string => {
	const [model, second] = models;
	if (model === undefined || second !== undefined) {
		throw new UserError(
			model === undefined ? 'No model is named.' : `A batch job asks one model, not ${models.length}.`,
			{exitCode: 2, hint: 'Name one with -m MODEL.'},
		);
	}
	return model;
};

/** Preset and flags of a batch, before the account is asked. */
type BatchOrder = {
	readonly config: RunConfig;
	readonly items: ItemSource;
	readonly source: string | null;
};

/** @throws UserError (exit 2): nobody would ask the judge. */
const assertNoJudge = ({task}: RunConfig): void => {
	const [judge] = judgesOf(task.checks);
	if (judge !== undefined) {
		throw new UserError(
			`A batch job cannot ask the judge ${judge.model}: its answers are checked without requests.`,
			{
				exitCode: 2,
				hint: 'Take the check out of the preset for the batch, or run it on demand (bedrock-top run).',
			},
		);
	}
};

/** Drops a chat that has its own lane. @throws UserError (exit 2) when nothing else is left. */
const withoutChat = (config: RunConfig): RunConfig => {
	const {task, lanes, variants} = config;
	if (task.chat === undefined) {
		return config;
	}
	const chatting = lanes.filter(({lane}) => lane === task.chat?.lane).flatMap((lane) => lane.variants);
	const others = variants.filter(({name}) => !chatting.includes(name));
	if (task.chat.lane === undefined || others.length === 0) {
		throw new UserError('A chat cannot be a batch job: each turn needs the answer to the one before.', {
			exitCode: 2,
			hint: 'Run it on demand (bedrock-top run), or give the batch items.',
		});
	}
	return {...config, task: {...task, chat: undefined}, variants: others};
};

/**
 * Reads preset and flags.
 * @param itemsFile The items are written to it and not kept in memory.
 * @throws UserError (exit 2).
 */
export async function batchOrder(
	name: string | undefined,
	flags: FlagValues,
	io: Pick<Io, 'stdin'>,
	itemsFile: string,
): Promise<BatchOrder> {
	const opened = name === undefined ? undefined : openPreset(name);
	const kept = opened === undefined ? undefined : await writeItems(itemsFile, opened.items());
	const sample = kept?.sample === undefined ? [] : [kept.sample];
	opened?.check(sample);
	const asked = await resolveRun(
		opened === undefined ? undefined : {...opened, items: sample, remarks: opened.remarks()},
		flags,
		async () => readStdinText(io.stdin),
	);
	assertNoJudge(asked);
	const config = withoutChat(asked);
	// Content from the command line replaces the items.
	const items = config.task.items.length === 0 || kept === undefined ? [] : kept;
	const source = name === undefined || shippedNames().includes(name) ? (name ?? null) : path.resolve(name);
	return {config, items, source};
}

/** Opens the account, resolves the model and reads the quotas of batch inference. */
export async function setUpBatch(
	config: RunConfig,
	connection: Connection,
	{items, source}: Pick<BatchOrder, 'items' | 'source'> = {items: config.task.items, source: null},
): Promise<BatchSetup> {
	const model = onlyModel(config.models);
	const {override, isRefreshing, tier} = config;
	// The configuration knows the Region of a model that is named by its ARN.
	const {region = connection.region, isRegionOfArn = false} = config.connection;
	const account = await openAccount({
		connection: {...connection, region, isRegionOfArn},
		override,
		isRefreshing,
		tier,
	});
	const {targets, failures} = await resolveTargets([model], account.options);
	await assertReachable(destinationOf(account), failures);
	const [target] = targets;
	if (target === undefined) {
		throw new UserError(`"${model}" could not be resolved.`, {exitCode: 1});
	}
	const [limits, onDemandPrice] = await Promise.all([
		readBatchLimits(account.options.source, target.baseModel),
		priceOf(target),
	]);
	const form = config.method.startsWith('invoke') ? 'InvokeModel' : 'Converse';
	return {
		config,
		batch: {task: {...config.task, items}, variants: config.variants},
		account,
		target,
		form,
		limits,
		onDemandPrice,
		price: batchPrice(onDemandPrice),
		lineOf: lineMaker(target, form, config.maxTokens),
		source,
	};
}
