import {describe, expect, it} from 'vitest';
import type {Backend} from '../../../source/domain/backend.ts';
import type {AnswerRecord} from '../../../source/engine/attempts/request-records.ts';
import {createRun} from '../../../source/engine/run.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {ModelServer} from '../../helpers/model-server.ts';
import {loadOf, quotaOf, specOf, targetOf, variantOf} from '../../helpers/spec-fixture.ts';

/** Tests source/engine/cells/cell.ts: answers of another tier than was asked for. */

type Served = {readonly tier?: string; readonly latencyMode?: string};

/** A run whose answers say by turns that they were served so. */
const play = async (
	asked: {readonly tier: string | null; readonly latency?: string},
	...served: readonly Served[]
) => {
	const clock = new FakeClock();
	const server = new ModelServer({clock});
	let count = 0;
	const backend: Backend = {
		...server,
		async invoke(request, options) {
			const outcome = await server.invoke(request, options);
			return {...outcome, ...served[count++ % served.length]};
		},
	};
	const parameters = asked.latency === undefined ? {} : {performanceConfig: {latency: asked.latency}};
	const records: AnswerRecord[] = [];
	const run = createRun(
		specOf({
			targets: [{...targetOf(quotaOf(100, 100_000)), tier: asked.tier}],
			variants: [variantOf('plain', {parameters})],
			load: loadOf('serial', {requests: 6}),
		}),
		{backend, clock, onAnswer: (record) => records.push(record)},
	);
	await clock.settle(run.start());
	const {events, variants} = run.snapshot();
	return {
		notes: events.filter(({kind}) => kind === 'tier').map(({text}) => text),
		figures: variants[0],
		records,
	};
};

describe('the tier and the latency mode that served', () => {
	it('are recorded of each answer, and counted', async () => {
		const {notes, figures, records} = await play({tier: 'flex'}, {tier: 'flex', latencyMode: 'standard'});
		expect(notes).toEqual([]);
		expect(figures).toMatchObject({tiers: {flex: 6}, latencyModes: {standard: 6}});
		expect(records.map(({tier}) => tier)).toEqual(Array.from({length: 6}, () => 'flex'));
	});

	it('are said once when they are not what was asked for', async () => {
		const {notes} = await play(
			{tier: 'priority', latency: 'optimized'},
			{tier: 'default', latencyMode: 'standard'},
		);
		expect(notes).toEqual([
			'test.model-v1:0: the service tier priority was asked for, answers were served by default.',
			'plain on test.model-v1:0: the latency mode optimized was asked for, answers were served by standard.',
		]);
	});

	it('are said once when the answers mix them', async () => {
		const {notes, figures} = await play(
			{tier: null},
			{tier: 'default'},
			{tier: 'priority'},
			{tier: 'default'},
		);
		expect(notes).toEqual([
			'test.model-v1:0: its figures mix answers of more than one service tier: default, priority.',
		]);
		expect(figures?.tiers).toEqual({default: 4, priority: 2});
	});

	it('are left out where answers do not say', async () => {
		const {notes, figures, records} = await play({tier: 'flex'}, {});
		expect(notes).toEqual([]);
		expect(figures).not.toHaveProperty('tiers');
		expect(records[0]).not.toHaveProperty('tier');
	});
});
