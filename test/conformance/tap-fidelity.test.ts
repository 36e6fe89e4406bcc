import {execFile, spawnSync} from 'node:child_process';
import path from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {startTapBefore, type TapUnderTest} from '../helpers/tapped-simulator.ts';
import {type Asked, type Scripted, type ScriptedServer, startScriptedServer} from '../tap/scripted-server.ts';
import {allRecordings, type Recording, whySkipped} from './recordings.ts';
import {exchanges, fidelityModel, operations, plainRequestOf, scripted, scriptHeader} from './tap-answers.ts';
import {clients, headersSeen, type Seen} from './tap-clients.ts';

/** What a client sees through a tap, and what the service sees of the client, is what both see without one. */

let played: Scripted | undefined;
let server: ScriptedServer;
let tapped: TapUnderTest;
beforeAll(async () => {
	server = await startScriptedServer((asked) => played ?? scripted(asked));
	tapped = await startTapBefore(server.url);
});
afterAll(async () => {
	await tapped.stop();
	await server.stop();
	process.stdout.write(
		`tap fidelity: ${compared} exchanges compared${missing.map((why) => `; ${why}`).join('')}\n`,
	);
	expect(compared).toBeGreaterThanOrEqual(200);
});

let compared = 0;
const missing: string[] = [];

/** Headers that a tap has to change, or that differ from call to call. */
const ownOf = new Set([
	...['host', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'te', 'expect'],
	...['authorization', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256', 'amz-sdk-invocation-id'],
]);

const askedOf = ({method, path: target, headers, body}: Asked) => ({
	method,
	path: target,
	headers: Object.entries(headers)
		.filter(([name]) => !ownOf.has(name) && !name.startsWith(':'))
		.map(([name, value]) => [name, value.replace(/ttl=\w+/, 'ttl=')])
		.sort(),
	body: body.toString('base64'),
});

const isInstalled = (...words: readonly string[]): boolean => {
	const [program = '', ...rest] = words;
	return spawnSync(program, rest).status === 0;
};

const hasCurl = isInstalled('curl', '--version');
const hasBoto = isInstalled(
	'python3',
	'-c',
	'import boto3; boto3.client("bedrock-runtime", region_name="us-east-1").count_tokens',
);

describe.each(Object.entries(clients))('%s', (name, {call, operations: known = operations}) => {
	const own = exchanges.filter(([operation]) => known.includes(operation));

	it.skipIf(name.startsWith('curl') && !hasCurl).each(own)(
		'%s answered with %s',
		async (operation, outcome) => {
			server.requests.length = 0;
			const direct = await call(server.url, operation, outcome);
			const through = await call(tapped.url, operation, outcome);
			expect(direct.status).toBeGreaterThan(0);
			expect(through).toEqual(direct);
			const [first, second, ...more] = server.requests.map(askedOf);
			expect(more).toEqual([]);
			expect(second).toEqual(first);
			compared++;
		},
	);
});

describe('boto3', () => {
	if (!hasBoto) {
		missing.push('boto3 with Bedrock is not installed, and not compared');
	}

	it.skipIf(!hasBoto)('every exchange (skipped: no boto3 that knows Bedrock)', async () => {
		server.requests.length = 0;
		const bodies = Object.fromEntries(
			operations.map((operation) => [operation, JSON.parse(plainRequestOf(operation).body ?? '{}')]),
		);
		const given = {
			urls: [server.url, tapped.url],
			header: scriptHeader,
			model: fidelityModel,
			bodies,
			exchanges,
		};
		const script = path.join(import.meta.dirname, 'tap-botocore.py');
		const output = await new Promise<string>((resolve, reject) => {
			const child = execFile('python3', [script], {maxBuffer: 50_000_000}, (error, stdout) =>
				error === null ? resolve(stdout) : reject(error),
			);
			child.stdin?.end(JSON.stringify(given));
		});
		const all = (JSON.parse(output) as readonly Seen[]).map((seen) => ({
			...seen,
			headers: headersSeen(seen.headers),
		}));
		const requests = server.requests.map(askedOf);
		for (const [index, exchange] of exchanges.entries()) {
			const [direct, through] = [all[index], all[exchanges.length + index]];
			expect([exchange, through]).toEqual([exchange, direct]);
			expect(direct?.status).toBeGreaterThan(0);
			expect(requests[exchanges.length + index]).toEqual(requests[index]);
			compared++;
		}
	});
});

describe('recorded answers of the service', () => {
	const paths: Readonly<Record<Recording['operation'], string>> = {
		Converse: 'converse',
		ConverseStream: 'converse-stream',
		InvokeModel: 'invoke',
		InvokeModelWithResponseStream: 'invoke-with-response-stream',
		CountTokens: 'count-tokens',
	};
	const left = new Set(['transfer-encoding', 'connection', 'content-length', 'content-encoding']);

	it.skipIf(whySkipped !== '')(`pass byte for byte${whySkipped}`, async () => {
		for (const {operation, modelId, response} of allRecordings()) {
			const headers = Object.entries(response.headers).filter(([name]) => !left.has(name.toLowerCase()));
			played = {
				status: response.status,
				headers: {date: 'Mon, 30 Nov 2026 08:00:00 GMT', ...Object.fromEntries(headers)},
				pieces: [response.body],
				end: 'whole',
			};
			const target = `/model/${encodeURIComponent(modelId)}/${paths[operation]}`;
			const [direct, through] = await Promise.all(
				[server.url, tapped.url].map(async (base) => {
					const answer = await fetch(`${base}${target}`, {method: 'POST', body: '{}'});
					return {
						status: answer.status,
						headers: headersSeen(answer.headers),
						body: Buffer.from(await answer.arrayBuffer()),
					};
				}),
			);
			expect(through).toEqual(direct);
			expect(through?.body.equals(response.body)).toBe(true);
			compared++;
		}
		played = undefined;
	});
});
