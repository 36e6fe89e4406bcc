import {writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it} from 'vitest';
import {batchAccount, callBatch} from './batch-harness.ts';

type Plan = {
	readonly share: number;
	readonly variants: ReadonlyArray<{
		readonly assumed: boolean;
		readonly recommended: string | null;
		readonly onDemand: {readonly durationMs: number | null};
	}>;
};

const many = ['high-volume', '-m', 'amazon.nova-lite-v1:0', '--plan', '--items', '1000000'] as const;

const planOf = async (...argv: readonly string[]): Promise<Plan> =>
	JSON.parse((await callBatch(...many, '--json', ...argv)).stdout) as Plan;

describe('batch --plan', () => {
	it('plans what is not a conversation, and names the endpoint that the plan was made at', async () => {
		const {url} = await batchAccount();
		const {exitCode, stdout} = await callBatch('hybrid', '--plan');
		expect(exitCode).toBe(0);
		expect(stdout).toContain('bulk');
		expect(stdout).not.toMatch(/^chat/m);
		expect(stdout).toContain(`SIMULATED  us-east-1  endpoint ${url} (not AWS)\n`);
		const json = await callBatch('high-volume', '--plan', '--json');
		expect(JSON.parse(json.stdout)).toMatchObject({simulated: true, endpoint: url});
	});

	it('takes twice as long with half of the quota, and names the share', async () => {
		await batchAccount();
		const [whole, half] = [await planOf(), await planOf('--share', '0.5')];
		expect([whole.share, half.share]).toEqual([1, 0.5]);
		for (const [index, {onDemand}] of whole.variants.entries()) {
			const other = half.variants[index]?.onDemand.durationMs ?? 0;
			expect(other / (onDemand.durationMs ?? 0)).toBeCloseTo(2);
		}
		expect((await callBatch(...many, '--share', '0.5')).stdout).toContain('50% of the on-demand quota');
		expect((await callBatch(...many)).stdout).not.toContain('of the on-demand quota,');
	}, 60_000);

	it('assumes a quota where the account does not report it, and marks what follows', async () => {
		await batchAccount(
			{},
			{denied: ['servicequotas:ListServiceQuotas', 'servicequotas:ListAWSDefaultServiceQuotas']},
		);
		const {variants} = await planOf();
		for (const variant of variants) {
			expect(variant).toMatchObject({assumed: true, recommended: 'batch'});
			expect(variant.onDemand.durationMs).toBeGreaterThan(0);
		}
		const {stdout} = await callBatch(...many);
		expect(stdout).toContain(
			'100 (assumed) requests and 10,000 (assumed) tokens per minute; --rpm and --tpm',
		);
		expect(stdout).not.toContain('unknown');
		const told = await planOf('--rpm', '1000', '--tpm', '1000000');
		expect(told.variants.every(({assumed}) => !assumed)).toBe(true);
	}, 60_000);

	it('says what it read of the items, and what typed max tokens replace', async () => {
		const {home} = await batchAccount();
		writeFileSync(path.join(home, 'items.csv'), 'text;label\na;x\n\nb;y\n');
		const preset = path.join(home, 'table.yaml');
		writeFileSync(
			preset,
			'name: table\ntask: Sort\nitems: {file: items.csv}\nvariants: [{name: v, maxTokens: 5}]\n',
		);
		const argv = ['-m', 'amazon.nova-lite-v1:0', '--plan', '--json', '--max-tokens', '9'];
		const {stderr, stdout} = await callBatch(preset, ...argv);
		expect(stderr).toContain(
			"items.csv: its values are separated by semicolons.\nitems.csv: 1 empty row was skipped.\n--max-tokens 9 replaces the variants' own (v 5).\n",
		);
		expect(JSON.parse(stdout)).toBeInstanceOf(Object);
	});
});
