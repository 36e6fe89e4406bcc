/** `bedrock-top/limiter`: keeps the calls of an application below the quotas of Amazon Bedrock. */

export type * from './api.ts';
export {DayUsedUpError, LargerThanQuotaError, LimiterClosedError, UnknownQuotaError} from './api.ts';
export {createLimiter} from './limiter.ts';
export {diskStore, memoryStore, redisStore} from './stores.ts';
