/** Tests source/metrics/decisions/advice.ts: the loss of a naive loop. */
import {describe, expect, it} from 'vitest';
import type {Failure} from '../../../source/domain/failure.ts';
import {createRun} from '../../../source/engine/run.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {ModelServer, throttle} from '../../helpers/model-server.ts';
import {loadOf, quotaOf, specOf, targetOf} from '../../helpers/spec-fixture.ts';

const linesOf = async (fault: () => Failure | undefined): Promise<readonly string[]> => {
	const clock = new FakeClock();
	const backend = new ModelServer({clock, fault, requestsPerWindow: 10_000, tokensPerWindow: 10_000_000});
	const spec = specOf({
		targets: [targetOf(quotaOf(1000, 1_000_000))],
		load: loadOf('serial', {requests: 20}),
	});
	const run = createRun(spec, {backend, clock});
	await clock.settle(run.start());
	return run
		.snapshot()
		.advice.filter(({kind}) => kind === 'retries')
		.map(({text}) => text);
};

/** A fault for each attempt, one after the other. */
const each = (list: ReadonlyArray<Failure | undefined>): (() => Failure | undefined) => {
	const rest = [...list];
	return () => rest.shift();
};

describe('what a naive loop would have lost', () => {
	it('counts requests whose first attempt was throttled, each once, and those that were answered in the end', async () => {
		const faults = [throttle('requests'), throttle('requests'), undefined, undefined, throttle('tokens')];
		expect(await linesOf(each(faults))).toEqual([
			'A naive loop, which drops throttled requests, would have lost at least 2 of 20 requests (10%), whose first attempts were throttled here. Retried, 2 of them were answered.',
		]);
	});

	it("says nothing where the day's quota stopped the run: no retry would have saved that", async () => {
		expect(await linesOf(() => throttle('day'))).toEqual([]);
	});

	it('says nothing of other failures, and nothing where nothing was throttled', async () => {
		const broken: Failure = {...throttle('requests'), class: 'model-error'};
		expect(await linesOf(each([broken]))).toEqual([]);
		// The first attempt failed for another reason: such a loop had lost it anyway.
		expect(await linesOf(each([broken, throttle('requests')]))).toEqual([]);
	});
});
