import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {createBackend} from '../../../source/bedrock/backend.ts';
import {createClients} from '../../../source/bedrock/clients/clients.ts';
import type {FailureClass, Method} from '../../../source/domain/backend.ts';
import {jsonHeaders, plainRequest} from '../../conformance/harness.ts';
import {type ReplayServer, startReplayServer} from '../../conformance/replay-server.ts';
import {awsHome} from '../credentials/harness.ts';

/**
 * Tests source/bedrock/failures/classify.ts and advice.ts: class and way out of answers that the
 * service was seen to send.
 */

const home = awsHome();
let server: ReplayServer;

beforeEach(async () => {
	server = await startReplayServer();
});

afterEach(async () => {
	await server.close();
});

type Case = {
	readonly name?: string;
	readonly status?: number;
	/** Message of the service; `body` is the whole of it. */
	readonly message?: string;
	readonly body?: string;
	readonly method?: Method;
	readonly environment?: Readonly<Record<string, string>>;
	readonly class: FailureClass;
	readonly says?: RegExp;
	readonly advice: RegExp;
	/** Advice that would lead astray. */
	readonly not?: RegExp;
	readonly isRetryable?: boolean;
};

const cases: Readonly<Record<string, Case>> = {
	'the clock, by S3': {
		name: 'RequestTimeTooSkewed',
		status: 403,
		message: 'The difference between the request time and the current time is too large.',
		class: 'credentials',
		advice: /Set the clock/,
		not: /who runs it/,
	},
	'the clock, by a signature that has expired': {
		name: 'InvalidSignatureException',
		status: 403,
		message: 'Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z',
		class: 'credentials',
		advice: /Set the clock/,
	},
	'the clock, by a signature to come': {
		name: 'SignatureDoesNotMatch',
		status: 403,
		message: 'Signature not yet current: 20270101T000000Z is still later than 20260101T000000Z',
		class: 'credentials',
		advice: /Set the clock/,
	},
	'the clock, by a request in the future': {
		name: 'RequestInTheFuture',
		status: 403,
		message: 'Request is from the future.',
		class: 'credentials',
		advice: /Set the clock/,
	},
	'a model past its end of life': {
		name: 'ResourceNotFoundException',
		status: 404,
		message: 'This model version has reached the end of its life. Please refer to the AWS documentation.',
		class: 'not-found',
		advice: /newer model/,
	},
	'the same as an invalid request': {
		name: 'ValidationException',
		message: 'This model version has reached the end of its life.',
		class: 'not-found',
		advice: /newer model/,
	},
	'a model that its provider calls legacy': {
		name: 'AccessDeniedException',
		status: 403,
		message:
			'Access denied. This Model is marked by provider as Legacy and you have not been actively using it.',
		class: 'not-found',
		advice: /newer model/,
	},
	'a model that the account may not have': {
		name: 'AccessDeniedException',
		status: 403,
		message:
			'anthropic.claude-opus-5 is not available for this account. You can explore other available models on Amazon Bedrock. For additional access options, contact AWS Sales.',
		class: 'access-denied',
		advice: /The account itself has no access.*AWS Sales/,
		not: /bedrock:InvokeModel/,
	},
	'max tokens below the thinking budget': {
		name: 'ValidationException',
		message: '`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation.',
		class: 'validation',
		advice: /Raise --max-tokens above the thinking budget/,
		not: /Lower --max-tokens/,
	},
	'a thinking budget that is too small': {
		name: 'ValidationException',
		message: 'thinking.budget_tokens: Input should be greater than or equal to 1024',
		class: 'validation',
		advice: /Raise the thinking budget/,
	},
	'max tokens above what the model allows': {
		name: 'ValidationException',
		message: 'max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens',
		class: 'validation',
		advice: /Lower --max-tokens/,
	},
	'prompt and max tokens beyond the window': {
		name: 'ValidationException',
		message: 'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000',
		class: 'validation',
		advice: /Shorten the prompt.*window/,
	},
	'a prompt beyond the window': {
		name: 'ValidationException',
		message: 'prompt is too long: 210000 tokens > 200000 maximum',
		class: 'validation',
		advice: /Shorten the prompt/,
		not: /Lower --max-tokens to what/,
	},
	'nothing in the body': {
		status: 200,
		body: '{}',
		class: 'model-error',
		says: /The answer is empty/,
		advice: /tried again/,
		not: /--method/,
		isRetryable: true,
	},
	'no message in the output': {
		status: 200,
		body: '{"output":{},"usage":{"inputTokens":1,"outputTokens":0,"totalTokens":1}}',
		class: 'model-error',
		says: /The answer is empty/,
		advice: /tried again/,
		isRetryable: true,
	},
	'nothing in the body of the model': {
		method: 'invoke',
		status: 200,
		body: '',
		class: 'model-error',
		says: /The answer is empty/,
		advice: /tried again/,
		isRetryable: true,
	},
	'null in place of an answer': {
		status: 200,
		body: 'null',
		class: 'network',
		says: /cannot be read/,
		advice: /Something else answered/,
		not: /null/,
	},
	'something that is no answer of Converse': {
		status: 200,
		body: '{"output":{"text":"hello"}}',
		class: 'model-error',
		says: /none of the known shapes|empty/,
		advice: /./,
		not: /--method converse/,
	},
	'a body of a model that is not known': {
		method: 'invoke',
		status: 200,
		body: '{"surprise":"hello"}',
		class: 'model-error',
		says: /none of the known shapes/,
		advice: /--method converse/,
		isRetryable: false,
	},
	"a key that one's own endpoint does not take": {
		name: 'AccessDeniedException',
		status: 403,
		message: 'Authentication failed: Please make sure your API Key is valid.',
		environment: {AWS_BEARER_TOKEN_BEDROCK: 'sk-something-of-mine'},
		class: 'credentials',
		advice: /does not take the key in AWS_BEARER_TOKEN_BEDROCK/,
		not: /wants its own key/,
	},
	'an endpoint that wants a key': {
		name: 'AccessDeniedException',
		status: 403,
		message: 'Authentication failed: no API key was sent.',
		class: 'credentials',
		advice: /wants its own key/,
	},
};

const ask = async ({method = 'converse', environment = {}}: Partial<Case>) => {
	home.prepare({
		environment: {
			AWS_REGION: 'us-east-1',
			AWS_ENDPOINT_URL: server.url,
			AWS_ACCESS_KEY_ID: 'a',
			AWS_SECRET_ACCESS_KEY: 'b',
			...environment,
		},
	});
	const clients = createClients(
		{region: undefined, profile: undefined, simulatorUrl: undefined},
		{maxSockets: 1},
	);
	const outcome = await createBackend(clients).invoke(
		{...plainRequest(), method},
		{signal: new AbortController().signal, onFirstToken() {}},
	);
	clients.close();
	return outcome;
};

describe('the reason and the way out', () => {
	it.each(Object.entries(cases))('%s', async (_title, given) => {
		server.play({
			status: given.status ?? 400,
			headers: {...jsonHeaders, ...(given.name === undefined ? {} : {'x-amzn-errortype': given.name})},
			body: Buffer.from(given.body ?? JSON.stringify({message: given.message})),
		});
		const outcome = await ask(given);
		const failure = outcome.kind === 'failed' ? outcome.failure : undefined;
		expect(failure?.class).toBe(given.class);
		expect(failure?.message).toMatch(given.says ?? /./);
		expect(failure?.advice).toMatch(given.advice);
		expect(given.not?.test(`${failure?.message} ${failure?.advice}`) ?? false).toBe(false);
		expect(failure?.isRetryable).toBe(given.isRetryable ?? failure?.isRetryable);
	});

	it('a guardrail that stepped in before there was a message: refused, and no failure', async () => {
		server.play({
			status: 200,
			headers: jsonHeaders,
			body: Buffer.from(
				'{"output":{},"stopReason":"guardrail_intervened","usage":{"inputTokens":0,"outputTokens":0,"totalTokens":0}}',
			),
		});
		expect(await ask({})).toMatchObject({
			kind: 'answered',
			isRefused: true,
			stopReason: 'guardrail_intervened',
		});
	});

	it('a clock that the SDK has set by the refusal: the request may be tried again', async () => {
		const wrong = new Date(Date.now() + 3_600_000).toUTCString();
		server.play({
			status: 403,
			headers: {...jsonHeaders, 'x-amzn-errortype': 'InvalidSignatureException', date: wrong},
			body: Buffer.from('{"message":"Signature expired: a is now earlier than b"}'),
		});
		expect(await ask({})).toMatchObject({kind: 'failed', failure: {class: 'credentials', isRetryable: true}});
	});
});
