import {EnforcementEvidence} from '../../source/admission/enforcement-evidence.ts';
import type {EnforcementFit} from '../../source/domain/bucket-usage.ts';
import {createRandom} from '../../source/domain/clock.ts';
import {createBucket} from '../../source/simulator/enforcement.ts';
import {FakeClock} from './fake-clock.ts';

/** Clients that ask for more than a service lets in, in virtual time: what is concluded of how it enforces its limit. */
export type EnforcementScene = {
	readonly seed: number;
	readonly window: 'sliding' | 'fixed' | 'refill';
	readonly setAside: 'input-and-max-tokens' | 'uncached-input-and-max-tokens' | 'input';
	readonly countsFrom: 'first-byte' | 'end';
	readonly load: 'steady' | 'bursts' | 'retries';
	readonly minutes: number;
	/** Part of the limit that others use, of whom nothing is known. */
	readonly others?: number;
	/** What is enforced, as a part of the quota that is known. */
	readonly enforced?: number;
};

const windowMs = 60_000;
const limit = 60_000;

export const everyRule = (['sliding', 'fixed', 'refill'] as const).flatMap((window) =>
	(['input-and-max-tokens', 'uncached-input-and-max-tokens', 'input'] as const).flatMap((setAside) =>
		(['first-byte', 'end'] as const).map((countsFrom) => ({window, setAside, countsFrom})),
	),
);

/** What the evidence says at the end; undefined where it says nothing. */
export const playEnforcement = (scene: EnforcementScene): EnforcementFit | undefined => {
	const random = createRandom(scene.seed * 7919 + 17);
	const between = (low: number, high: number): number => low + (high - low) * random();
	const exponential = (mean: number): number => -Math.log(1 - random()) * mean;
	const clock = new FakeClock();
	const evidence = new EnforcementEvidence({clock, windowMs, limit: () => limit});
	const tokensPerMinute = limit * (scene.enforced ?? 1);
	const server = createBucket(
		{requestsPerMinute: undefined, tokensPerMinute, tokensPerDay: undefined},
		{enforcement: scene.window, windowMs, countFrom: scene.countsFrom},
	);
	const phaseMs = between(0, windowMs);
	const serverNow = (): number => clock.now() + windowMs + phaseMs;
	const endMs = scene.minutes * windowMs;

	const size = {input: between(50, 1500), output: between(20, 600), burndown: random() < 0.3 ? 5 : 1};
	const maxTokens = size.output * between(1.2, 4);
	const answerMs = between(1000, 20_000);
	const cachedPart =
		scene.setAside === 'uncached-input-and-max-tokens' || random() < 0.3 ? between(0.3, 0.9) : 0;
	const spread = between(0, 0.5);
	const networkMs = between(5, 60);
	const vary = (value: number): number => value * Math.exp(spread * (random() - random()));

	const attempt = (tries: number): void => {
		if (clock.now() > endMs) {
			return;
		}
		const input = vary(size.input);
		const cacheRead = input * cachedPart;
		const output = Math.min(maxTokens, vary(size.output));
		const reserved = {
			'input-and-max-tokens': input + maxTokens,
			'uncached-input-and-max-tokens': input - cacheRead + maxTokens,
			input,
		}[scene.setAside];
		const settled = input - cacheRead + output * size.burndown;
		const key = {};
		// Inputs are estimated before an answer is there, on the safe side.
		const margin = between(1, 1.05);
		evidence.sent(key, input * margin + maxTokens, input * margin);
		clock.after(networkMs * between(0.8, 1.5), () => {
			const admission = server.admit(serverNow(), reserved);
			if (!admission.isAdmitted) {
				clock.after(networkMs, () => {
					evidence.refused(key, true);
					if (scene.load === 'retries' && tries < 5) {
						clock.after(random() * Math.min(20_000, 1000 * 2 ** tries), () => attempt(tries + 1));
					}
				});
				return;
			}
			const tookMs = vary(answerMs);
			clock.after(Math.min(tookMs, 500) + networkMs, () => evidence.heard(key));
			clock.after(tookMs, () => {
				admission.settle(serverNow(), settled);
				clock.after(networkMs, () =>
					evidence.settled(key, settled, {
						inputTokens: input - cacheRead,
						cacheReadTokens: cacheRead,
						cacheWriteTokens: 0,
					}),
				);
			});
		});
	};

	const others = scene.others ?? 0;
	if (others > 0) {
		const each = limit / 100;
		const next = (): void => {
			clock.after(exponential(windowMs / (others * 100)), () => {
				server.occupy(serverNow(), 0, each);
				if (clock.now() < endMs) {
					next();
				}
			});
		};
		next();
	}

	const mean = size.input * (1 - cachedPart) + size.output * size.burndown;
	const perMinute = Math.min(1500, (limit / mean) * between(1.2, 2.5));
	const burst = Math.ceil(perMinute * between(0.2, 0.8));
	const gapMs = (windowMs * burst) / perMinute;
	const next = (): void => {
		clock.after(
			scene.load === 'bursts' ? gapMs * between(0.7, 1.3) : exponential(windowMs / perMinute),
			() => {
				for (let index = 0; index < (scene.load === 'bursts' ? burst : 1); index++) {
					attempt(0);
				}
				if (clock.now() < endMs) {
					next();
				}
			},
		);
	};
	next();
	clock.skip(endMs + 120_000);
	return evidence.fit;
};

/** How a conclusion stands to what is enforced. */
export const judgeFit = (
	{window, setAside, countsFrom}: Pick<EnforcementScene, 'window' | 'setAside' | 'countsFrom'>,
	fit: EnforcementFit | undefined,
): {
	readonly isStated: boolean;
	/** Something fits, and what is enforced is not among it. */
	readonly isWrong: boolean;
	readonly decided: {readonly window: boolean; readonly setAside: boolean; readonly countsFrom: boolean};
} => {
	const isStated = fit !== undefined && fit.windows.length > 0;
	return {
		isStated,
		isWrong:
			isStated &&
			!(
				fit.windows.includes(window) &&
				fit.countsFrom.includes(countsFrom) &&
				// Without reads from a cache these two are one.
				(fit.setAside.includes(setAside) ||
					(setAside !== 'input' && fit.setAside.includes('input-and-max-tokens')))
			),
		decided: {
			window: isStated && fit.windows.length === 1,
			setAside: isStated && fit.setAside.length === 1,
			countsFrom: isStated && fit.countsFrom.length === 1,
		},
	};
};
