import type {ErrorFacts, FailureContext} from './error-facts.ts';

/**
 * Rules from messages that the service was seen to send to the way out, used by requests and by calls of batch jobs.
 */

const modelCatalog = 'Bedrock console, Model catalog';

/** Steps that an account has to take once and no IAM policy replaces. */
const onceForTheAccount: ReadonlyArray<readonly [RegExp, string]> = [
	[
		/use case details|fill out .*form/i,
		`Fill in the use case form of Anthropic once for the account: ${modelCatalog}, any Claude model. It takes about 15 minutes to come into force.`,
	],
	[
		/INVALID_PAYMENT_INSTRUMENT|payment (?:instrument|method)/i,
		'Add a valid payment method to the AWS account (Billing console, Payment preferences): the subscription of this model needs one. It takes some minutes to come into force.',
	],
	[
		/marketplace|agreement/i,
		`Accept the agreement of this model once: ${modelCatalog}; it needs aws-marketplace:Subscribe and aws-marketplace:ViewSubscriptions.`,
	],
	[
		/(?:not|n.t) available (?:for|to|in) (?:this|your) account|contact AWS Sales/i,
		`The account itself has no access to this model, whatever its IAM policies say: ask for it in the ${modelCatalog}, or AWS Sales as the message says; another model may be open to it.`,
	],
	[
		/your account is not authorized|not allowed for this account|account .*verif/i,
		'The account itself may not call this yet, whatever its IAM policies say: AWS Support can enable it.',
	],
];

/** The step that the account has to take once; undefined where none is missing. */
export function accountAdvice(message: string): string | undefined {
	return onceForTheAccount.find(([pattern]) => pattern.test(message))?.[1];
}

/** For a caller without permission: the IAM action and the resource, or what the account lacks. */
export function permissionAdvice({message}: ErrorFacts, {action, model, endpoint}: FailureContext): string {
	const once = accountAdvice(message);
	if (once !== undefined) {
		return once;
	}
	const named = /not authorized to perform:? ([\w-]+:\w+)/i.exec(message)?.[1];
	const needed = named ?? action;
	const resource = /on resource:? (\S+)/i.exec(message)?.[1];
	if (/explicit deny/i.test(message)) {
		return `A policy denies ${needed ?? 'this'}${resource === undefined ? '' : ` on ${resource}`} explicitly, perhaps for a Region that the inference profile uses: ask who looks after the policies of the account.`;
	}
	if (/access to the model|model access/i.test(message)) {
		return `Ask for access to ${model ?? 'the model'} in the Bedrock console (Model catalog), in every Region that the profile uses.`;
	}
	if (named === undefined && endpoint) {
		return `The endpoint ${endpoint} refuses the call: ask who runs it what it needs.`;
	}
	return `Allow ${needed ?? 'the action'}${resource === undefined ? '' : ` on ${resource}`}; an inference profile needs it on the profile and on its foundation model in every Region.`;
}

/** Errors about a request whose time differs from the service's. */
const clockNames = new Set(['RequestTimeTooSkewed', 'RequestInTheFuture', 'RequestExpired']);
const clockWords =
	/signature expired|not yet current|\bclock\b|request (?:time|has expired)|time .*too (?:large|skewed)/i;

/** For credentials that are absent, expired or refused. */
export function credentialsAdvice({name, message}: ErrorFacts, {endpoint, hasToken}: FailureContext): string {
	if (clockNames.has(name) || clockWords.test(message)) {
		return 'Set the clock of this machine: AWS refuses requests that are minutes off.';
	}
	if (endpoint && hasToken === true) {
		return `The endpoint ${endpoint} does not take the key in AWS_BEARER_TOKEN_BEDROCK: set one that it knows, or ask who runs it.`;
	}
	if (endpoint && /api key/i.test(message)) {
		return `The endpoint ${endpoint} wants its own key: set it as AWS_BEARER_TOKEN_BEDROCK.`;
	}
	if (/api key|bearer/i.test(message)) {
		return 'Make a new Bedrock API key for AWS_BEARER_TOKEN_BEDROCK (some hold in one Region only), or unset it and sign in with "aws configure" or "aws sso login".';
	}
	if (/region is missing/i.test(message)) {
		return 'Name the Region with --region or AWS_REGION.';
	}
	return 'Sign in again with "aws sso login" or "aws configure" (name a profile with --profile), or try it without an account: --demo.';
}

/** Prefixes of geographic profiles by Region; only a guess where the account's profiles are not known. */
const geographies: ReadonlyArray<readonly [RegExp, string]> = [
	[/^us-gov-/, 'us-gov'],
	[/^(?:us|ca)-/, 'us'],
	[/^eu-/, 'eu'],
	[/^ap-/, 'apac'],
];

/** For a base model that has no on-demand throughput: the ID to call it by. */
export function profileAdvice({model, baseModel, region, profiles}: FailureContext): string {
	const where = region ?? 'this Region';
	if (profiles !== undefined) {
		return profiles.length > 0
			? `Call it by an inference profile: --model ${alternatives(profiles)}.`
			: `No inference profile of this model is offered in ${where}: take another Region or model, which "bedrock-top models" lists.`;
	}
	const base = baseModel ?? model;
	if (base === undefined || base.startsWith('arn:')) {
		return 'Use an inference profile of this model: "bedrock-top models" lists them.';
	}
	const prefix = geographies.find(([pattern]) => pattern.test(region ?? ''))?.[1];
	const examples = [...(prefix === undefined ? [] : [`${prefix}.${base}`]), `global.${base}`];
	return `Call it by an inference profile, perhaps ${alternatives(examples)}: "bedrock-top models" lists those of the Region.`;
}

const alternatives = (ids: readonly string[]): string =>
	ids.length < 2 ? ids.join('') : `${ids.slice(0, -1).join(', ')} or ${ids.at(-1)}`;

/** For an identifier that the Region does not know. */
export function unknownModelAdvice(
	{message, name}: Pick<ErrorFacts, 'message' | 'name'>,
	{model, region, profiles, endpoint}: FailureContext,
): string {
	if (endpoint && (name === '' || name === 'UnknownOperationException')) {
		return `Check whether ${endpoint} is an endpoint of Bedrock, and its path: it does not know this call.`;
	}
	if (/\blegacy\b|end of (?:its )?life/i.test(message)) {
		return 'Choose a newer model: this one is being retired. "bedrock-top models" lists the active ones.';
	}
	const others = (profiles ?? []).filter((id) => id !== model);
	return others.length > 0 && !profiles?.includes(model ?? '')
		? `In ${region ?? 'this Region'} this model is called ${alternatives(others)}.`
		: `Check the spelling of ${model ?? 'the model'} and the Region: "bedrock-top models" lists what can be run.`;
}

type Rule = readonly [
	RegExp,
	string | ((match: readonly string[], facts: ErrorFacts, context: FailureContext) => string),
];

const withoutParameter = (name: string): string =>
	/stop/i.test(name)
		? 'Leave "stop" out of the variant: this model does not take stop sequences.'
		: `Leave "${name}" out of "parameters" in the preset: this model does not take it.`;

/** The first rule that matches holds; messages as the service was seen to send them. */
const requestRules: readonly Rule[] = [
	[
		/model identifier is invalid|invalid model|at 'modelId' failed/i,
		(_, facts, context) => unknownModelAdvice(facts, context),
	],
	[/n.t support the [`"']?(\w+)[`"']? field/i, (match) => withoutParameter(match[1] ?? '')],
	[/[`"']?(\w+)[`"']? is deprecated for this model/i, (match) => withoutParameter(match[1] ?? '')],
	[
		/cannot both be specified/i,
		'Leave one of the two out of "parameters" in the preset: this model takes only one of them.',
	],
	[
		/n.t support(?:ed)?.*(?:temperature|top_p|topP|top_k)/i,
		'Leave the parameter out of "parameters" in the preset: this model does not take it.',
	],
	[
		/latency (?:performance|optimi[sz]ed)|performance ?config/i,
		'Leave "performanceConfig" out of "parameters": latency-optimised inference exists for few models, in few Regions.',
	],
	[
		/prompt caching|cachePoint|cache_control/i,
		'Set "cache: false" in the variant: this model does not take cache points.',
	],
	[
		/system (?:messages?|prompts?)/i,
		'Leave the system prompt out of the variant: this model does not take one.',
	],
	[
		/required key \[|extraneous key \[/i,
		'Use --method converse or converse-stream: the body is not in the form that this model takes.',
	],
	[
		/budget.?tokens?.*(?:at least|greater than or equal to|>=|minimum)|minimum .*budget.?tokens?/i,
		'Raise the thinking budget ("budget_tokens" in "parameters") to what the message says, and --max-tokens above it.',
	],
	[
		/thinking.?budget|budget.?tokens/i,
		'Raise --max-tokens above the thinking budget, or lower the budget ("budget_tokens" in "parameters"): thinking is part of the max tokens.',
	],
	[
		/input length and .?max_?tokens.? exceed|prompt is too long|context (?:length|window|limit)|maximum context/i,
		'Shorten the prompt, put fewer items into a request or lower --max-tokens: prompt and answer do not fit the window of the model together.',
	],
	[
		/maximum tokens|max_?(?:new_|completion_)?tokens|max tokens|maxTokenCount|max_gen_len/i,
		'Lower --max-tokens to what the model allows.',
	],
	[
		/too long|too many (?:input )?tokens|context (?:length|window|limit)|maximum context/i,
		'Shorten the prompt or put fewer items into a request: it does not fit the model.',
	],
	[
		/\btier\b|reservation not found/i,
		'Choose another --tier: this model does not offer this one, or the account has no reservation of it.',
	],
	[
		/must be non-?empty|(?:is|are|cannot be) (?:empty|blank)|empty (?:text|content)/i,
		'Look at the prompt and the items: a text of the request is empty, and this model does not take an empty one.',
	],
	[
		/streaming|support the \w+ (?:action|operation)|action doesn.t support the model/i,
		'Choose another --method (converse, converse-stream, invoke, invoke-stream): this model does not take this one.',
	],
	[/operation not allowed/i, 'The account may not call Bedrock yet: AWS Support can enable it.'],
	[
		/unsupported countries/i,
		'Take a model of another provider: Anthropic does not offer its models where this account or this connection is.',
	],
	[
		/content filters?|responsible ai/i,
		'Change the prompt: a filter of the service refuses it, and no setting of a run changes that.',
	],
];

/** For a request that is not valid. */
export function requestAdvice(facts: ErrorFacts, context: FailureContext): string {
	if (facts.name === 'ServiceQuotaExceededException') {
		return 'Ask for a higher quota: "bedrock-top quotas" names the quota and its code.';
	}
	for (const [pattern, advice] of requestRules) {
		const match = pattern.exec(facts.message);
		if (match !== null) {
			return typeof advice === 'string' ? advice : advice(match, facts, context);
		}
	}
	if (facts.status === 413) {
		return 'Shorten the prompt or put fewer items into a request: it is too large for the service or a proxy on the way.';
	}
	return facts.status === 501
		? `The endpoint${context.endpoint ? ` ${context.endpoint}` : ''} does not offer this call: use another --method or the service itself.`
		: 'Change the request as the message says; another --method may take what this one refuses.';
}
