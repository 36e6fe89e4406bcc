import {expect, it} from 'vitest';
import {parseQuotaName} from '../../../source/bedrock/quotas/quota-name.ts';
import {nearNames} from '../../../source/bedrock/quotas/resolve-targets.ts';

/** Tests nearNames of source/bedrock/quotas/resolve-targets.ts. */

const names = [
	'On-demand model inference tokens per minute for Z.ai GLM-4.7',
	'On-demand model inference requests per minute for Z.ai GLM-4.7',
	'Global cross-region model inference tokens per minute for Grok 4.6',
	'On-demand latency-optimized model inference tokens per minute for Z.ai GLM-4.6',
	'On-demand model inference tokens per minute for Gemma 3 4B',
].flatMap((name) => parseQuotaName(name) ?? []);

it('names with words in common come near, those with numbers alone do not', () => {
	expect(nearNames('zai.glm-4.6', names)).toEqual([
		'On-demand model inference requests per minute for Z.ai GLM-4.7',
		'On-demand model inference tokens per minute for Z.ai GLM-4.7',
	]);
});

it('nothing comes near to nothing', () => {
	expect(nearNames('', names)).toEqual([]);
	expect(nearNames('acme.tiger-1', names)).toEqual([]);
});

it('at most six are shown, the nearest first', () => {
	const many = Array.from({length: 10}, (_item, index) => [
		`On-demand model inference tokens per minute for Acme Tiger ${index}`,
		`On-demand model inference tokens per minute for Acme Tiger ${index} Extra Large`,
	])
		.flat()
		.flatMap((name) => parseQuotaName(name) ?? []);
	const near = nearNames('acme.tiger-11', many);
	expect(near).toHaveLength(6);
	expect(near.every((name) => !name.includes('Extra'))).toBe(true);
});
