import {describe, expect, it} from 'vitest';
import {resolveRun} from '../../source/config/resolve-run.ts';
import {systemClock} from '../../source/domain/clock.ts';
import {createRun} from '../../source/engine/run.ts';
import {parseFaults} from '../../source/simulator/options.ts';
import {prepare} from '../../source/threads/prepare.ts';
import {startForTest} from '../simulator/harness.ts';

/** Tests source/threads/prepare.ts: a run against broken answers. */

/** What answers cost that break off, against what the service settled for them. */

const noFlags = {
	isSet: () => undefined,
	text: () => undefined,
	texts: () => [],
	afterPreset: () => [],
	typed: () => [],
};

type ServerStats = {readonly tokens: {readonly quota: number}; readonly failed: number};

describe.each(['cut', 'stream-error'] as const)('streams of which 30 % end by %s', (kind) => {
	it('count at what the service settled, within 5 %', async () => {
		const {url} = await startForTest({
			requestsPerMinute: 100_000,
			tokensPerMinute: 100_000_000,
			faults: parseFaults([{kind, probability: 0.3}]),
		});
		const asked = await resolveRun('summarize', noFlags, async () => '');
		const config = {
			...asked,
			connection: {region: 'us-east-1', profile: undefined, simulatorUrl: url},
			load: {...asked.load, requests: 40},
			isEliminating: false,
			override: {requestsPerMinute: 100_000, tokensPerMinute: 100_000_000, burndown: undefined},
		};
		const prepared = await prepare(config, () => {}, new AbortController().signal);
		try {
			const run = createRun(prepared.spec, {backend: prepared.backend, clock: systemClock});
			await run.start();
			const {variants, costUsd} = run.snapshot();
			const stats = (await (await fetch(`${url}/__stats`)).json()) as ServerStats;
			const sum = (of: (variant: (typeof variants)[number]) => number): number =>
				variants.reduce((total, variant) => total + of(variant), 0);
			const broken = sum(({attemptsBroken}) => attemptsBroken?.count ?? 0);
			expect(broken).toBeGreaterThan(30);
			expect(sum(({tokens}) => tokens.quota) / stats.tokens.quota).toBeGreaterThan(0.95);
			expect(sum(({tokens}) => tokens.quota) / stats.tokens.quota).toBeLessThan(1.05);
			expect(variants.every(({attemptsBroken}) => attemptsBroken?.estimated !== false)).toBe(true);
			expect(sum((variant) => variant.costUsd ?? 0)).toBeCloseTo(costUsd ?? Number.NaN, 6);
		} finally {
			prepared.backend.close();
			prepared.clients.close();
		}
	});
});
