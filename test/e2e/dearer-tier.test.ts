import {mkdtempSync, readFileSync} from 'node:fs';
import {createServer, type IncomingMessage, request as send} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import {describe, expect, it, onTestFinished} from 'vitest';
import {readResults} from '../../source/reports/results-schema.ts';
import {isBuilt, runProgram, undrawn} from '../helpers/built-program.ts';
import {isSoak} from '../helpers/random-cases.ts';
import {startForTest} from '../simulator/harness.ts';

/** A service that answers with a dearer tier than was asked for, over real HTTP and through the real SDK. */

const dearer = 'priority';

/** Converse says the tier in its answer, which the simulator repeats from the request; Invoke in a header. */
const withTier = (incoming: IncomingMessage, body: string): string =>
	/\/converse(-stream)?$/.test(incoming.url ?? '')
		? JSON.stringify({...JSON.parse(body), serviceTier: {type: dearer}})
		: body;

/** Stands between the program and a simulator. @returns its URL, and the number of answers that were asked for. */
const startUpgrading = async (): Promise<{readonly url: string; readonly asked: () => number}> => {
	const simulator = await startForTest({requestsPerMinute: 1000, tokensPerMinute: 10_000_000});
	let asked = 0;
	const server = createServer(async (incoming, outgoing) => {
		const body = withTier(incoming, await text(incoming));
		const isAnswer = incoming.url?.startsWith('/model/') ?? false;
		asked += isAnswer && !incoming.url?.endsWith('/count-tokens') ? 1 : 0;
		const {method, headers} = incoming;
		const passed = send(
			simulator.url + incoming.url,
			{method, headers: {...headers, 'content-length': Buffer.byteLength(body)}},
			(answer) => {
				const tier = isAnswer ? {'x-amzn-bedrock-service-tier': dearer} : {};
				outgoing.writeHead(answer.statusCode ?? 500, {...answer.headers, ...tier});
				answer.pipe(outgoing);
			},
		);
		passed.on('error', () => outgoing.destroy());
		passed.end(body);
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked};
};

const runUpgraded = async (requests: number, flags: readonly string[]) => {
	const {url, asked} = await startUpgrading();
	const folder = path.join(mkdtempSync(path.join(tmpdir(), 'bedrock-top-e2e-')), 'o');
	const argv = ['run', 'summarize', '-m', 'amazon.nova-lite-v1:0', '--variants', 'minimal', '--out', folder];
	const {stdout} = await runProgram(
		[...argv, '--requests', String(requests), '--concurrency', '2', '--no-early-stop', ...flags],
		{
			environment: {
				...undrawn,
				AWS_ENDPOINT_URL: url,
				AWS_REGION: 'us-east-1',
				AWS_ACCESS_KEY_ID: 'simulated',
				AWS_SECRET_ACCESS_KEY: 'simulated',
			},
		},
	);
	const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8');
	return {
		stdout,
		asked: asked(),
		results: readResults(read('results.json'), 'results.json'),
		summary: read('summary.md'),
	};
};

describe.skipIf(!isBuilt)('a dearer tier than was asked for (skipped where dist/ is not built)', () => {
	// Converse says the tier in its answer, Invoke in a header; a soak tries the streams of both as well.
	const methods = isSoak
		? ['converse', 'converse-stream', 'invoke', 'invoke-stream']
		: ['converse-stream', 'invoke'];
	it.for(methods)('over %s ends a run whose cost was limited, and says why and "or more"', async (method) => {
		const {results, asked, stdout, summary} = await runUpgraded(60, ['--method', method, '--max-cost', '1']);
		expect(results).toMatchObject({outcome: 'stopped', stoppedBy: 'cost'});
		// What was under way when the first answer came, and no more.
		expect(asked).toBeGreaterThan(0);
		expect(asked).toBeLessThanOrEqual(4);
		expect(results.costUsdWithin).toMatchObject({high: null});
		expect(results.variants[0]?.costUsdWithin).toMatchObject({high: null});
		expect(results.variants[0]?.tiers).toEqual({[dearer]: asked});
		for (const page of [stdout, summary]) {
			expect(page).toMatch(/\$[\d.]+ or more/);
			expect(page).toContain(`served by the tier ${dearer}, which costs more`);
		}
	});

	it('is said and ends nothing where no limit was typed', async () => {
		const {results, asked, stdout} = await runUpgraded(6, ['--max-cost', 'none']);
		expect(results).toMatchObject({outcome: 'completed', costUsdWithin: {high: null}});
		expect(asked).toBe(6);
		expect(stdout).toMatch(/\$[\d.]+ or more/);
	});
});
