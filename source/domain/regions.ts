/** Names of AWS Regions. */

/**
 * Regions in which Bedrock's models and profiles are listed (user guide, supported Regions, as read on 2026-11-22). Others
 * can be typed.
 */
export const bedrockRegions: readonly string[] = [
	'us-east-1',
	'us-east-2',
	'us-west-1',
	'us-west-2',
	'ca-central-1',
	'ca-west-1',
	'sa-east-1',
	'eu-central-1',
	'eu-north-1',
	'eu-south-1',
	'eu-south-2',
	'eu-west-1',
	'eu-west-2',
	'eu-west-3',
	'ap-east-2',
	'ap-northeast-1',
	'ap-northeast-2',
	'ap-northeast-3',
	'ap-south-1',
	'ap-south-2',
	'ap-southeast-1',
	'ap-southeast-2',
	'ap-southeast-3',
	'ap-southeast-4',
];

/** The part before the number in the names of all AWS Regions so far. */
const directions = [
	'east',
	'west',
	'north',
	'south',
	'central',
	'northeast',
	'northwest',
	'southeast',
	'southwest',
];

/** Whether a text has the form of a Region's name; whether there is such a Region, AWS knows. */
export function isRegionName(text: string): boolean {
	const [, direction = ''] = /^[a-z]{2,4}(?:-[a-z]+)*-([a-z]+)-\d$/.exec(text) ?? [];
	return directions.includes(direction);
}
