import type {Random} from '../answers/random.ts';
import type {Lifecycle} from '../catalog/lifecycle.ts';
import type {ServedMinutes} from '../cloudwatch/served-minutes.ts';
import type {Faults} from '../faults/faults.ts';
import type {JobStore} from '../jobs/job-store.ts';
import type {MantleBuckets} from '../mantle/mantle-buckets.ts';
import type {StoredResponses} from '../mantle/stored-responses.ts';
import type {RequestRecord} from '../observation/request-record.ts';
import type {Stats} from '../observation/stats.ts';
import type {SimulatorOptions} from '../options.ts';
import type {IncreaseRequests} from '../quotas/increase-requests.ts';
import type {ObjectStore} from '../s3/object-store.ts';
import type {Scenario} from '../scenario.ts';
import type {Time} from '../time.ts';
import type {Buckets} from './buckets.ts';
import type {PromptCache} from './prompt-cache.ts';

/** The state of one simulator: what its routes work on. */
export type Simulation = {
	readonly options: SimulatorOptions;
	readonly time: Time;
	readonly buckets: Buckets;
	/** Buckets of bedrock-mantle, which share nothing with those of the runtime. */
	readonly mantle: MantleBuckets;
	/** Answers of the Responses API that are kept. */
	readonly responses: StoredResponses;
	/** Where each model is in its life. */
	readonly lifecycle: Lifecycle;
	readonly cache: PromptCache;
	readonly faults: Faults;
	readonly stats: Stats;
	/** What its metrics are made from. */
	readonly served: ServedMinutes;
	/** What else goes on in the account. */
	readonly scenario: Scenario;
	/** What S3 holds. */
	readonly objects: ObjectStore;
	/** What was asked for in quotas. */
	readonly increases: IncreaseRequests;
	/** Batch inference jobs. */
	readonly jobs: JobStore;
	readonly requestRandom: (path: string, body: Uint8Array) => Random;
	/** Told of every request to the runtime once it is over. */
	readonly observers: ReadonlyArray<(record: RequestRecord) => void>;
	/** Forgets what was counted and begins the script of faults again. */
	readonly reset: () => void;
	/** Removes what lies on the disk. */
	readonly close: () => void;
};
