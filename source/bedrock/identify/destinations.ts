import type {Scope} from '../../domain/target.ts';
import {parseBedrockArn} from './arn.ts';

/**
 * Scope and base model of an inference profile from the foundation models that it routes to.
 * A region-less ARN means global routing, several Regions mean a geographic profile, one Region means that the profile was
 * copied from a base model (the ARN form is documented by AWS, the rule is inferred from it).
 * @param modelArns ARNs of foundation models, or of the profile that an application profile was copied from.
 * @returns undefined when no ARN names a foundation model.
 */
export const routeOf = (
	modelArns: readonly string[],
): {readonly baseModel: string; readonly scope: Scope} | undefined => {
	const models = modelArns
		.map((arn) => parseBedrockArn(arn))
		.filter((arn) => arn?.resourceType === 'foundation-model');
	const [first] = models;
	if (first === undefined) {
		return undefined;
	}
	const regions = new Set(models.map((arn) => arn?.region));
	const scope: Scope = regions.has('') ? 'global' : regions.size > 1 ? 'cross-region' : 'on-demand';
	return {baseModel: first.resourceId, scope};
};
