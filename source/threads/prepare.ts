import {destinationOf, listOptions, openAccount} from '../bedrock/account-access.ts';
import {type BedrockBackend, createBackend, fittingMethod} from '../bedrock/backend.ts';
import {type Clients, createClients} from '../bedrock/clients/clients.ts';
import {assertReachable} from '../bedrock/clients/reachability.ts';
import {familyOf} from '../bedrock/families/registry.ts';
import {emptyModelIndex, identify, type ModelIndex, mantlePrefix} from '../bedrock/identify/identify.ts';
import {listRunnableModels} from '../bedrock/identify/runnable-models.ts';
import {methodFor} from '../bedrock/mantle/dialect.ts';
import {foreignPriceRemark, priceOf} from '../bedrock/prices.ts';
import {resolveTargets} from '../bedrock/quotas/resolve-targets.ts';
import {estimatedTokens, utf8Bytes} from '../domain/accounting.ts';
import {
	type Backend,
	callSilenceMs,
	type InferenceRequest,
	isMantleMethod,
	type Method,
} from '../domain/backend.ts';
import type {Lane} from '../domain/bucket-usage.ts';
import type {
	CellSpec,
	Connection,
	Plan,
	Price,
	QuotaOverride,
	RunConfig,
	RunSpec,
} from '../domain/run-config.ts';
import type {ListedModel, Target} from '../domain/target.ts';
import {recordedFor, typicalOf, type Variant} from '../domain/task.ts';
import {UserError} from '../domain/user-error.ts';
import {assertPriced} from '../metrics/decisions/cost-refusal.ts';
import {makePlan} from '../metrics/decisions/make-plan.ts';
import {judgesOf} from '../prompts/checks.ts';
import {chatInLane, composePrompt, composeRecorded} from '../prompts/compose.ts';
import {didYouMean} from '../text/nearest-name.ts';
import {formatSpan} from '../text/numbers.ts';

/** Everything that is known before the first request: buckets, prices, input tokens, and the plan. */
export type Prepared = {
	readonly spec: RunSpec;
	readonly plan: Plan;
	readonly backend: Backend;
	readonly clients: Clients;
};

/** Where the quota decides the concurrency, sockets for all that it may allow. */
const socketsOf = ({load}: RunConfig): number =>
	load.shape === 'saturate' || load.shape === 'rate' || load.shape === 'replay' ? 512 : load.concurrency + 2;

/** In a replay the mean size of what a target gets. */
const typicalFor = (
	{task: {recorded}}: RunConfig,
	{model}: Target,
): ReturnType<typeof typicalOf> | undefined =>
	recorded === undefined ? undefined : typicalOf(recordedFor(recorded, model));

const firstRequest = (config: RunConfig, variant: Variant, target: Target, lane: Lane): InferenceRequest => {
	const {task} = config;
	const typical = typicalFor(config, target);
	const {system, user} =
		typical === undefined
			? composePrompt(
					variant,
					task,
					chatInLane(task, lane) === undefined ? task.items.slice(0, variant.itemsPerRequest) : [],
				)
			: composeRecorded(variant, task, typical);
	return {
		model: target.model,
		baseModel: target.baseModel,
		method: methodFor(target, config.method),
		system,
		messages: [{role: 'user', text: user}],
		maxTokens: variant.maxTokens ?? config.maxTokens,
		stop: variant.stop,
		parameters: variant.parameters,
		cache: variant.cache,
		tier: config.tier,
	};
};

/** A method of bedrock-mantle calls all models there. @throws UserError (exit 2) for a profile, which it does not know. */
const modelsFor = ({models, method}: RunConfig): readonly string[] =>
	isMantleMethod(method)
		? models.map((model) => {
				const {kind, baseModel} = identify(model, emptyModelIndex);
				if (kind !== 'base-model') {
					throw new UserError(`--method ${method}: bedrock-mantle does not know ${model}.`, {
						exitCode: 2,
						hint: `It takes the model itself, as in -m ${baseModel.startsWith('arn:') ? 'anthropic.claude-opus-5' : baseModel}.`,
					});
				}
				return model.startsWith(mantlePrefix) ? model : `${mantlePrefix}${model}`;
			})
		: models;

/** The method by which all targets are called; where they differ, the one of bedrock-runtime. */
const commonMethod = (targets: readonly Target[], method: Method): Method => {
	const [first = method, ...others] = new Set(targets.map((target) => methodFor(target, method)));
	return others.length === 0 ? first : method;
};

const charactersOf = ({system, messages}: InferenceRequest): number =>
	(system ?? '').length + messages.reduce((sum, {text}) => sum + text.length, 0);

const bytesOf = ({system, messages}: InferenceRequest): number =>
	utf8Bytes(system ?? '') + messages.reduce((sum, {text}) => sum + utf8Bytes(text), 0);

const countInput = async (
	backend: Backend,
	request: InferenceRequest,
	signal: AbortSignal,
): Promise<CellSpec['inputTokens']> => {
	const counted = await backend.countTokens(request, signal);
	return counted === undefined
		? {value: estimatedTokens(charactersOf(request)), isEstimated: true, most: bytesOf(request)}
		: {value: counted, isEstimated: false};
};

const laneOf = (config: RunConfig, variant: Variant): {lane: Lane; ratePerMinute: number | null}[] => {
	const own = config.lanes.filter(({variants}) => variants.includes(variant.name));
	return own.length === 0
		? [{lane: 'normal', ratePerMinute: null}]
		: own.map(({lane, ratePerMinute}) => ({lane, ratePerMinute}));
};

const onlyItemsOf = (
	{missing}: RunConfig,
	variant: Variant,
	{model}: Target,
): Pick<CellSpec, 'onlyItems'> => {
	const own = missing?.find((each) => each.variant === variant.name && each.model === model);
	return missing === undefined ? {} : {onlyItems: own?.items ?? []};
};

const makeCells = async (
	config: RunConfig,
	targets: readonly Target[],
	prices: ReadonlyArray<Price | null>,
	backend: Backend,
	signal: AbortSignal,
): Promise<readonly CellSpec[]> => {
	const pairs = targets.flatMap((target, targetIndex) =>
		config.variants.flatMap((variant, variantIndex) =>
			laneOf(config, variant).map((lane) => ({target, targetIndex, variant, variantIndex, lane})),
		),
	);
	return Promise.all(
		pairs.map(async ({target, targetIndex, variant, variantIndex, lane}) => ({
			variant: variantIndex,
			target: targetIndex,
			...lane,
			inputTokens: await countInput(backend, firstRequest(config, variant, target, lane.lane), signal),
			maxTokens: typicalFor(config, target)?.outputTokens ?? variant.maxTokens ?? config.maxTokens,
			price: prices[targetIndex] ?? null,
			method: methodFor(target, config.method),
			...onlyItemsOf(config, variant, target),
		})),
	);
};

/** Only a measurement whose one purpose is to choose among variants. */
const isEliminating = (config: RunConfig): boolean =>
	(config.isEliminating ?? false) &&
	config.load.shape === 'measure' &&
	config.variants.length > 1 &&
	config.serviceLevel === null &&
	config.missing === undefined &&
	!config.isBalanced;

/** What is resolved here, or says what the account may do, stays behind; the settings go on as they are. */
const specOf = (config: RunConfig, targets: readonly Target[], cells: readonly CellSpec[]): RunSpec => {
	const {
		models,
		missing,
		remarks,
		lanes,
		tier,
		override,
		isRefreshing,
		guards,
		connection,
		ledger,
		isMethodTyped,
		...settings
	} = config;
	return {
		...settings,
		targets,
		cells,
		isEliminating: isEliminating(config),
		maxRequests: guards.maxRequests,
		maxAttempts: guards.maxAttempts,
		maxCostUsd: connection.simulatorUrl === undefined || guards.isMaxCostGiven ? guards.maxCostUsd : null,
		isMaxCostGiven: guards.isMaxCostGiven ?? false,
		timeoutMs: connection.timeoutMs,
		windowMs: 60_000,
	};
};

/** @throws UserError (exit 2) when a chat names a model that cannot hold a conversation. */
const assertConversational = ({task}: RunConfig, targets: readonly Target[]): void => {
	const speechless = targets.find(({baseModel}) => familyOf(baseModel).holdsConversation === false);
	if (task.chat !== undefined && speechless !== undefined) {
		throw new UserError(
			`${speechless.model} cannot hold a conversation: it takes one user message and no history.`,
			{exitCode: 2, hint: 'Name a chat model with -m MODEL.'},
		);
	}
};

/** @throws UserError (exit 2) for a judge that the Region does not list: no answer could ever pass. */
const assertJudges = (targets: readonly Target[], modelIndex: ModelIndex | undefined): void => {
	const listed = modelIndex?.models ?? [];
	const unknown = targets.find(
		({baseModel, scope}) =>
			scope !== 'mantle' &&
			!baseModel.startsWith('arn:') &&
			listed.length > 0 &&
			modelIndex?.model(baseModel) === undefined,
	);
	if (unknown !== undefined) {
		const names = listed.map(({modelId}) => modelId);
		throw new UserError(`judge: ${unknown.region} lists no model "${unknown.model}".`, {
			exitCode: 2,
			hint: `${didYouMean(unknown.model, names)}"bedrock-top models" lists what can be run.`,
		});
	}
};

/** @throws UserError (exit 1) when counting showed that a model will be refused: nothing is sent then. */
const assertAccepted = (targets: readonly Target[], backend: BedrockBackend): void => {
	for (const {model} of targets) {
		const refusal = backend.refusalOf(model);
		if (refusal !== undefined) {
			const subject =
				refusal.class === 'credentials' ? 'The AWS credentials are not accepted' : `${model} is refused`;
			throw new UserError(`${subject}: ${refusal.message}`, {exitCode: 1, hint: refusal.advice});
		}
	}
};

/**
 * Resolves quotas and prices, counts the input of every variant and makes the plan. Nothing is sent to a model yet.
 * @param onStep Called with what is being waited for, in words.
 * @throws UserError (exit 1) without a Region, credentials or a reachable endpoint, or for a model that will be refused;
 * (exit 2) for a typed limit on the cost where a price is not known.
 */
export async function prepare(
	config: RunConfig,
	onStep: (step: string) => void,
	signal: AbortSignal,
): Promise<Prepared> {
	const clients = createClients(config.connection, {maxSockets: socketsOf(config)});
	try {
		return await prepareWith(clients, config, onStep, signal);
	} catch (error) {
		clients.close();
		throw error;
	}
}

const prepareWith = async (
	clients: Clients,
	wished: RunConfig,
	onStep: (step: string) => void,
	signal: AbortSignal,
): Promise<Prepared> => {
	onStep('credentials and Region');
	const region = await clients.region();
	await clients.checkCredentials();
	const asked = clients.account();
	onStep('quotas');
	const models = modelsFor(wished);
	const judging = judgesOf(wished.task.checks).map(({model}) => model);
	const resolved = await resolveTargets([...models, ...judging], listOptions(clients, region, wished));
	const {remarks, failures, modelIndex} = resolved;
	const targets = resolved.targets.slice(0, models.length);
	const judgeTargets = resolved.targets.slice(models.length);
	await assertReachable({endpoint: clients.endpoint, region}, failures);
	const fitting = fittingMethod(wished.method, wished.isMethodTyped ?? false, targets, modelIndex);
	const {method, remark: methodRemark} = {...fitting, method: commonMethod(targets, fitting.method)};
	const config = {...wished, method};
	assertConversational(config, targets);
	assertJudges(judgeTargets, modelIndex);
	const silenceMs = config.connection.timeoutMs ?? callSilenceMs;
	const backend = createBackend(clients, modelIndex, silenceMs);
	onStep('input tokens and prices');
	const prices = await Promise.all(targets.map(async (target) => priceOf(target)));
	const judges = await Promise.all(
		judgeTargets.map(async (target) => ({
			target,
			method: methodFor(target, config.method),
			price: (await priceOf(target)) ?? null,
		})),
	);
	assertPriced(
		[
			...targets.filter((_, index) => prices[index] == null),
			...judges.flatMap(({target, price}) => (price === null ? [target] : [])),
		],
		config.guards,
	);
	const cells = await makeCells(config, targets, prices, backend, signal);
	assertAccepted(targets, backend);
	const spec = {
		...specOf(config, targets, cells),
		...(judges.length === 0 ? {} : {judges}),
		methodNote: methodRemark,
	};
	const uncounted = backend
		.uncounted()
		.map(
			(model) =>
				`${model}: its input tokens were not counted within ${formatSpan(silenceMs)} (CountTokens): they are estimated until the first answer.`,
		);
	const account = await asked;
	const foreign = targets.map((target, index) => foreignPriceRemark(target, prices[index] ?? null));
	const plan = makePlan(spec, [
		...(config.remarks ?? []),
		...(methodRemark === undefined ? [] : [methodRemark]),
		...clients.remarks,
		...remarks,
		...uncounted,
		...foreign.filter((remark) => remark !== undefined),
	]);
	return {spec, plan: {...plan, method, ...(account === undefined ? {} : {account})}, backend, clients};
};

/** The configuration that a list of models needs. */
export type ListingConfig = Pick<RunConfig, 'isRefreshing'> & {
	readonly connection: Connection;
	readonly override: QuotaOverride;
};

/**
 * Models that can be run in the Region.
 * @throws UserError (exit 1) without a Region, credentials or a reachable endpoint.
 */
export async function listModels(config: ListingConfig): Promise<readonly ListedModel[]> {
	const account = await openAccount({...config, tier: undefined});
	try {
		const {entries, failures} = await listRunnableModels(account.options, account.clients.mantle);
		await assertReachable({...destinationOf(account), needsLists: true}, failures);
		return await Promise.all(
			entries.map(async (entry) => {
				const {model, baseModel, scope, region, quota, name} = entry;
				return {model, baseModel, scope, region, quota, name, price: await priceOf(entry)};
			}),
		);
	} finally {
		account.clients.close();
	}
}
