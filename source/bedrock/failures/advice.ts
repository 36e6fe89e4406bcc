import type {FailureClass} from '../../domain/backend.ts';
import type {ErrorFacts, FailureContext} from './error-facts.ts';

/** Flags of a run, which a tap does not have: it is another program that sets these. */
const flagsOfRuns = /--(max-tokens|concurrency|method|model|tier)\b/g;

/** One sentence with the way out, for each class of failure. */
export function adviceFor(failureClass: FailureClass, facts: ErrorFacts, context: FailureContext): string {
	return context.isPassedOn === true
		? (passedOnAdvice(failureClass, facts) ??
				ownAdvice(failureClass, facts, context).replaceAll(flagsOfRuns, (_flag, name: string) =>
					name.replace('-', ' '),
				))
		: ownAdvice(failureClass, facts, context);
}

const ownAdvice = (failureClass: FailureClass, facts: ErrorFacts, context: FailureContext): string => {
	switch (failureClass) {
		case 'throttled-requests':
			return throttledRequestsAdvice(facts.message);
		case 'throttled-tokens':
			return 'The tokens per minute of this quota are used up, perhaps by another application of the account: lower --max-tokens, which is reserved for every request, or --share.';
		case 'throttled-day':
			return 'The tokens of this day are used up for the whole account: wait for the next day, use another model, or ask AWS Support; a new account may have been given 0.';
		case 'overloaded':
			return facts.name === 'ModelNotReadyException'
				? 'The model is being loaded, which takes minutes after a time without requests: it is tried again.'
				: 'The service has no capacity for this model just now, which is not your quota: the rate is stepped down; a cross-Region or global profile has more to draw on.';
		case 'timeout':
			return 'The answer took too long: lower --max-tokens or the concurrency.';
		case 'model-error':
			return modelErrorAdvice(facts, context);
		case 'validation':
			return requestAdvice(facts, context);
		case 'access-denied':
			return permissionAdvice(facts, context);
		case 'not-found':
			return unknownModelAdvice(facts, context);
		case 'needs-profile':
			return profileAdvice(context);
		case 'credentials':
			return credentialsAdvice(facts, context);
		case 'network':
			return networkAdvice(facts, context);
		case 'stream-cut':
			return 'The answer broke off and is tried again; if it lasts, look at proxies and load balancers on the way.';
	}
};

/** What differs where a tap only passed the call on: it tries nothing again, and has no rate of its own to lower. */
const passedOnAdvice = (failureClass: FailureClass, {name}: ErrorFacts): string | undefined => {
	switch (failureClass) {
		case 'throttled-requests':
			return 'The requests per minute of this quota are used up, perhaps by another application of the account; with --pace requests wait for room.';
		case 'throttled-tokens':
			return 'The tokens per minute of this quota are used up, perhaps by another application of the account: lower max tokens, which is reserved for every request; with --pace requests wait for room.';
		case 'overloaded':
			return name === 'ModelNotReadyException'
				? 'The model is being loaded, which takes minutes after a time without requests.'
				: 'The service has no capacity for this model just now, which is not your quota; a cross-Region or global profile has more to draw on.';
		case 'timeout':
			return 'The answer took too long: lower max tokens, or send fewer requests at once.';
		case 'model-error':
			return 'The model failed on this request. If it lasts, try another model or Region.';
		case 'stream-cut':
			return 'The answer broke off; if it lasts, look at proxies and load balancers on the way.';
		case 'throttled-day':
		case 'validation':
		case 'access-denied':
		case 'not-found':
		case 'needs-profile':
		case 'credentials':
		case 'network':
			return undefined;
	}
};

const throttledRequestsAdvice = (message: string): string => {
	if (/concurrent/i.test(message)) {
		return 'Too many requests are in flight at once for this model: lower --concurrency.';
	}
	return /rate exceeded|^$/i.test(message)
		? 'The service did not say which limit was met; the rate is lowered and grown back slowly.'
		: 'The requests per minute of this quota are used up, perhaps by another application of the account; the rate is lowered and grown back slowly.';
};

const modelErrorAdvice = ({name}: ErrorFacts, {method, endpoint}: FailureContext): string => {
	if (name === 'EmptyAnswer') {
		return 'It is tried again. If it lasts, try another model, or look at what answers there.';
	}
	if (name !== 'UnreadableAnswer') {
		return 'The model failed on this request; it is tried again. If it lasts, try another model or Region.';
	}
	return method?.startsWith('converse')
		? `What came is not an answer of Converse: look at what answers at ${endpoint ?? 'the endpoint, and at proxies on the way'}.`
		: 'Call this model with --method converse or converse-stream: its own body is not known here.';
};

/** For a connection to the service that is broken, closed or leads elsewhere. */
function networkAdvice(facts: ErrorFacts, {endpoint}: FailureContext): string {
	const {code, host, status, message, isPage} = facts;
	const place = endpointWords(host, endpoint);
	const tls = tlsAdvice(facts, place);
	if (tls !== undefined) {
		return tls;
	}
	if (code === 'ERR_PROXY_TUNNEL' && !/ 407 /.test(message)) {
		return `The proxy in HTTPS_PROXY does not let a connection to ${place} through: ask who runs it, or leave the host out of it with NO_PROXY.`;
	}
	if (status === 407 || code === 'ERR_PROXY_TUNNEL') {
		return 'The proxy asks for a password: put it into HTTPS_PROXY (http://user:password@host:port).';
	}
	if (status === undefined ? isPage : status < (isPage ? 500 : 400)) {
		return `Something else answered in place of ${place}: check AWS_ENDPOINT_URL, HTTPS_PROXY and whether the network asks you to sign in.`;
	}
	if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
		return `The name of ${place} cannot be found: check the Region, the network and HTTPS_PROXY.`;
	}
	if (code === 'ECONNREFUSED') {
		return `Nothing listens at ${place}: check AWS_ENDPOINT_URL and HTTPS_PROXY.`;
	}
	return `The connection to ${place} failed: check the network${endpoint ? ', AWS_ENDPOINT_URL' : ''} and HTTPS_PROXY.`;
}

/**
 * The endpoint that was called: the host in the error may be of another service than the runtime, such as S3 or STS.
 */
const endpointWords = (host: string | undefined, endpoint: string | null | undefined): string => {
	if (endpoint && (host === undefined || URL.parse(endpoint)?.hostname === host)) {
		return `the endpoint ${endpoint}`;
	}
	return host ?? 'the AWS endpoint of the Region';
};

/** For a failed TLS connection; undefined for other failures. */
const tlsAdvice = ({code, message}: ErrorFacts, place: string): string | undefined => {
	if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
		return `The certificate of ${place} is made out to another name: something else answers there, perhaps a proxy; check HTTPS_PROXY${place.startsWith('the endpoint') ? ' and AWS_ENDPOINT_URL' : ''}.`;
	}
	if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
		return `The certificate of ${place} is not valid today: check the clock of this machine, then ask who runs what answers there.`;
	}
	if (code === 'EPROTO' || code?.startsWith('ERR_SSL')) {
		return `${capital(place)} does not speak TLS as it should: check whether its address begins with http:// or https://, and HTTPS_PROXY.`;
	}
	if (/CERT|SELF_SIGNED|UNABLE_|DEPTH_ZERO|certificate/i.test(`${code ?? ''} ${message}`)) {
		return 'Trust the certificate of the proxy or endpoint that answers: name its file in AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS.';
	}
	return undefined;
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

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
function permissionAdvice({message}: ErrorFacts, {action, model, endpoint}: FailureContext): string {
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
function credentialsAdvice({name, message}: ErrorFacts, {endpoint, hasToken}: FailureContext): string {
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
function profileAdvice({model, baseModel, region, profiles}: FailureContext): string {
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
function unknownModelAdvice(
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
function requestAdvice(facts: ErrorFacts, context: FailureContext): string {
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
