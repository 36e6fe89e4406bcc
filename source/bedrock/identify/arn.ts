/** ARNs that the runtime accepts as `modelId`, taken apart. */

/** An ARN of Amazon Bedrock. */
export type BedrockArn = {
	readonly partition: string;
	/** Empty in the region-less ARNs of global profiles (`arn:aws:bedrock:::foundation-model/ID`). */
	readonly region: string;
	/** Empty for what belongs to AWS. */
	readonly account: string;
	/** Such as `foundation-model`, `inference-profile`, `application-inference-profile`. */
	readonly resourceType: string;
	readonly resourceId: string;
};

const arnPattern = /^arn:([a-z0-9-]+):bedrock:([a-z0-9-]*):(\d*):([a-z-]+)\/(.+)$/i;

/** Whether the text claims to be an ARN, well formed or not. */
export const looksLikeArn = (text: string): boolean => /^arn:/i.test(text);

/** Takes a Bedrock ARN apart; undefined for anything else, ARNs of other services included. */
export const parseBedrockArn = (text: string): BedrockArn | undefined => {
	const match = arnPattern.exec(text);
	if (match === null) {
		return undefined;
	}
	const [, partition = '', region = '', account = '', resourceType = '', resourceId = ''] = match;
	return {partition, region, account, resourceType: resourceType.toLowerCase(), resourceId};
};
