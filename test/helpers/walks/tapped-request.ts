import {Agent, request} from 'node:http';
import type {Limit} from '../../../source/domain/target.ts';
import {Programs} from '../../../source/tap/programs.ts';
import {startTappedSimulator, targetOf} from '../tapped-simulator.ts';
import {goTwice} from './go-twice.ts';

/** A request of an application over a connection of its own, through a tap that paces and has a limit of the cost. */

const limit: Limit = {value: 1e9, state: 'known', source: 'override'} as Limit;
const price = {input: 1e-9, output: 1e-9, cacheRead: 0, cacheWrite: 0, source: 'test'};
const {url} = await startTappedSimulator(
	{latencyMs: 0, requestsPerMinute: 1e9, tokensPerMinute: 1e9},
	{
		pace: {share: 1, burst: 'full', holdMs: 25_000, holdAliveMs: 25_000, holdPatientMs: 25_000, lanes: []},
		maxCost: {usd: 1e6, isPerDay: false},
	},
	{
		programs: new Programs(),
		async resolve(model) {
			const target = targetOf(model);
			const quota = {...target.quota, requestsPerMinute: limit, tokensPerMinute: limit};
			return {target: {...target, quota}, price};
		},
	},
);
const body = JSON.stringify({messages: [{role: 'user', content: [{text: 'Name three rivers.'}]}]});
await goTwice(
	async () =>
		new Promise<void>((resolve, reject) => {
			const asked = request(
				`${url}/model/us.amazon.nova-lite-v1%3A0/converse-stream`,
				{method: 'POST', agent: new Agent(), headers: {'content-type': 'application/json'}},
				(response) => {
					response.resume().once('close', resolve);
				},
			);
			asked.once('error', reject);
			asked.end(body);
		}),
);
