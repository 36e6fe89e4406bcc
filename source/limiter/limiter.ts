import {Bucket} from '../admission/bucket.ts';
import {baseModelKey} from '../bedrock/identify/identify.ts';
import {at} from '../bedrock/json.ts';
import {noQuota} from '../bedrock/quotas/bucket-quota.ts';
import {maxOutputOf} from '../bedrock/quotas/burndown.ts';
import {type Lane, lanes} from '../domain/bucket-usage.ts';
import {type Clock, systemClock} from '../domain/clock.ts';
import {bursts} from '../domain/run-config.ts';
import type {Quota} from '../domain/target.ts';
import {
	type AcquireOptions,
	type Assumed,
	type Lease,
	type Limiter,
	LimiterClosedError,
	type LimiterEvent,
	type LimiterOptions,
	type LimiterPlugin,
	type LimiterUsage,
	type PluginOptions,
	type QuotaOption,
} from './api.ts';
import type {Detection} from './detect.ts';
import {type BucketLease, type BucketStore, knownForMs, ModelBucket, type ModelNews} from './model-bucket.ts';
import type {Handler, PluginCall} from './plugin.ts';
import {type Asked, askedOf, checkLane, checkQuota, givenFacts, type ModelFacts, refuse} from './quota.ts';
import type {SharedQuota} from './shared-quota.ts';
import {memoryStore} from './stores.ts';

/** What only tests and benchmarks set. */
type Internals = {readonly clock?: Clock; readonly windowMs?: number};

/** @throws TypeError that quotes the value. */
const check = ({
	region,
	ledgerDown = 'split',
	members,
	share = 1,
	burst = 'full',
	store,
	quota,
	lanes: demands = {},
}: LimiterOptions): void => {
	if (typeof region !== 'string' || region === '') {
		refuse(region, 'a Region: name one, such as us-east-1.');
	}
	if (!(share > 0 && share <= 1)) {
		refuse(share, 'a share: a number above 0 up to 1.');
	}
	if (!bursts.includes(burst)) {
		refuse(burst, `a burst: ${bursts.join(', ')}.`);
	}
	if (store !== undefined && typeof (store as Partial<BucketStore>).open !== 'function') {
		throw new TypeError('The store is none of those that this library makes.');
	}
	if (ledgerDown !== 'split' && ledgerDown !== 'stop') {
		refuse(ledgerDown, 'what to do while the store is lost: split, stop.');
	}
	if (members !== undefined && !(Number.isSafeInteger(members) && members > 0)) {
		refuse(members, 'a number of members.');
	}
	Object.keys(demands).forEach(checkLane);
	checkQuota(quota);
};

const checkCount = (name: string, value: unknown): void => {
	if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
		refuse(`${name}: ${String(value)}`, 'a number of tokens.');
	}
};

/** Calls that use quota. */
const limitedCommands = /^(?:Converse|ConverseStream|InvokeModel|InvokeModelWithResponseStream)Command$/;

/** The middleware of a client, as far as the plugin needs it. */
type Stack = {
	readonly addRelativeTo: (middleware: (next: Handler, context: object) => Handler, options: object) => void;
};

const withinRetries = {
	name: 'bedrockTopLimiter',
	relation: 'after',
	toMiddleware: 'retryMiddleware',
	override: true,
};

/** A request of either way in. */
type Wanted = {
	readonly model: string;
	readonly lane: Lane;
	readonly caller: string | undefined;
	readonly signal: AbortSignal | undefined;
	readonly maxTokens: number | undefined;
	/** Input tokens as they are expected in a bucket, and what its answer teaches of them. */
	readonly input: (bucket: ModelBucket) => {
		readonly inputTokens: () => number;
		readonly onSettled?: (inputTokens: number) => void;
	};
};

/** The limiter of one account and Region. */
class AccountLimiter implements Limiter {
	readonly #options: LimiterOptions;
	#quota: QuotaOption;
	readonly #clock: Clock;
	readonly #windowMs: number;
	readonly #store: BucketStore;
	/** By name, as called. */
	readonly #named = new Map<string, Promise<ModelBucket>>();
	readonly #buckets = new Map<string, Promise<ModelBucket>>();
	readonly #open: ModelBucket[] = [];
	readonly #closings = new Set<() => Promise<void>>();
	readonly #waiting = new Set<AbortController>();
	readonly #said = new Set<string>();
	#detection: Promise<Detection> | undefined;
	#isClosed = false;

	constructor(options: LimiterOptions) {
		check(options);
		const {clock = systemClock, windowMs = 60_000} = options as Internals;
		this.#options = options;
		this.#quota = options.quota;
		this.#clock = clock;
		this.#windowMs = windowMs;
		this.#store = (options.store ?? memoryStore()) as BucketStore;
	}

	plugin = (options: PluginOptions = {}): LimiterPlugin => {
		const reserve = async (attempt: PluginCall) => this.#reserve(wantedOf(attempt));
		const middleware = (next: Handler, context: object): Handler =>
			limitedCommands.test(String(at(context, 'commandName')))
				? async (args) => (await import('./plugin.ts')).limited(options, reserve, {next, context, args})
				: next;
		return {applyToStack: (stack) => (stack as Stack).addRelativeTo(middleware, withinRetries)};
	};

	acquire = async ({
		model,
		inputTokens,
		maxTokens,
		lane = 'normal',
		caller,
		signal,
	}: AcquireOptions): Promise<Lease> => {
		checkCount('inputTokens', inputTokens);
		if (maxTokens !== undefined) {
			checkCount('maxTokens', maxTokens);
		}
		checkLane(lane);
		const input = () => ({inputTokens: () => inputTokens});
		return this.#reserve({model, lane, caller, signal, maxTokens, input});
	};

	usage = (): LimiterUsage => ({buckets: this.#open.map((bucket) => bucket.usage())});

	setQuota = async (quota: QuotaOption): Promise<void> => {
		checkQuota(quota);
		this.#quota = quota;
		await Promise.all(this.#open.map(async (bucket) => this.#readAgain(bucket)));
	};

	close = async (): Promise<void> => {
		this.#isClosed = true;
		for (const waiting of this.#waiting) {
			waiting.abort();
		}
		await Promise.all([...this.#closings].map(async (close) => close()));
		(await this.#detection)?.close();
	};

	/** Closes over the abort of its caller and the end of the limiter. */
	async #reserve(wanted: Wanted): Promise<BucketLease> {
		const {model, signal} = wanted;
		if (this.#isClosed) {
			throw new LimiterClosedError();
		}
		if (typeof model !== 'string' || model === '') {
			refuse(model, 'a model.');
		}
		signal?.throwIfAborted();
		const end = new AbortController();
		const onAbort = (): void => end.abort();
		signal?.addEventListener('abort', onAbort, {once: true});
		this.#waiting.add(end);
		try {
			const bucket = await unlessAborted(this.#bucketOf(model), end.signal);
			if (bucket.isDue()) {
				// What is known holds until then, and if it fails.
				void this.#readAgain(bucket).catch(() => {});
			}
			const {lane, caller} = wanted;
			const maxTokens = wanted.maxTokens ?? this.#assumedMaximum(bucket, model);
			return await bucket.acquire({
				model,
				lane,
				caller,
				maxTokens,
				signal: end.signal,
				...wanted.input(bucket),
			});
		} catch (error) {
			signal?.throwIfAborted();
			throw error;
		} finally {
			this.#waiting.delete(end);
			signal?.removeEventListener('abort', onAbort);
		}
	}

	#assumedMaximum({name, quota}: ModelBucket, model: string): number {
		const most = maxOutputOf(name.baseModel);
		if (quota.tokensPerMinute.value !== null) {
			this.#sayOnce(
				name,
				'max-tokens',
				`A call of ${model} names no max tokens: ${most} are set aside, the most that the model may write.`,
			);
		}
		return most;
	}

	async #bucketOf(model: string): Promise<ModelBucket> {
		const known = this.#named.get(model);
		if (known !== undefined) {
			return known;
		}
		const bucket = this.#find(model);
		this.#named.set(model, bucket);
		// What could not be found out is asked for again by the next call.
		bucket.catch(() => this.#named.delete(model));
		return bucket;
	}

	async #find(model: string): Promise<ModelBucket> {
		const asked = await askedOf(model, this.#quota, this.#options.region);
		// One member of a fleet reads the quota for all: that needs its bucket.
		const isLater = this.#store.kind === 'redis' && asked.given === 'detect' && asked.isResolved;
		const facts = isLater ? undefined : await this.#factsOf(asked, false);
		const {baseModel, scope, region: own} = (facts ?? asked).name;
		const key = `${own} ${baseModelKey(baseModel)} ${scope}`;
		const known = this.#buckets.get(key) ?? this.#openBucket(asked, facts);
		this.#buckets.set(key, known);
		known.catch(() => this.#buckets.delete(key));
		return known;
	}

	async #factsOf(asked: Asked, isRefreshing: boolean, shared?: SharedQuota): Promise<ModelFacts> {
		const {name, given} = asked;
		if (given !== 'detect') {
			return givenFacts(asked, given);
		}
		const detect = async (isAgain: boolean): Promise<ModelFacts> => {
			if (this.#isClosed) {
				throw new LimiterClosedError();
			}
			return (await this.#asked()).detect(name, isAgain);
		};
		return shared?.read(name, detect, knownForMs) ?? detect(isRefreshing);
	}

	async #readAgain(bucket: ModelBucket): Promise<void> {
		const {name, sharedQuota} = bucket;
		const asked = await askedOf(name.model, this.#quota, this.#options.region);
		const facts = await this.#factsOf({...asked, name}, true, sharedQuota);
		bucket.change(facts);
		if (!facts.isUnknown) {
			this.#sayAssumed(facts);
		}
	}

	/** @param early Undefined: what limits it is read when the members of its bucket are known. */
	async #openBucket(asked: Asked, early: ModelFacts | undefined): Promise<ModelBucket> {
		const {name} = early ?? asked;
		const {account, credentials, ledgerDown = 'split', members: memberCount} = this.#options;
		const {room, members, sharedQuota, close} = await this.#store.open({
			name,
			account,
			hasOwnKeys: credentials !== undefined,
			askAccount: async () => this.#askAccount(name),
			clock: this.#clock,
			make: (dayOf) => this.#make(early?.quota ?? noQuota, dayOf),
			onEvent: (news) => this.#say(name, news),
			whenDown: ledgerDown,
			memberCount,
		});
		this.#closings.add(close);
		const leave = async (error: unknown): Promise<never> => {
			this.#closings.delete(close);
			await close();
			throw error;
		};
		const facts = early ?? (await this.#factsOf(asked, false, sharedQuota).catch(leave));
		if (early === undefined) {
			room.bucket.setQuota(facts.quota);
		} else if (early.isDetected) {
			await sharedQuota?.share(early);
		}
		const onNews = (news: ModelNews, model = name.model): void => this.#say({...name, model}, news);
		const ports = {clock: this.#clock, onNews};
		const bucket = new ModelBucket({...facts, name}, {room, members, sharedQuota}, ports);
		this.#open.push(bucket);
		this.#sayAssumed(facts);
		const {burndown} = facts;
		if (burndown.source === 'assumed') {
			const text = `The burndown of ${name.baseModel} is not documented: ${burndown.value} is assumed.`;
			this.#sayOnce(name, 'burndown', text);
		}
		return bucket;
	}

	#sayAssumed({name, assumed}: ModelFacts): void {
		for (const text of assumed) {
			this.#sayOnce(name, 'quota', text);
		}
	}

	#make(quota: Quota, dayOf: ConstructorParameters<typeof Bucket>[0]['dayOf']): Bucket {
		const {share = 1, burst = 'full', lanes: demands = {}} = this.#options;
		const bucket = new Bucket({clock: this.#clock, quota, windowMs: this.#windowMs, share, burst, dayOf});
		for (const lane of lanes) {
			const demand = demands[lane];
			if (demand !== undefined) {
				bucket.limits.expect(lane, {requestsPerWindow: demand.requestsPerMinute, setAside: demand.tokens});
			}
		}
		return bucket;
	}

	/** The part that asks the account, loaded when it is needed. */
	async #asked(): Promise<Detection> {
		const {region, credentials} = this.#options;
		this.#detection ??= import('./detect.ts').then(({createDetection}) =>
			createDetection(region, credentials),
		);
		return this.#detection;
	}

	async #askAccount(name: ModelFacts['name']): Promise<string> {
		const {name: owner, isKnown} = await (await this.#asked()).owner();
		if (!isKnown) {
			this.#sayOnce(
				name,
				'account',
				'The number of the account cannot be found out: its buckets are shared with those of the same access key alone. Name it in `account`.',
			);
		}
		return owner;
	}

	/** Once for each model. What nobody hears of an unknown quota is a warning of the process. */
	#sayOnce(name: ModelFacts['name'], what: Assumed, text: string): void {
		const key = `${what} ${name.baseModel} ${name.scope}`;
		if (this.#said.has(key)) {
			return;
		}
		this.#said.add(key);
		this.#say(name, {type: 'assumed', what, text});
		if (this.#options.onEvent === undefined && what === 'quota') {
			process.emitWarning(text, {type: 'BedrockTopLimiter'});
		}
	}

	#say(name: ModelFacts['name'], news: ModelNews): void {
		try {
			this.#options.onEvent?.({...name, at: this.#clock.epoch(), ...news} as LimiterEvent);
		} catch (error) {
			// A fault of the listener must not become one of a call.
			queueMicrotask(() => {
				throw error;
			});
		}
	}
}

const wantedOf = ({model, lane, caller, signal, size}: PluginCall): Wanted => ({
	model,
	lane,
	caller,
	signal,
	maxTokens: size.maxTokens,
	input: ({inputs}) => ({
		inputTokens: () => inputs.tokens(size),
		onSettled: (tokens) => inputs.learn(size, tokens),
	}),
});

const unlessAborted = async <Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> => {
	const {promise: ended, reject} = Promise.withResolvers<never>();
	const onAbort = (): void => reject(new LimiterClosedError());
	signal.addEventListener('abort', onAbort, {once: true});
	return Promise.race([promise, ended]).finally(() => signal.removeEventListener('abort', onAbort));
};

/**
 * A limiter for the calls of one account and Region.
 * @throws TypeError that quotes what is wrong with the options.
 */
export function createLimiter(options: LimiterOptions): Limiter {
	return new AccountLimiter(options);
}
