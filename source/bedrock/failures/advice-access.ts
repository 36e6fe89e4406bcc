import type {ErrorFacts, FailureContext} from './facts.ts';

/** Ways out where the caller is refused: permissions, agreements and forms, credentials. */

const console = 'Bedrock console, Model catalog';

/** What an account has to do once, which no IAM policy replaces; messages as the service was seen to send them. */
const onceForTheAccount: ReadonlyArray<readonly [RegExp, string]> = [
	[
		/use case details|fill out .*form/i,
		`Fill in the use case form of Anthropic once for the account: ${console}, any Claude model. It takes about 15 minutes to come into force.`,
	],
	[
		/INVALID_PAYMENT_INSTRUMENT|payment (?:instrument|method)/i,
		'Add a valid payment method to the AWS account (Billing console, Payment preferences): the subscription of this model needs one. It takes some minutes to come into force.',
	],
	[
		/marketplace|agreement/i,
		`Accept the agreement of this model once: ${console}; it needs aws-marketplace:Subscribe and aws-marketplace:ViewSubscriptions.`,
	],
	[
		/(?:not|n.t) available (?:for|to|in) (?:this|your) account|contact AWS Sales/i,
		`The account itself has no access to this model, whatever its IAM policies say: ask for it in the ${console}, or AWS Sales as the message says; another model may be open to it.`,
	],
	[
		/your account is not authorized|not allowed for this account|account .*verif/i,
		'The account itself may not call this yet, whatever its IAM policies say: AWS Support can enable it.',
	],
];

/** What the account has to do once; undefined where nothing of the kind is lacking. */
export const accountAdvice = (message: string): string | undefined =>
	onceForTheAccount.find(([pattern]) => pattern.test(message))?.[1];

/** For a caller who may not do it: the IAM action and the resource, or what the account lacks. */
export const permissionAdvice = (
	{message}: ErrorFacts,
	{action, model, endpoint}: FailureContext,
): string => {
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
};

/** Names and words for a request whose time is not the service's. */
const clockNames = new Set(['RequestTimeTooSkewed', 'RequestInTheFuture', 'RequestExpired']);
const clockWords =
	/signature expired|not yet current|\bclock\b|request (?:time|has expired)|time .*too (?:large|skewed)/i;

/** For credentials that are absent, expired or not accepted. */
export const credentialsAdvice = (
	{name, message}: ErrorFacts,
	{endpoint, hasToken}: FailureContext,
): string => {
	if (clockNames.has(name) || clockWords.test(message)) {
		return 'Set the clock of this machine: AWS refuses requests that are minutes off.';
	}

	if (endpoint && hasToken === true) {
		return `The endpoint ${endpoint} does not take the key in AWS_BEARER_TOKEN_BEDROCK: set one that it knows, or ask who runs it.`;
	}

	if (endpoint && /api key/i.test(message)) {
		return `The endpoint ${endpoint} wants a key of its own: set it as AWS_BEARER_TOKEN_BEDROCK.`;
	}

	if (/api key|bearer/i.test(message)) {
		return 'Make a new Bedrock API key for AWS_BEARER_TOKEN_BEDROCK (some hold in one Region only), or unset it and sign in with "aws configure" or "aws sso login".';
	}

	if (/region is missing/i.test(message)) {
		return 'Name the Region with --region or AWS_REGION.';
	}

	return 'Sign in again with "aws sso login" or "aws configure" (name a profile with --profile), or try it without an account: --demo.';
};
