import type {ProvisionedThroughput} from '../../domain/account-snapshot.ts';
import type {ReadFailureKind} from '../../domain/backend.ts';

/** The account as the quota resolver sees it: a few lists. One adapter makes it from the AWS clients, tests from plain data. */

/** One row of Service Quotas. */
export type ListedQuota = {
	/** Such as `L-15B8E632`; null where the service sent none. */
	readonly code: string | null;
	readonly name: string;
	/** Null where the service could not read the value. */
	readonly value: number | null;
	readonly adjustable: boolean | null;
};

/** One row of ListFoundationModels. */
export type FoundationModel = {
	readonly modelId: string;
	readonly modelName: string | null;
	readonly providerName: string | null;
	readonly isStreaming: boolean | null;
	/** `TEXT`, `IMAGE`, `EMBEDDING`, ...; empty where the service does not say. */
	readonly outputModalities: readonly string[];
	/** `ON_DEMAND`, `PROVISIONED`, `INFERENCE_PROFILE`; empty where the service does not say. */
	readonly inferenceTypes: readonly string[];
	/** `ACTIVE` or `LEGACY`. */
	readonly lifecycle: string | null;
};

/** One row of ListInferenceProfiles, or the answer of GetInferenceProfile. */
export type InferenceProfile = {
	readonly id: string;
	readonly arn: string;
	readonly name: string | null;
	/** ARNs of the foundation models that it routes to. */
	readonly modelArns: readonly string[];
};

/** A request to raise a quota, as Service Quotas keeps it. */
export type QuotaIncrease = {
	readonly id: string | null;
	readonly code: string;
	/** The value that was asked for. */
	readonly asked: number | null;
	/** In the service's words, such as `PENDING` or `CASE_OPENED`. */
	readonly status: string;
	/** Number of the case with AWS Support, once there is one. */
	readonly caseId: string | null;
	/** ISO 8601. */
	readonly createdAt: string | null;
};

/** Requests to raise the quotas of an account. Every method rejects with a SourceError. */
export type QuotaIncreases = {
	/** Those that are not decided yet. */
	readonly listOpen: () => Promise<readonly QuotaIncrease[]>;
	/** Files a request. It is sent once: one whose answer is lost may have been filed. */
	readonly request: (code: string, value: number) => Promise<QuotaIncrease>;
};

const profileTypes = ['SYSTEM_DEFINED', 'APPLICATION'] as const;
export type ProfileType = (typeof profileTypes)[number];

/** A list that could not be read. */
export class SourceError extends Error {
	readonly kind: ReadFailureKind;
	/** The way out, where one is known. */
	readonly advice: string | undefined;
	constructor(kind: ReadFailureKind, message: string, cause: unknown, advice?: string) {
		super(message, {cause});
		this.name = 'SourceError';
		this.kind = kind;
		this.advice = advice;
	}
}

/** Every method rejects with a SourceError; generators give one page at a time, as the service does. */
export type QuotaSource = {
	/** ListServiceQuotas: the values in force in this account. */
	readonly listApplied: () => AsyncIterable<readonly ListedQuota[]>;
	/** ListAWSDefaultServiceQuotas: what AWS gives to a new account. */
	readonly listDefaults: () => AsyncIterable<readonly ListedQuota[]>;
	readonly listFoundationModels: () => AsyncIterable<readonly FoundationModel[]>;
	readonly listInferenceProfiles: (type: ProfileType) => AsyncIterable<readonly InferenceProfile[]>;
	readonly getInferenceProfile: (idOrArn: string) => Promise<InferenceProfile>;
	/** ListProvisionedModelThroughputs; absent where the account is plain data. */
	readonly listProvisioned?: () => AsyncIterable<readonly ProvisionedThroughput[]>;
	/** A Bedrock API key is set, which Service Quotas does not accept. */
	readonly hasBearerToken?: boolean;
	/** Whether a simulator has answered so far: its lists are not cached. */
	readonly isSimulated?: () => boolean;
};

/** The IAM action behind each list, for the sentence that says what is missing. */
export const actions = {
	applied: 'servicequotas:ListServiceQuotas',
	defaults: 'servicequotas:ListAWSDefaultServiceQuotas',
	models: 'bedrock:ListFoundationModels',
	profiles: 'bedrock:ListInferenceProfiles',
	applicationProfiles: 'bedrock:ListInferenceProfiles',
} as const;
export type ListName = keyof typeof actions;

/** The same of the calls about increases. */
export const increaseActions = {
	list: 'servicequotas:ListRequestedServiceQuotaChangeHistory',
	request: 'servicequotas:RequestServiceQuotaIncrease',
} as const;
