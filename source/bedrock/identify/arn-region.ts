import {UserError} from '../../domain/user-error.ts';
import {parseBedrockArn} from './arn.ts';

/** A model or profile named by its ARN can be called in the Region of the ARN alone. */

type Placed = {readonly model: string; readonly region: string};

const placedIn = (models: readonly string[]): readonly Placed[] =>
	models.flatMap((given) => {
		const model = given.trim();
		const region = parseBedrockArn(model)?.region ?? '';
		return region === '' ? [] : [{model, region}];
	});

/**
 * The Region that ARNs among the models decide; undefined where none of them does.
 * @param typed Region of the command line.
 * @throws UserError (exit 2) where ARNs contradict each other or what was typed.
 */
export const regionOfArns = (models: readonly string[], typed: string | undefined): string | undefined => {
	const placed = placedIn(models);
	const [first] = placed;
	if (first === undefined) {
		return undefined;
	}
	const other = placed.find(({region}) => region !== first.region);
	if (other !== undefined) {
		throw new UserError(
			`${first.model} belongs to ${first.region} and ${other.model} to ${other.region}: a run goes to one Region.`,
			{
				exitCode: 2,
				hint: 'Run them one after the other, and lay the results side by side with "bedrock-top compare".',
			},
		);
	}
	if (typed !== undefined && typed !== first.region) {
		throw new UserError(`--region ${typed} contradicts ${first.model}, which belongs to ${first.region}.`, {
			exitCode: 2,
			hint: `Write --region ${first.region} or leave --region out: the ARN decides.`,
		});
	}
	return first.region;
};
