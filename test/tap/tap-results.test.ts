import {afterAll, beforeAll, expect, it} from 'vitest';
import type {Snapshot} from '../../source/domain/snapshot.ts';
import {tapJson} from '../../source/plain/tap.ts';
import {resultsOf, resultsText, snapshotOf} from '../../source/reports/results.ts';
import {readResults} from '../../source/reports/results-schema.ts';
import {summaryMarkdown} from '../../source/reports/run-sections.ts';
import {accountRegionFixture} from '../helpers/account-fixture.ts';
import {violationsOf} from '../helpers/published-schema.ts';
import {environment} from '../helpers/results-fixture.ts';
import {startTappedSimulator} from '../helpers/tapped-simulator.ts';

/** Tests source/tap/tap-snapshot.ts, source/reports/results.ts and source/plain/tap.ts: what is left of a tap: its results, its summary, its lines of JSON. */

let snapshot: Snapshot;
let stop = async (): Promise<void> => {};
beforeAll(async () => {
	const tapped = await startTappedSimulator();
	for (const session of ['one', 'two']) {
		const answer = await fetch(`${tapped.url}/model/us.amazon.nova-lite-v1%3A0/converse`, {
			method: 'POST',
			headers: {
				'content-type': 'application/json',
				'x-bedrock-top-client': 'chat | <b>',
				'x-bedrock-top-session': session,
			},
			body: JSON.stringify({messages: [{role: 'user', content: [{text: 'Name three rivers.'}]}]}),
		});
		await answer.arrayBuffer();
	}
	await tapped.tap.stop('key', 0);
	snapshot = tapped.tap.snapshot();
	stop = tapped.stop;
});
afterAll(async () => {
	await stop();
});

it('has its clients in results.json, in the schema, and reads them back', () => {
	const results = resultsOf(snapshot, environment);
	expect(violationsOf(resultsText(results))).toEqual([]);
	const back = readResults(resultsText(results), 'results.json');
	expect(back.tap).toEqual(snapshot.tap);
	expect(back.tap?.clients.map(({session}) => session)).toEqual(['one', 'two']);
	expect(snapshotOf(back).tap).toEqual(snapshot.tap);
});

it('has a summary of its clients, without a verdict and without a run to repeat', () => {
	const summary = summaryMarkdown(resultsOf(snapshot, environment), []);
	expect(summary).toMatch(/^# SIMULATED: bedrock-top, tap$/m);
	expect(summary).toMatch(/^\| chat \\\| \S*b\S* one \| us\.amazon\.nova-lite-v1:0 \| 1 \|/m);
	expect(summary).not.toMatch(/## Verdict|## Repeat it/);
});

it('has lines of JSON in the form of watch, also where the account cannot be watched', () => {
	const {clients} = snapshot.tap ?? {};
	expect(JSON.parse(tapJson(snapshot, undefined, 'us-east-1'))).toEqual({
		at: null,
		region: 'us-east-1',
		simulated: true,
		complete: false,
		buckets: [],
		clientsAt: snapshot.at,
		clients,
	});
	const watched = JSON.parse(tapJson(snapshot, accountRegionFixture(), 'us-east-1'));
	expect(Object.keys(watched)).toEqual(
		expect.arrayContaining(['at', 'region', 'complete', 'buckets', 'clientsAt', 'clients']),
	);
	expect(watched.buckets.length).toBeGreaterThan(0);
});
