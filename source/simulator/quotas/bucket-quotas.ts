import {createHash, randomUUID} from 'node:crypto';
import type {Scope} from '../catalog/model.ts';
import type {ResolvedModel} from '../catalog/profiles.ts';
import type {BucketLimits} from '../enforcement.ts';
import type {SimulatorOptions} from '../options.ts';

/** The quotas of the simulated account, by bucket: what is listed, and what is enforced. */

/** A limit of a bucket: its Service Quotas code, AWS's default and the applied value of the simulated account. */
export type LimitRow = readonly [
	code: string,
	defaultValue: number,
	/** Undefined: Service Quotas does not list an applied value, the default holds. */
	applied: number | undefined,
];

/** The limits of one model on one route. */
export type BucketQuota = {
	readonly model: string;
	readonly scope: Scope;
	/** The model's name in the names of its quotas. */
	readonly label: string;
	/** The same in the name of the requests quota. */
	readonly requestsLabel: string;
	readonly requests: LimitRow | undefined;
	readonly tokens: LimitRow | undefined;
	/**
	 * Per day; on the on-demand route's row, which counts double for cross-Region calls, or on the global route's
	 * row.
	 */
	readonly day: LimitRow | undefined;
	/** Older rows write "Cross-Region". */
	readonly isCapitalised: boolean;
};

/** A quota as Service Quotas lists it. */
export type QuotaRow = {
	readonly code: string;
	readonly name: string;
	readonly defaultValue: number;
	/** Undefined: not in the list of applied values. */
	readonly applied: number | undefined;
	readonly isAdjustable: boolean;
	readonly isPerMinute: boolean;
};

/**
 * Quotas of a small account, so that a demonstration meets its limits: model, route, name in the quotas (and in the one
 * of requests, where it differs), then requests per minute, tokens per minute and tokens per day, each as code, AWS's
 * default and the applied value. Without an applied value (-) the default holds; without a limit the service has none:
 * the newest models of Claude limit tokens alone. Nova Premier is blocked, as for an account without any of it.
 * Names and codes are AWS's; defaults are those of us-east-1 as documented, or of the same generation where a table
 * leaves one out.
 */
const table = `
amazon.nova-micro-v1:0                    | on-demand    | Amazon Nova Micro                                    | L-E118F160 2000 150   | L-CFA4FA0D 4_000_000 75_000    | L-D2912E70 5_760_000_000 108_000_000
amazon.nova-micro-v1:0                    | cross-region | Amazon Nova Micro                                    | L-3F110E0F 4000 300   | L-DC7FF66C 8_000_000 150_000
amazon.nova-lite-v1:0                     | on-demand    | Amazon Nova Lite                                     | L-E386A278 2000 100   | L-70423BF8 4_000_000 50_000    | L-45E0AD92 5_760_000_000 72_000_000
amazon.nova-lite-v1:0                     | cross-region | Amazon Nova Lite                                     | L-89F8391A 4000 200   | L-7C42E72A 8_000_000 100_000
amazon.nova-pro-v1:0                      | on-demand    | Amazon Nova Pro                                      | L-F2717A44 250 30     | L-CE33604C 1_000_000 40_000    | L-D690997B 1_440_000_000 57_600_000
amazon.nova-pro-v1:0                      | cross-region | Amazon Nova Pro                                      | L-ED46B8C5 500 60     | L-C0326783 2_000_000 80_000
amazon.nova-premier-v1:0                  | cross-region | Amazon Nova Premier V1                               | L-9AD981E7 500 0      | L-AA7FE948 2_000_000 0         | L-B1D7F4B9 1_440_000_000 0
amazon.nova-2-lite-v1:0                   | cross-region | Amazon Nova 2 Lite                                   | L-F06F1187 2000 200   | L-C6F5908D 8_000_000 200_000   | L-210172B5 5_760_000_000 144_000_000
amazon.nova-2-lite-v1:0                   | global       | Amazon Nova 2 Lite                                   | L-D5F39C2F 2000 200   | L-71C69B70 8_000_000 200_000   | L-AD940EDE 11_520_000_000 288_000_000
amazon.titan-text-express-v1              | on-demand    | Amazon Titan Text Express                            | L-9EAB0D12 400 80     | L-44992E63 300_000 40_000
amazon.titan-text-lite-v1                 | on-demand    | Amazon Titan Text Lite                               | L-A70F1DE3 800 100    | L-70BE83E9 300_000 60_000
anthropic.claude-v2                       | on-demand    | Anthropic Claude V2                                  | L-F3B698BE 500 50     | L-B0D9183E 500_000 50_000
anthropic.claude-instant-v1               | on-demand    | Anthropic Claude Instant                             | L-8CEDED9C 1000 100   | L-F7007F39 1_000_000 100_000
anthropic.claude-3-sonnet-20240229-v1:0   | on-demand    | Anthropic Claude 3 Sonnet                            | L-F406804E 100 50     | L-4C35BB2A 200_000 60_000
anthropic.claude-3-sonnet-20240229-v1:0   | cross-region | Anthropic Claude 3 Sonnet                            | L-46591118 200 100    | L-5DF13F64 400_000 120_000
anthropic.claude-3-haiku-20240307-v1:0    | on-demand    | Anthropic Claude 3 Haiku                             | L-2DC80978 1000 100   | L-8CE99163 2_000_000 100_000   | L-A60EE1AF 2_880_000_000 144_000_000
anthropic.claude-3-haiku-20240307-v1:0    | cross-region | Anthropic Claude 3 Haiku                             | L-616A3F5B 2000 200   | L-DCADBC78 4_000_000 200_000
anthropic.claude-3-5-sonnet-20240620-v1:0 | on-demand    | Anthropic Claude 3.5 Sonnet                          | L-254CACF4 50 20      | L-A50569E5 400_000 40_000
anthropic.claude-3-5-sonnet-20240620-v1:0 | cross-region | Anthropic Claude 3.5 Sonnet                          | L-F457545D 100 40     | L-479B647F 800_000 80_000
anthropic.claude-3-5-haiku-20241022-v1:0  | on-demand    | Anthropic Claude 3.5 Haiku                           | L-C7438F8F 1000 100   | L-7AB4ABDD 2_000_000 100_000
anthropic.claude-3-5-haiku-20241022-v1:0  | Cross-Region | Anthropic Claude 3.5 Haiku                           | L-252DF594 2000 200   | L-4BF37C17 4_000_000 200_000
anthropic.claude-3-7-sonnet-20250219-v1:0 | cross-region | Anthropic Claude 3.7 Sonnet V1                       | L-3D8CC480 250 50     | L-6E888CC2 1_000_000 100_000   | L-9EB71894 720_000_000 72_000_000
anthropic.claude-sonnet-4-20250514-v1:0   | cross-region | Anthropic Claude Sonnet 4 V1                         | L-559DCC33 200 60     | L-59759B4A 200_000 200_000     | L-22F701C5 144_000_000 144_000_000
anthropic.claude-sonnet-4-20250514-v1:0   | global       | Anthropic Claude Sonnet 4 V1                         | L-C63AA5DA 200 60     | L-97E41E39 200_000 200_000
anthropic.claude-sonnet-4-5-20250929-v1:0 | cross-region | Anthropic Claude Sonnet 4.5 V1                       | L-4A6BFAB1 10_000 100 | L-F4DDD3EB 5_000_000 200_000   | L-381AD9EE 3_600_000_000 144_000_000
anthropic.claude-sonnet-4-5-20250929-v1:0 | global       | Anthropic Claude Sonnet 4.5 V1                       | L-DB84CE56 10_000 100 | L-27C57EE8 5_000_000 200_000   | L-BC182137 7_200_000_000 288_000_000
anthropic.claude-haiku-4-5-20251001-v1:0  | cross-region | Anthropic Claude Haiku 4.5                           | L-CCA5DF70 10_000 200 | L-58BE175A 5_000_000 250_000   | L-6120CF2D 3_600_000_000 180_000_000
anthropic.claude-haiku-4-5-20251001-v1:0  | global       | Anthropic Claude Haiku 4.5                           | L-E5084BBA 10_000 200 | L-9A11C666 5_000_000 250_000
anthropic.claude-opus-4-5-20251101-v1:0   | cross-region | Anthropic Claude Opus 4.5                            | L-27989F42 10_000 60  | L-7007E9C9 2_000_000 150_000   | L-F397ECBF 1_440_000_000 108_000_000
anthropic.claude-opus-4-5-20251101-v1:0   | global       | Anthropic Claude Opus 4.5                            | L-58424D95 10_000 60  | L-3ABF6ACC 2_000_000 150_000
anthropic.claude-sonnet-4-6               | on-demand    | Anthropic Claude Sonnet 4.6                          | L-9B878FAE 5000 100   | L-5F5A169C 3_000_000 150_000   | L-B29C9321 4_320_000_000 216_000_000
anthropic.claude-sonnet-4-6               | cross-region | Anthropic Claude Sonnet 4.6                          | L-00FF3314 10_000 200 | L-15B8E632 6_000_000 300_000
anthropic.claude-sonnet-4-6               | global       | Anthropic Claude Sonnet 4.6                          | L-F6E116D7 10_000 200 | L-7BEE40FB 6_000_000 300_000
anthropic.claude-opus-4-7                 | cross-region | Anthropic Claude Opus 4.7                            |                       | L-5DB28B7B 10_000_000 400_000
anthropic.claude-opus-4-7                 | global       | Anthropic Claude Opus 4.7                            |                       | L-34152C1D 10_000_000 400_000
anthropic.claude-opus-4-8                 | cross-region | Anthropic Claude Opus 4.8                            |                       | L-DB99DCDB 30_000_000 600_000
anthropic.claude-opus-4-8                 | global       | Anthropic Claude Opus 4.8                            |                       | L-4FCE27C7 30_000_000 600_000
anthropic.claude-sonnet-5                 | cross-region | Anthropic Claude Sonnet 5                            |                       | L-D4FBCF4E 6_000_000 600_000
anthropic.claude-sonnet-5                 | global       | Anthropic Claude Sonnet 5                            |                       | L-DD84E5CA 6_000_000 600_000
anthropic.claude-opus-5                   | cross-region | Anthropic Claude Opus 5                              |                       | L-99296DCD 30_000_000 600_000
anthropic.claude-opus-5                   | global       | Anthropic Claude Opus 5                              |                       | L-D73B1244 30_000_000 600_000
meta.llama2-13b-chat-v1                   | on-demand    | Meta Llama 2 Chat 13B                                | L-674F621D 800 100    | L-6DB35E51 300_000 50_000
meta.llama2-70b-chat-v1                   | on-demand    | Meta Llama 2 Chat 70B                                | L-D11DCD9B 400 60     | L-B05C5C8E 300_000 50_000
meta.llama3-8b-instruct-v1:0              | on-demand    | Meta Llama 3 8B Instruct                             | L-320BEFEB 800 -      | L-03A9B835 300_000 -
meta.llama3-1-8b-instruct-v1:0            | on-demand    | Meta Llama 3.1 8B Instruct                           | L-19A2ED6C 800 100    | L-9E79C230 300_000 60_000
meta.llama3-1-8b-instruct-v1:0            | cross-region | Meta Llama 3.1 8B Instruct                           | L-396C5302 1600 160   | L-9782749C 600_000 90_000
meta.llama3-3-70b-instruct-v1:0           | on-demand    | Meta Llama 3.3 70B Instruct                          | L-22EF3256 400 60     | L-372A660C 300_000 30_000
meta.llama3-3-70b-instruct-v1:0           | cross-region | Meta Llama 3.3 70B Instruct                          | L-DEDE703C 800 120    | L-0E7AA8B7 600_000 60_000
meta.llama4-scout-17b-instruct-v1:0       | cross-region | Meta Llama 4 Scout V1                                | L-751B753A 800 120    | L-532E6630 600_000 90_000
meta.llama4-maverick-17b-instruct-v1:0    | cross-region | Meta Llama 4 Maverick V1                             | L-4F18EF2F 800 120    | L-DE3FBBF4 600_000 90_000
mistral.mistral-7b-instruct-v0:2          | on-demand    | Mistral AI Mistral 7B Instruct / Mistral 7B Instruct | L-D9A35062 800 100    | L-02D831F1 300_000 50_000
mistral.mistral-small-2402-v1:0           | on-demand    | Mistral AI Mistral Small                             | L-1CBB0490 400 60     | L-82C15FA8 300_000 50_000
mistral.mistral-large-2407-v1:0           | on-demand    | Mistral Large 2407                                   | L-1402869F 400 60     | L-1C28E1AB 300_000 50_000
mistral.mistral-large-3-675b-instruct     | on-demand    | Mistral Large 3                                      | L-5B274E24 10_000 100 | L-C709F563 100_000_000 300_000
mistral.pixtral-large-2502-v1:0           | cross-region | Mistral Pixtral Large 25.02 V1                       | L-674F42D5 10 10      | L-4B9F76B0 80_000 80_000
cohere.command-text-v14                   | on-demand    | Cohere Command                                       | L-3B3BFACF 400 60     | L-4E833B8F 300_000 50_000
cohere.command-r-v1:0                     | on-demand    | Cohere Command R                                     | L-A49CA90F 400 60     | L-17F95AA4 300_000 50_000
cohere.command-r-plus-v1:0                | on-demand    | Cohere Command R Plus                                | L-ADB4B3D7 400 60     | L-FEE1DCB6 300_000 50_000
ai21.j2-mid-v1                            | on-demand    | AI21 Labs Jurassic-2 Mid                             | L-75D9A33A 400 60     | L-ABEE1010 300_000 50_000
ai21.j2-ultra-v1                          | on-demand    | AI21 Labs Jurassic-2 Ultra                           | L-A48E31B4 100 30     | L-A4F5E139 300_000 50_000
ai21.jamba-1-5-mini-v1:0                  | on-demand    | AI21 Labs Jamba 1.5 Mini                             | L-0449ADC5 100 30     | L-5A778346 300_000 50_000
ai21.jamba-1-5-large-v1:0                 | on-demand    | AI21 Labs Jamba 1.5 Large                            | L-F4CAA0FD 100 30     | L-CFAB19FF 300_000 50_000
deepseek.r1-v1:0                          | cross-region | DeepSeek R1 V1                                       | L-F52323AB 200 60     | L-06B03968 200_000 100_000
deepseek.v3.2                             | on-demand    | DeepSeek V3.2                                        | L-3AE31EFC 10_000 100 | L-C43703DE 100_000_000 300_000
openai.gpt-oss-20b-1:0                    | on-demand    | OpenAI GPT OSS 20B                                   | L-AF7F0545 10_000 100 | L-036E14D8 100_000_000 300_000
openai.gpt-oss-120b-1:0                   | on-demand    | OpenAI GPT OSS 120B                                  | L-25B50707 10_000 100 | L-9DC5F595 100_000_000 300_000
qwen.qwen3-32b-v1:0                       | on-demand    | Qwen3 32B V1                                         | L-E880C759 10_000 100 | L-B7C52139 100_000_000 300_000
google.gemma-3-27b-it                     | on-demand    | Gemma 3 27B                                          | L-5D46C7AF 10_000 100 | L-F8729E94 100_000_000 300_000
minimax.minimax-m2                        | on-demand    | Minimax M2                                           | L-828C986E 10_000 100 | L-A81B7C40 100_000_000 300_000
moonshot.kimi-k2-thinking                 | on-demand    | Kimi K2 Thinking                                     | L-02572418 10_000 100 | L-03579AC2 100_000_000 300_000
zai.glm-4.7-flash                         | on-demand    | Z.ai GLM-4.7 Flash                                   | L-5E856AD9 10_000 100 | L-B40F2E56 100_000_000 300_000
`;

const limitRow = (text: string | undefined): LimitRow | undefined => {
	const [code, ...values] = text === undefined || text === '' ? [] : text.split(' ');
	const [defaultValue, applied] = values.map((value) =>
		value === '-' ? undefined : Number(value.replaceAll('_', '')),
	);
	return code === undefined || defaultValue === undefined ? undefined : [code, defaultValue, applied];
};

const quotaOf = (line: string): BucketQuota => {
	const [model = '', route = '', names = '', requests, tokens, day] = line
		.split('|')
		.map((cell) => cell.trim());
	const [label = '', requestsLabel = label] = names.split(' / ');
	return {
		model,
		scope: route.toLowerCase() as Scope,
		label,
		requestsLabel,
		requests: limitRow(requests),
		tokens: limitRow(tokens),
		day: limitRow(day),
		isCapitalised: route === 'Cross-Region',
	};
};

/** The limits of every model on every route. */
export const bucketQuotas: readonly BucketQuota[] = table.trim().split('\n').map(quotaOf);

const quotasByBucket = new Map(bucketQuotas.map((quota) => [`${quota.scope} ${quota.model}`, quota]));

/** Finds the limits of a model on a route. */
function findBucketQuota(model: string, scope: Scope): BucketQuota | undefined {
	return quotasByBucket.get(`${scope} ${model}`);
}

/** The row of a model's daily limit on a route: cross-Region calls draw on the on-demand row twice. */
function findDayRow(model: string, scope: Scope): LimitRow | undefined {
	return scope === 'global'
		? findBucketQuota(model, 'global')?.day
		: (findBucketQuota(model, 'on-demand')?.day ?? findBucketQuota(model, 'cross-region')?.day);
}

/** Limits typed by the user; they hold for every bucket. */
export type Overrides = Pick<SimulatorOptions, 'requestsPerMinute' | 'tokensPerMinute'> & {
	/** Of a scenario: the account then has no rows of the day for its models any more. */
	readonly accountTokensPerDay?: number | undefined;
};

/** Tokens per day over all models, which every account has by default. */
export const usualAccountTokensPerDay = 700_000_000;

/** Whether models have their own count of the day: not with typed limits, nor where one of the account replaces them. */
export function hasModelDays({requestsPerMinute, tokensPerMinute, accountTokensPerDay}: Overrides): boolean {
	return (
		requestsPerMinute === undefined && tokensPerMinute === undefined && accountTokensPerDay === undefined
	);
}

/** The value that a quota enforces: the applied one, else the default. */
export function inForce(row: LimitRow | undefined): number | undefined {
	return row?.[2] ?? row?.[1];
}

/**
 * The limits that a bucket enforces. An override removes the daily limit, which would follow from the account's own
 * values.
 */
export function limitsOf({model, scope}: ResolvedModel, overrides: Overrides): BucketLimits {
	const quota = findBucketQuota(model.id, scope);
	const day = inForce(findDayRow(model.id, scope));
	const factor = scope === 'cross-region' ? 2 : 1;
	return {
		requestsPerMinute: overrides.requestsPerMinute ?? inForce(quota?.requests),
		tokensPerMinute: overrides.tokensPerMinute ?? inForce(quota?.tokens),
		tokensPerDay: !hasModelDays(overrides) || day === undefined ? undefined : day * factor,
	};
}

/** Requests for quota increases, and the errors of Service Quotas. */
export class QuotaError extends Error {
	readonly type: string;

	constructor(type: string, message: string) {
		super(message);
		this.name = 'QuotaError';
		this.type = type;
	}
}

export function illegalArgument(message: string): QuotaError {
	return new QuotaError('IllegalArgumentException', message);
}

/** @param what Such as "service quota". */
export function noSuchResource(what: string): QuotaError {
	return new QuotaError(
		'NoSuchResourceException',
		`The request failed because the specified ${what} does not exist.`,
	);
}

/**
 * Requests for an increase. As with most quotas of Bedrock people decide about them, so that each becomes a case
 * after a while; a simulated one is never decided, and the quota stays as it is.
 */

/** A request for an increase of one quota. */
export type IncreaseRequest = {
	readonly id: string;
	readonly region: string;
	readonly quota: QuotaRow;
	readonly desiredValue: number;
	readonly createdAtMs: number;
};

/** How long a request waits before it becomes a case. */
const pendingMs = 60_000;

/** State of a request. */
type IncreaseState = {
	readonly status: 'PENDING' | 'CASE_OPENED';
	readonly caseId: string | undefined;
	readonly updatedAtMs: number;
};

export function stateOf({id, createdAtMs}: IncreaseRequest, nowMs: number): IncreaseState {
	return nowMs - createdAtMs < pendingMs
		? {status: 'PENDING', caseId: undefined, updatedAtMs: createdAtMs}
		: {status: 'CASE_OPENED', caseId: caseIdOf(id), updatedAtMs: createdAtMs + pendingMs};
}

/** Cases have numbers. */
const caseIdOf = (id: string): string =>
	String(createHash('md5').update(id).digest().readUIntBE(0, 6)).padStart(15, '1');

/** A double as Java writes it, which is the form in the service's messages. */
const doubleText = (value: number): string => {
	if (value < 1e7) {
		return Number.isInteger(value) ? `${value}.0` : String(value);
	}
	const [mantissa = '', exponent = ''] = value.toExponential().split('e+');
	return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${exponent}`;
};

const assertIncrease = ({isAdjustable, defaultValue, applied}: QuotaRow, desiredValue: number): void => {
	if (!isAdjustable) {
		throw illegalArgument('The request failed because the specified quota is not adjustable.');
	}
	if (desiredValue <= defaultValue) {
		throw illegalArgument(
			`You must provide a quota value greater than the default quota value of ${doubleText(defaultValue)}`,
		);
	}
	if (desiredValue <= (applied ?? defaultValue)) {
		throw illegalArgument('You must provide a quota value greater than the current quota value');
	}
};

export type IncreaseRequests = {
	/** @throws QuotaError for what the service refuses. */
	readonly make: (
		quota: QuotaRow,
		request: {readonly region: string; readonly desiredValue: number; readonly nowMs: number},
	) => IncreaseRequest;
	readonly find: (id: string) => IncreaseRequest | undefined;
	/** The newest first. */
	readonly all: (region: string) => readonly IncreaseRequest[];
	readonly clear: () => void;
};

export function createIncreaseRequests(): IncreaseRequests {
	const requests: IncreaseRequest[] = [];
	return {
		make(quota, {region, desiredValue, nowMs}) {
			assertIncrease(quota, desiredValue);
			if (requests.some((each) => each.region === region && each.quota.code === quota.code)) {
				throw new QuotaError(
					'ResourceAlreadyExistsException',
					'Only one open service quota increase request is allowed per quota.',
				);
			}
			const id = `${randomUUID().replaceAll('-', '')}${randomUUID().slice(0, 8)}`;
			const request = {id, region, quota, desiredValue, createdAtMs: nowMs};
			requests.push(request);
			return request;
		},
		find: (id) => requests.find((request) => request.id === id),
		all: (region) => requests.filter((request) => request.region === region).toReversed(),
		clear() {
			requests.length = 0;
		},
	};
}
