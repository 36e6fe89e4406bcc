import {describe, expect, it} from 'vitest';
import {regionOfArns} from '../../../source/bedrock/identify/identify.ts';

/** Tests regionOfArns of source/bedrock/identify/identify.ts. */

const kinds = [
	':foundation-model/amazon.nova-lite-v1:0',
	'111122223333:inference-profile/us.amazon.nova-lite-v1:0',
	'111122223333:application-inference-profile/abc123',
	'111122223333:provisioned-model/abc123',
	'111122223333:custom-model-deployment/abc123',
	'111122223333:imported-model/abc123',
	'111122223333:prompt-router/abc123',
];

const arnIn = (region: string, kind: string): string => `arn:aws:bedrock:${region}:${kind}`;

describe('the Region of an ARN', () => {
	it.each(kinds)('%s: taken, and not to be contradicted', (kind) => {
		const arn = arnIn('us-west-2', kind);
		expect(regionOfArns([arn], undefined)).toBe('us-west-2');
		expect(regionOfArns([arn], 'us-west-2')).toBe('us-west-2');
		expect(() => regionOfArns([arn], 'us-east-1')).toThrow(
			`--region us-east-1 contradicts ${arn}, which belongs to us-west-2.`,
		);
	});

	it('other partitions', () => {
		expect(regionOfArns(['arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/a.b'], undefined)).toBe(
			'us-gov-west-1',
		);
	});

	it('beside an ID it counts for both, beside an ARN of another Region it is refused', () => {
		const [kind = ''] = kinds;
		expect(regionOfArns(['amazon.nova-lite-v1:0', arnIn('us-west-2', kind)], undefined)).toBe('us-west-2');
		expect(() => regionOfArns([arnIn('us-west-2', kind), arnIn('eu-west-1', kind)], undefined)).toThrow(
			/belongs to us-west-2 and .* to eu-west-1/,
		);
	});

	it.each([
		'amazon.nova-lite-v1:0',
		'arn:aws:bedrock:::foundation-model/amazon.nova-lite-v1:0',
		'arn:aws:s3:us-west-2::x',
	])('%s decides nothing', (model) => {
		expect(regionOfArns([model], 'eu-west-1')).toBeUndefined();
	});
});
