import {readFileSync} from 'node:fs';
import {createServer, type IncomingMessage, request as send} from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {readResults} from '../../../source/reports/results-schema.ts';
import {summaryMarkdown} from '../../../source/reports/run-sections.ts';
import {call, useAccount} from '../../account/call.ts';
import {newFolder} from '../../helpers/built-program.ts';
import {isSoak} from '../../helpers/random-cases.ts';

/** Tests source/commands/run.ts. A service that answers with a dearer tier than was asked for, over real HTTP and through the real SDK. */

const dearer = 'priority';

/** Converse says the tier in its answer, which the simulator repeats from the request; Invoke in a header. */
const withTier = (incoming: IncomingMessage, body: string): string =>
	/\/converse(-stream)?$/.test(incoming.url ?? '')
		? JSON.stringify({...JSON.parse(body), serviceTier: {type: dearer}})
		: body;

/** Stands between the account and who asks it. @returns The number of answers that were asked for. */
const startUpgrading = async (): Promise<() => number> => {
	const simulator = await useAccount({}, {requestsPerMinute: 1000, tokensPerMinute: 10_000_000});
	let asked = 0;
	const server = createServer(async (incoming, outgoing) => {
		const body = withTier(incoming, await text(incoming));
		const isAnswer = incoming.url?.startsWith('/model/') ?? false;
		asked += isAnswer && !incoming.url?.endsWith('/count-tokens') ? 1 : 0;
		const {method, headers} = incoming;
		const passed = send(
			simulator + incoming.url,
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
	vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
	return () => asked;
};

const runUpgraded = async (requests: number, flags: readonly string[]) => {
	const asked = await startUpgrading();
	const file = path.join(newFolder(), 'results.json');
	const argv = ['summarize', '-m', 'amazon.nova-lite-v1:0', '--variants', 'minimal', '--no-reports'];
	const many = ['--requests', String(requests), '--concurrency', '2', '--no-early-stop'];
	const run = call('run', ...argv, ...many, `--json=${file}`, ...flags);
	await run.ended;
	const results = readResults(readFileSync(file, 'utf8'), 'results.json');
	return {stdout: run.stdout(), asked: asked(), results, summary: summaryMarkdown(results, [])};
};

describe('a dearer tier than was asked for', () => {
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
