import type {Price} from '../domain/run-config.ts';
import type {Target} from '../domain/target.ts';

/** List prices from @pydantic/genai-prices, whose data is part of the package: no request is sent. */

/** Version and day of release of the package; a test holds the version against the installed one. */
export const priceData = {version: '0.1.8', releasedOn: '2026-09-23'} as const;
const priceSource = `genai-prices ${priceData.version}, ${priceData.releasedOn} (list price)`;

/** The data has one price for all Regions, except where it separates routes: that of this Region. */
const pricedRegion = 'us-east-1';

const sampleTokens = 1000;

/** Tiers other than these have multipliers that AWS does not publish for each model. */
const standardTiers: ReadonlySet<string> = new Set(['default', 'standard']);

/**
 * USD per token of a target at its scope: geographic and global profiles differ for newer models.
 * @returns null where the price is not known: a model that the data does not have, a tier with another price, a model
 * whose foundation model is hidden behind its ARN.
 */
export async function priceOf(
	target: Pick<Target, 'model' | 'baseModel' | 'scope' | 'tier' | 'region'>,
): Promise<Price | null> {
	if (target.tier !== null && !standardTiers.has(target.tier)) {
		return null;
	}
	// The data is two megabytes: load it only where a price is shown.
	const {calcPrice} = await import('@pydantic/genai-prices');
	const id = pricedId(target);
	const found = calcPrice({input_tokens: 0, output_tokens: 0}, id, {providerId: 'aws'});
	if (found === null || !isPriceOf(found.model.id, target)) {
		return null;
	}
	if (found.model_price.input_mtok === undefined || found.model_price.output_mtok === undefined) {
		return null;
	}
	// The library's `input_tokens` is the total, cached tokens included.
	const perToken = (usage: Readonly<Record<string, number>>) =>
		(calcPrice(usage, id, {providerId: 'aws'})?.total_price ?? Number.NaN) / sampleTokens;
	const price = {
		input: perToken({input_tokens: sampleTokens}),
		output: perToken({output_tokens: sampleTokens}),
		cacheRead: perToken({input_tokens: sampleTokens, cache_read_tokens: sampleTokens}),
		cacheWrite: perToken({input_tokens: sampleTokens, cache_write_tokens: sampleTokens}),
	};
	if (!Object.values(price).every((value) => Number.isFinite(value))) {
		return null;
	}
	const isOfRoute = routePattern.test(found.model.id);
	return isOfRoute || target.region === pricedRegion
		? {...price, source: priceSource}
		: {...price, source: `${priceSource.slice(0, -1)} of ${pricedRegion})`, ofRegion: pricedRegion};
}

/** The ID in the library's form; behind an ARN, the prefix that stands for the scope. */
const pricedId = ({model, baseModel, scope}: Pick<Target, 'model' | 'baseModel' | 'scope'>): string => {
	const id = model.slice(model.lastIndexOf('/') + 1);
	if (scope === 'global') {
		return `global.${baseModel}`;
	}
	if (scope === 'on-demand') {
		return baseModel;
	}
	return id.endsWith(`.${baseModel}`) ? id : `us.${baseModel}`;
};

/** How the library tells the routes of newer models apart, whose prices are the same everywhere. */
const routePattern = /^(global|regional)\./;

/** A sentence about a price of another Region; undefined where it is the Region's own. */
export function foreignPriceRemark(
	{model, region}: Pick<Target, 'model' | 'region'>,
	price: Price | null,
): string | undefined {
	return price?.ofRegion === undefined
		? undefined
		: `${model}: its price is that of ${price.ofRegion}; AWS may charge another one in ${region}, and --max-cost counts by this one.`;
}

/**
 * The library matches by parts of the ID and would price Sonnet 5.5 as Sonnet 5 or a second version as the first: its
 * answer counts only when it is about this very model, and about this scope where it tells scopes apart.
 */
const isPriceOf = (pricedModel: string, {baseModel, scope}: Pick<Target, 'baseModel' | 'scope'>): boolean => {
	const route = routePattern.exec(pricedModel)?.[1];
	const model = pricedModel.replace(routePattern, '');
	const isScope = route === undefined || (route === 'global') === (scope === 'global');
	return isScope && comparable(model) === comparable(baseModel);
};

/** Without date, first version and revision 0, which the library's IDs do not spell as AWS does. */
const comparable = (modelId: string): string =>
	modelId
		.replace(/:0$/, '')
		.replace(/-20\d{6}/, '')
		.replace(/-v1$/, '');
