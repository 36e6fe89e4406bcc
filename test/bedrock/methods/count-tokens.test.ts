import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {parseArguments} from '../../../source/config/parse-arguments.ts';
import {resolveRun} from '../../../source/config/resolve-run.ts';
import {UserError} from '../../../source/domain/user-error.ts';
import {prepare} from '../../../source/threads/prepare.ts';

/** Tests source/bedrock/backend.ts: how prompts are counted. */

/** A service that knows some models, and answers CountTokens as it is told; what is sent to any model is noted. */

const known = 'amazon.nova-lite-v1:0';
type Answer = {readonly status: number; readonly headers?: Record<string, string>; readonly body: string};

const named = (name: string): Record<string, string> => ({
	'x-amzn-errortype': `${name}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
});
const refusal = (status: number, name: string, message: string): Answer => ({
	status,
	headers: named(name),
	body: JSON.stringify({message}),
});

const lists: Readonly<Record<string, unknown>> = {
	'/foundation-models': {modelSummaries: [{modelId: known, inferenceTypesSupported: ['ON_DEMAND']}]},
	'/inference-profiles': {
		inferenceProfileSummaries: [
			{
				inferenceProfileId: `us.${known}`,
				inferenceProfileArn: `arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.${known}`,
				models: [],
			},
		],
	},
};

let counting: Answer = {status: 200, body: '{"inputTokens":7}'};
const sent: string[] = [];
const service = createServer((request, response) => {
	const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '');
	request.resume();
	if (path.startsWith('/model/')) {
		sent.push(path);
	}
	const isCounting = path.endsWith('/count-tokens');
	const body = isCounting ? counting.body : JSON.stringify(lists[path] ?? {Quotas: []});
	response.writeHead(isCounting ? counting.status : 200, {
		'content-type': 'application/json',
		...(isCounting ? counting.headers : {}),
	});
	response.end(body);
});
let url: string;

beforeAll(async () => {
	await new Promise<void>((resolve) => {
		service.listen(0, '127.0.0.1', resolve);
	});
	url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
});

afterAll(() => {
	service.closeAllConnections();
	service.close();
});

beforeEach(() => {
	sent.length = 0;
});

const prepared = async (model: string, answer: Answer) => {
	counting = answer;
	const {words, flags} = parseArguments(['run', 'summarize', '-m', model]);
	const config = await resolveRun(words[0], flags, async () => '');
	const done = prepare(
		{...config, connection: {...config.connection, simulatorUrl: url}},
		() => {},
		new AbortController().signal,
	);
	const {clients, ...rest} = await done;
	clients.close();
	return rest;
};

const faultOf = async (model: string, answer: Answer): Promise<UserError> => {
	const error = await prepared(model, answer).then(
		() => undefined,
		(thrown: unknown) => thrown,
	);
	expect(error).toBeInstanceOf(UserError);
	expect(error).toMatchObject({exitCode: 1});
	expect(sent.filter((path) => !path.endsWith('/count-tokens'))).toEqual([]);
	return error as UserError;
};

const invalid = refusal(400, 'ValidationException', 'The provided model identifier is invalid.');
const form = refusal(
	404,
	'ResourceNotFoundException',
	'Model use case details have not been submitted for this account. Fill out the Anthropic use case details form before using the model.',
);
const expired = refusal(
	403,
	'ExpiredTokenException',
	'The security token included in the request is expired',
);

describe('what is refused anyway is found before anything is sent', () => {
	it('an identifier that is none', async () => {
		const {message, hint} = await faultOf('amazon.nova-lite-v9:0', invalid);
		expect(message).toBe('amazon.nova-lite-v9:0 is refused: The provided model identifier is invalid.');
		expect(hint).toContain('bedrock-top models');
	});

	it.each([
		refusal(403, 'AccessDeniedException', "You don't have access to the model with the specified model ID."),
		refusal(
			403,
			'AccessDeniedException',
			'Model access is denied due to INVALID_PAYMENT_INSTRUMENT:A valid payment instrument must be provided.',
		),
		refusal(404, 'ResourceNotFoundException', 'This model version has reached the end of its life.'),
		refusal(
			404,
			'ResourceNotFoundException',
			'Could not resolve the foundation model from the provided model identifier.',
		),
	])('a model that the account may not or can no longer call: $body', async (answer) => {
		expect((await faultOf(known, answer)).message).toContain(`${known} is refused`);
	});

	it.each([known, `us.${known}`])(
		'a missing form and bad credentials, however %s is called',
		async (model) => {
			expect((await faultOf(model, form)).hint).toContain('use case form');
			expect((await faultOf(model, expired)).message).toMatch(/^The AWS credentials are not accepted: /);
			const key = refusal(
				403,
				'AccessDeniedException',
				'Authentication failed: Please make sure your API Key is valid.',
			);
			expect((await faultOf(model, key)).message).toMatch(/^The AWS credentials are not accepted: /);
		},
	);
});

describe('what says nothing of the requests to come stops nobody', () => {
	it.each<[string, string, Answer]>([
		[
			'unsupported',
			known,
			refusal(400, 'ValidationException', "The provided model doesn't support counting tokens."),
		],
		['an identifier that the Region lists', known, invalid],
		['a profile, whose base model this Region may lack', 'us.amazon.nova-lite-v9:0', invalid],
		[
			'a denial of the count alone',
			known,
			refusal(
				403,
				'AccessDeniedException',
				'User: arn:aws:iam::123456789012:user/x is not authorized to perform: bedrock:CountTokens on resource: x',
			),
		],
		[
			'a denial of a profile’s base model',
			`us.${known}`,
			refusal(
				403,
				'AccessDeniedException',
				"You don't have access to the model with the specified model ID.",
			),
		],
		['an unknown call', known, {status: 404, body: '{"detail":"Not Found"}'}],
		['an unknown call of AWS', known, refusal(404, 'UnknownOperationException', '')],
		[
			'an unknown path of a gateway',
			known,
			refusal(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token'),
		],
		['a gateway that forbids', known, refusal(403, 'ForbiddenException', 'Forbidden')],
		['an unknown refusal', 'amazon.nova-lite-v9:0', {status: 400, body: '{"message":"model not found"}'}],
		[
			'a page',
			known,
			{status: 403, headers: {'content-type': 'text/html'}, body: '<html><title>No</title></html>'},
		],
		['an emulator', known, {status: 501, body: '{"__type":"InternalFailure","message":"not emulated"}'}],
		[
			'a throttle',
			known,
			refusal(429, 'ThrottlingException', 'Too many requests, please wait before trying again.'),
		],
		['nothing', known, {status: 400, body: ''}],
	])('%s', async (_title, model, answer) => {
		const {spec} = await prepared(model, answer);
		expect(spec.cells.every(({inputTokens}) => inputTokens.isEstimated)).toBe(true);
		expect(sent.every((path) => path.endsWith('/count-tokens'))).toBe(true);
	});

	it('a count is exact', async () => {
		const {spec} = await prepared(known, {status: 200, body: '{"inputTokens":7}'});
		expect(spec.cells[0]?.inputTokens).toEqual({value: 7, isEstimated: false});
	});
});
