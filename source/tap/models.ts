import {emptyModelIndex, identify} from '../bedrock/identify/identify.ts';
import {unknownIn} from '../bedrock/quotas/bucket-quota.ts';
import {burndownOf, maxOutputOf} from '../bedrock/quotas/burndown.ts';
import type {Price, QuotaOverride} from '../domain/run-config.ts';
import type {Target} from '../domain/target.ts';
import type {TappedModel, Traffic} from './traffic.ts';

type Options = {
	readonly traffic: Traffic;
	readonly region: string;
	readonly endpoint: string | null;
	readonly override: QuotaOverride;
	/** Reads the quotas of a model from the account. Rejects where that is not possible. */
	readonly resolve: (model: string) => Promise<{readonly target: Target; readonly price: Price | null}>;
	/** List price of a model whose quotas could not be read. */
	readonly priceOf: (target: Target) => Promise<Price | null>;
	/** Something was learnt of a model. */
	readonly onResolved: (index: number) => Promise<void>;
	/** Why the quotas of a model are not known. */
	readonly onFailed: (model: string, error: unknown) => void;
};

/** The models that clients call. One that is new is read from the account while its first request is on its way. */
export class ModelBook {
	readonly #options: Options;
	readonly #indexes = new Map<string, number>();
	readonly #readings: Array<Promise<void>> = [];

	constructor(options: Options) {
		this.#options = options;
	}

	/** Index of a model, as it is called. One that is not known yet is looked up from now on. */
	indexOf(model: string): number {
		const known = this.#indexes.get(model);
		if (known !== undefined) {
			return known;
		}
		const {traffic} = this.#options;
		const index = traffic.addModel(this.#unknown(model));
		this.#indexes.set(model, index);
		this.#readings.push(this.#read(model, index));
		return index;
	}

	at(index: number): TappedModel {
		const model = this.#options.traffic.models[index];
		if (model === undefined) {
			throw new RangeError(`The tap has no model ${index}.`);
		}
		return model;
	}

	/** Resolves once the account was read, whether that gave quotas or not. */
	async whenRead(index: number): Promise<void> {
		await this.#readings[index];
	}

	async #read(model: string, index: number): Promise<void> {
		const {traffic, resolve, priceOf, onResolved, onFailed} = this.#options;
		try {
			const {target, price} = await resolve(model);
			traffic.setModel(index, {...this.at(index), target, price, maxTokens: maxOutputOf(target.baseModel)});
			await onResolved(index);
		} catch (error) {
			const known = this.at(index);
			traffic.setModel(index, {
				...known,
				price: known.price ?? (await priceOf(known.target).catch(() => null)),
			});
			onFailed(model, error);
		}
	}

	#unknown(model: string): TappedModel {
		const {region, endpoint, override} = this.#options;
		const {baseModel, scope} = identify(model, emptyModelIndex);
		return {
			model,
			price: null,
			maxTokens: maxOutputOf(baseModel),
			target: {
				model,
				baseModel,
				scope,
				region,
				endpoint,
				tier: null,
				burndown: burndownOf({baseModel, scope}, override.burndown),
				quota: unknownIn(scope),
			},
		};
	}
}
