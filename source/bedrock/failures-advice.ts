import type {FailureClass} from '../engine/failure.ts';
import type {ErrorFacts} from './failures-facts.ts';

/** What was being done when it failed; makes the way out exact. */
export type FailureContext = {
	/** As called; undefined for calls that name no model. */
	readonly model?: string | undefined;
	readonly baseModel?: string | undefined;
	/** IAM action that the call needs, such as `bedrock:InvokeModel`. */
	readonly action?: string | undefined;
	readonly region?: string | undefined;
	/** URL of an endpoint that is not AWS's. */
	readonly endpoint?: string | null | undefined;
};

/** Prefixes of geographic profiles by Region; only named as an example, `models` lists what the account has. */
const geographies: ReadonlyArray<readonly [RegExp, string]> = [
	[/^us-gov-/, 'us-gov'],
	[/^(?:us|ca)-/, 'us'],
	[/^eu-/, 'eu'],
	[/^ap-/, 'apac'],
];

const profileAdvice = ({model, baseModel, region}: FailureContext): string => {
	const base = baseModel ?? model;
	const prefix = geographies.find(([pattern]) => pattern.test(region ?? ''))?.[1];
	const examples = [...(prefix === undefined ? [] : [`${prefix}.${base}`]), `global.${base}`];
	return base === undefined || base.startsWith('arn:')
		? 'Use an inference profile of this model: "bedrock-top models" lists them.'
		: `Use an inference profile of this model, such as ${examples.join(' or ')}: "bedrock-top models" lists those of the Region.`;
};

const permissionAdvice = ({message}: ErrorFacts, {action, model}: FailureContext): string => {
	if (/use case details|fill out .*form/i.test(message)) {
		return 'Fill in the use case form of Anthropic once for the account: Bedrock console, Model catalog, any Claude model. It takes about 15 minutes to come into force.';
	}

	if (/marketplace|agreement|aws-marketplace/i.test(message)) {
		return 'Accept the agreement of this model once: Bedrock console, Model catalog; it needs aws-marketplace:Subscribe and aws-marketplace:ViewSubscriptions.';
	}

	const needed = /not authorized to perform:? ([\w-]+:\w+)/i.exec(message)?.[1] ?? action;
	const resource = /on resource:? (\S+)/i.exec(message)?.[1];
	if (/explicit deny/i.test(message)) {
		return `A policy denies ${needed ?? 'this'}${resource === undefined ? '' : ` on ${resource}`} explicitly, perhaps for a Region that the inference profile uses: ask who looks after the policies of the account.`;
	}

	if (/access to the model|model access/i.test(message)) {
		return `Ask for access to ${model ?? 'the model'} in the Bedrock console (Model catalog), in every Region that the profile uses.`;
	}

	return `Allow ${needed ?? 'the action'}${resource === undefined ? '' : ` on ${resource}`}; an inference profile needs it on the profile and on its foundation model in every Region.`;
};

const validationAdvice = ({message, name}: ErrorFacts, {model}: FailureContext): string => {
	if (/model identifier is invalid|invalid model/i.test(message)) {
		return `Check the spelling of ${model ?? 'the model'} and the Region: "bedrock-top models" lists what can be run.`;
	}

	if (
		/deprecated for this model|cannot both be specified|not support(?:ed)?.*(?:temperature|top_p|topP|top_k)/i.test(
			message,
		)
	) {
		return 'Leave the parameter out of "parameters" in the preset: this model does not take it.';
	}

	if (/prompt caching|cachePoint|cache_control/i.test(message)) {
		return 'Set "cache: false" in the variant: this model does not take cache points.';
	}

	if (/system (?:messages?|prompts?)/i.test(message)) {
		return 'Leave the system prompt out of the variant: this model does not take one.';
	}

	if (/maximum tokens|max_tokens|maxTokens|max tokens/i.test(message)) {
		return 'Lower --max-tokens to what the model allows.';
	}

	if (/too long|too many (?:input )?tokens|context/i.test(message)) {
		return 'Shorten the prompt or put fewer items into a request: it does not fit the model.';
	}

	if (/tier/i.test(message)) {
		return 'Choose another --tier: this model does not offer this one.';
	}

	if (name === 'ServiceQuotaExceededException') {
		return 'Ask for a higher quota: "bedrock-top quotas" names the quota and its code.';
	}

	if (/operation not allowed/i.test(message)) {
		return 'The account may not call Bedrock yet: AWS Support can enable it.';
	}

	return 'Change the request as the message says; another --method may take what this one refuses.';
};

const credentialsAdvice = ({message}: ErrorFacts): string => {
	if (/signature expired|not yet current|clock/i.test(message)) {
		return 'Set the clock of this machine: AWS refuses requests that are minutes off.';
	}

	if (/api key|bearer/i.test(message)) {
		return 'Make a new Bedrock API key for AWS_BEARER_TOKEN_BEDROCK, or unset it and sign in with "aws configure" or "aws sso login".';
	}

	if (/region is missing/i.test(message)) {
		return 'Name the Region with --region or AWS_REGION.';
	}

	return 'Sign in again with "aws sso login" or "aws configure" (name a profile with --profile), or try it without an account: --demo.';
};

const networkAdvice = ({code, status, message}: ErrorFacts, {endpoint}: FailureContext): string => {
	const place = endpoint ? `the endpoint ${endpoint}` : 'the Bedrock endpoint of the Region';
	if (/CERT|SELF_SIGNED|UNABLE_|DEPTH_ZERO|certificate/i.test(`${code ?? ''} ${message}`)) {
		return 'Trust the certificate of your proxy or endpoint: name its file in AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS.';
	}

	if (status === 407) {
		return 'The proxy asks for a password: put it into HTTPS_PROXY (https://user:password@host:port).';
	}

	if (status !== undefined && status < 400) {
		return `Something else answered in place of ${place}: check AWS_ENDPOINT_URL, HTTPS_PROXY and whether the network asks you to sign in.`;
	}

	if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
		return `The name of ${place} cannot be found: check the Region, the network and HTTPS_PROXY.`;
	}

	return code === 'ECONNREFUSED'
		? `Nothing listens at ${place}: check AWS_ENDPOINT_URL and HTTPS_PROXY.`
		: `The connection to ${place} failed: check the network and HTTPS_PROXY.`;
};

/** One sentence with the way out. */
export const adviceFor = (failureClass: FailureClass, facts: ErrorFacts, context: FailureContext): string => {
	switch (failureClass) {
		case 'throttled-requests': {
			return /rate exceeded|^$/i.test(facts.message)
				? 'The service did not say which limit was met; the rate is lowered and grown back slowly.'
				: 'The requests a minute of this quota are used up, perhaps by another application of the account; the rate is lowered and grown back slowly.';
		}

		case 'throttled-tokens': {
			return 'The tokens a minute of this quota are used up, perhaps by another application of the account: lower --max-tokens, which is reserved for every request, or --share.';
		}

		case 'throttled-day': {
			return 'The tokens of this day are used up for the whole account: wait for the next day, use another model, or ask AWS Support; a new account may have been given 0.';
		}

		case 'overloaded': {
			return 'The service has no capacity for this model just now, which is not your quota: the rate is stepped down; a cross-Region or global profile has more to draw on.';
		}

		case 'timeout': {
			return 'The answer took too long: lower --max-tokens or the concurrency.';
		}

		case 'model-error': {
			return facts.name === 'UnreadableAnswer'
				? 'Call this model with --method converse or converse-stream: its own body is not known here.'
				: 'The model failed on this request; it is tried again. If it lasts, try another model or Region.';
		}

		case 'validation': {
			return validationAdvice(facts, context);
		}

		case 'access-denied': {
			return permissionAdvice(facts, context);
		}

		case 'not-found': {
			return /\blegacy\b|end of (?:its )?life/i.test(facts.message)
				? 'Choose a newer model: this one is being retired. "bedrock-top models" lists the active ones.'
				: `Check ${context.model ?? 'the model'} and the Region: "bedrock-top models" lists what can be run.`;
		}

		case 'needs-profile': {
			return profileAdvice(context);
		}

		case 'credentials': {
			return credentialsAdvice(facts);
		}

		case 'network': {
			return networkAdvice(facts, context);
		}

		case 'stream-cut': {
			return 'The answer broke off and is tried again; if it lasts, look at proxies and load balancers on the way.';
		}
	}
};
