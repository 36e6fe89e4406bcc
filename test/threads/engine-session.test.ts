import {readFileSync} from 'node:fs';
import path from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {MemberStore} from '../../source/admission/member-shares.ts';
import {createLedgerStore} from '../../source/admission/member-store.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveRun} from '../../source/config/resolve-run.ts';
import {systemClock} from '../../source/domain/clock.ts';
import type {RunConfig} from '../../source/domain/run-config.ts';
import type {Snapshot} from '../../source/domain/snapshot.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import {createSession} from '../../source/threads/engine-session.ts';
import type {EngineReport, EngineRequest} from '../../source/threads/messages.ts';
import {newFolder} from '../helpers/built-program.ts';

let simulator: Awaited<ReturnType<typeof startSimulator>>;

beforeAll(async () => {
	simulator = await startSimulator({
		port: 0,
		seed: 1,
		requestsPerMinute: undefined,
		tokensPerMinute: undefined,
		enforcement: 'sliding',
		windowMs: 60_000,
		latencyMs: 5,
		faults: undefined,
	});
});

afterAll(async () => simulator.stop());

const configOf = async (...argv: readonly string[]): Promise<RunConfig> => {
	const {words, flags} = parseArguments(['run', ...argv]);
	const config = await resolveRun(words[0], flags, async () => '');
	return {...config, connection: {...config.connection, simulatorUrl: simulator.url}};
};

/** A session with its reports at hand. */
const openSession = (uses = createLedgerStore(undefined)) => {
	const listeners = new Set<(report: EngineReport) => void>();
	const handle = createSession({
		clock: systemClock,
		uses,
		publish(report) {
			for (const listener of listeners) {
				listener(report);
			}
		},
	});
	const ask = async <Type extends EngineReport['type']>(
		request: EngineRequest,
		type: Type,
	): Promise<Extract<EngineReport, {type: Type}>> =>
		new Promise((resolve, reject) => {
			const listener = (report: EngineReport): void => {
				if (report.type === 'failed') {
					reject(new Error(report.fault.message));
				}
				if (report.type === type) {
					listeners.delete(listener);
					resolve(report as Extract<EngineReport, {type: Type}>);
				}
			};
			listeners.add(listener);
			handle(request);
		});
	return {ask, handle};
};

const usedRequests = ({buckets}: Snapshot): number => buckets[0]?.requests.used ?? 0;

describe('engine session against the simulator', () => {
	it('prepares a plan, runs it, and the next run knows of the last minute', async () => {
		const {ask} = openSession();
		const config = await configOf('summarize', '--requests', '3');
		const {plan, snapshot} = await ask({type: 'prepare', config}, 'prepared');
		expect(plan).toMatchObject({requests: 12, remarks: []});
		expect(plan.costUsd).toBeGreaterThan(0);
		expect(usedRequests(snapshot)).toBe(0);

		const {snapshot: last} = await ask({type: 'start', answers: undefined}, 'ended');
		expect(last).toMatchObject({phase: 'ended', outcome: 'completed', simulated: true});
		expect(last.variants.map(({requests}) => requests.succeeded)).toEqual([3, 3, 3, 3]);

		const {snapshot: next} = await ask({type: 'prepare', config}, 'prepared');
		expect(usedRequests(next)).toBe(12);
		await ask({type: 'close'}, 'closed');
	});

	it('knows at its start what others used while it waited for it', async () => {
		const uses = createLedgerStore(undefined);
		const opened: MemberStore[] = [];
		const {ask} = openSession({
			...uses,
			open(caller, target) {
				const store = uses.open(caller, target);
				opened.push(store);
				return store;
			},
		});
		const config = await configOf('summarize', '--requests', '3');
		const {snapshot} = await ask({type: 'prepare', config}, 'prepared');
		expect(usedRequests(snapshot)).toBe(0);
		const [store] = opened;
		await store?.write({
			id: uses.newMember(),
			isEnded: true,
			writtenAt: Date.now(),
			claim: {requests: 40, tokens: 8000},
			use: {requests: 40, tokens: 8000},
			heldTokens: 0,
			most: {requests: null, tokens: null},
			isWaiting: false,
			needs: 0,
			lastSentAt: Date.now(),
			settledTokens: 8000,
			entries: [{at: Date.now(), requests: 40, tokens: 8000, ended: 8000}],
			minutes: [],
			stamping: {countsFrom: 'unknown', at: Date.now(), accepted: 0, refused: 0, marks: '0'.repeat(600)},
		});
		const {snapshot: last} = await ask({type: 'start', answers: undefined}, 'ended');
		expect(usedRequests(last)).toBe(40 + 12);
		await ask({type: 'close'}, 'closed');
	});

	it('adds requests to a run that has ended, in the same files', async () => {
		const {ask, handle} = openSession();
		const folder = newFolder();
		const file = path.join(folder, 'answers.jsonl');
		const config = await configOf('classify', '--requests', '3');
		await ask({type: 'prepare', config}, 'prepared');
		const {snapshot} = await ask({type: 'start', answers: {file}}, 'ended');
		const more = snapshot.more?.kind === 'offered' ? snapshot.more.requests : 0;
		expect(more).toBeGreaterThan(0);
		const {snapshot: last} = await ask({type: 'send-more'}, 'ended');
		expect(last.progress.done).toBe(snapshot.progress.done + more);
		expect(last.startedAt).toBe(snapshot.startedAt);
		const lines = readFileSync(file, 'utf8').trim().split('\n');
		expect(lines).toHaveLength(last.progress.done);
		expect(new Set(lines.map((line) => JSON.parse(line).run)).size).toBe(1);
		handle({type: 'close'});
	});

	it('stops a run with what was measured', async () => {
		const {ask} = openSession();
		await ask({type: 'prepare', config: await configOf('summarize', '--load', 'saturate')}, 'prepared');
		const ended = ask({type: 'start', answers: undefined}, 'ended');
		await ask({type: 'pause'}, 'snapshot');
		const {snapshot: paused} = await ask({type: 'resume'}, 'snapshot');
		expect(paused.phase).toBe('running');
		await ask({type: 'stop', stoppedBy: 'signal', deadlineMs: 1000}, 'snapshot');
		expect((await ended).snapshot).toMatchObject({outcome: 'stopped', stoppedBy: 'signal'});
		await ask({type: 'close'}, 'closed');
	});

	it('lists what can be run, whatever else it does', async () => {
		const {ask} = openSession();
		const {connection, override, isRefreshing} = await configOf('summarize');
		const config = {connection, override, isRefreshing};
		const {models} = await ask({type: 'list-models', config}, 'models-listed');
		const profile = models.find(({model}) => model === 'us.amazon.nova-lite-v1:0');
		expect(profile).toMatchObject({scope: 'cross-region'});
		expect(profile?.quota.requestsPerMinute.value).toBeGreaterThan(0);

		const gone = {...connection, simulatorUrl: 'http://127.0.0.1:9'};
		const {fault} = await ask({type: 'list-models', config: {...config, connection: gone}}, 'models-failed');
		expect(fault.message).toContain('http://127.0.0.1:9 is not reachable');
	});

	it('fails in words when nobody listens', async () => {
		const {ask} = openSession();
		const config = await configOf('summarize');
		const connection = {...config.connection, simulatorUrl: 'http://127.0.0.1:9'};
		await expect(ask({type: 'prepare', config: {...config, connection}}, 'prepared')).rejects.toThrow(
			'http://127.0.0.1:9 is not reachable',
		);
	});
});

describe('a model that does not stream', () => {
	it('is called by converse without a word from the user, and the plan says so', async () => {
		const {ask} = openSession();
		const config = await configOf(
			'summarize',
			'-m',
			'ai21.j2-mid-v1',
			'--requests',
			'2',
			'--variants',
			'concise',
		);
		expect(config.method).toBe('converse-stream');
		const {plan} = await ask({type: 'prepare', config}, 'prepared');
		expect(plan.method).toBe('converse');
		expect(plan.remarks.join('\n')).toContain('ai21.j2-mid-v1 does not stream: it is called by converse');
		const {snapshot} = await ask({type: 'start', answers: undefined}, 'ended');
		expect(snapshot.events).toContainEqual(
			expect.objectContaining({kind: 'method', text: expect.stringContaining('it is called by converse')}),
		);
		expect(snapshot.variants[0]?.requests).toMatchObject({sent: 2, succeeded: 2, failed: {}});
	});

	it.each([
		[['-m', 'ai21.j2-mid-v1', '--method', 'converse-stream'], 'ai21.j2-mid-v1 does not stream'],
		[['-m', 'amazon.titan-embed-text-v2:0'], 'answers with embedding, not with text'],
	])('is refused before anything is sent: %j', async (argv, message) => {
		const {ask} = openSession();
		const config = await configOf('summarize', ...argv);
		await expect(ask({type: 'prepare', config}, 'prepared')).rejects.toThrow(message);
	});
});
