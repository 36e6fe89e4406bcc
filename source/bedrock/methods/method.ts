import type {BedrockRuntimeClient} from '@aws-sdk/client-bedrock-runtime';
import type {Answer, InferenceRequest, InvokeOptions} from '../../domain/backend.ts';
import type {UsageSource} from '../usage.ts';

/** An answer that also says where its counts stood; undefined where nothing was reported. */
export type BedrockAnswer = Answer & {readonly usageSource: UsageSource | undefined};

/** One way to send a request. Rejects with whatever the SDK or the stream throws; the backend makes a Failure of it. */
export type Send = (
	runtime: BedrockRuntimeClient,
	request: InferenceRequest,
	options: InvokeOptions,
) => Promise<BedrockAnswer>;
