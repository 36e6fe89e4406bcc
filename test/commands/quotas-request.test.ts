import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {requestIncreases} from '../../source/commands/quotas/request-increase.ts';
import {quotas} from '../../source/commands/quotas.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import type {WantedIncrease} from '../../source/config/values.ts';
import {resultsOf, resultsText} from '../../source/reports/results.ts';
import {startSimulator} from '../../source/simulator/server.ts';
import type {Io} from '../../source/terminal/io.ts';
import {plainOptions} from '../bedrock/quotas/quotas-source.ts';
import {environment, snapshot, target} from '../helpers/results-fixture.ts';

/** Tests source/commands/quotas/request-increase.ts with the real AWS client, against sockets on this machine. */

const openIo = ({isTerminal = false} = {}) => {
	const streams = {stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough()};
	const all = {stdout: '', stderr: ''};
	for (const name of ['stdout', 'stderr'] as const) {
		streams[name].on('data', (chunk: Buffer) => {
			all[name] += chunk.toString('utf8');
		});
	}
	Object.assign(streams.stdin, {isTTY: isTerminal});
	// Only what the question needs: progress is drawn on a terminal alone.
	Object.assign(streams.stderr, {isTTY: isTerminal, columns: 120});
	const io = {
		...streams,
		environment: {},
		signal: new AbortController().signal,
		takeSignals: () => {},
	} as unknown as Io;
	return {io, all, type: (text: string) => streams.stdin.write(text)};
};

const requestTo = (simulatorUrl: string, wanted: readonly WantedIncrease[], isConfirmed = true) => ({
	connection: {region: 'us-east-1', profile: undefined, simulatorUrl},
	override: plainOptions.override,
	isRefreshing: false,
	tier: undefined,
	isJson: false,
	wanted,
	isConfirmed,
});

const sonnet = {code: 'L-15B8E632', value: 8_000_000};

const simulated = async (scenario = {}) => {
	const {url, stop} = await startSimulator({
		port: 0,
		seed: 1,
		requestsPerMinute: undefined,
		tokensPerMinute: undefined,
		enforcement: 'sliding',
		windowMs: 60_000,
		latencyMs: 0,
		faults: undefined,
		scenario,
	});
	onTestFinished(stop);
	return url;
};

describe('against the simulator', () => {
	it('files a request once, and says that it is open the next time', async () => {
		const url = await simulated();
		const first = openIo();
		expect(await requestIncreases(requestTo(url, [sonnet]), first.io)).toBe(0);
		expect(first.all.stdout).toMatch(
			/^SIMULATED: Requested 8,000,000 of L-15B8E632 \(Cross-region model inference tokens per minute for Anthropic Claude Sonnet 4\.6\): PENDING, request \w+\.$/m,
		);
		const second = openIo();
		expect(await requestIncreases({...requestTo(url, [sonnet]), isJson: true}, second.io)).toBe(0);
		expect(JSON.parse(second.all.stdout)).toMatchObject({
			region: 'us-east-1',
			simulated: true,
			code: 'L-15B8E632',
			applied: 300_000,
			default: 6_000_000,
			asked: 8_000_000,
			status: 'PENDING',
			filed: false,
		});
		const more = openIo();
		await expect(
			requestIncreases(requestTo(url, [{...sonnet, value: 9_000_000}]), more.io),
		).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringMatching(
				/A request for 8,000,000 of L-15B8E632 .* is open: PENDING, since \d{4}/,
			),
		});
	});

	it('shows what is asked before it asks, and the requests that are open', async () => {
		const url = await simulated();
		await requestIncreases(requestTo(url, [{code: 'L-89F8391A', value: 5000}]), openIo().io);
		const {io, all, type} = openIo({isTerminal: true});
		const asking = requestIncreases(requestTo(url, [sonnet], false), io);
		await vi.waitFor(() => expect(all.stderr).toContain('File it? [y/N]'), {timeout: 20_000});
		type('n\n');
		await expect(asking).rejects.toMatchObject({
			exitCode: 2,
			message: 'Not confirmed: nothing was requested.',
		});
		for (const line of [
			/Account {2}–/,
			/Region {3}us-east-1/,
			/Code {5}L-15B8E632/,
			/Name {5}Cross-region model inference tokens per minute for Anthropic Claude Sonnet 4\.6/,
			/Applied {2}300,000/,
			/Default {2}6,000,000/,
			/Asked {4}8,000,000 \(27x\)/,
			/A request for 5,000 of L-89F8391A \(Cross-region model .* Amazon Nova Lite\) is open: PENDING/,
		]) {
			expect(all.stderr).toMatch(line);
		}
		const again = openIo({isTerminal: true});
		const filing = requestIncreases(requestTo(url, [sonnet], false), again.io);
		await vi.waitFor(() => expect(again.all.stderr).toContain('File it? [y/N]'), {timeout: 20_000});
		again.type('y\n');
		expect(await filing).toBe(0);
		expect(again.all.stdout).toContain('Requested 8,000,000');
	});

	it('files nothing where nobody can be asked', async () => {
		const url = await simulated();
		await expect(requestIncreases(requestTo(url, [sonnet], false), openIo().io)).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringContaining('Nothing was requested: there is no terminal to confirm it.'),
			hint: 'Confirm it with --yes.',
		});
		const after = openIo();
		await requestIncreases({...requestTo(url, [sonnet]), isJson: true}, after.io);
		expect(JSON.parse(after.all.stdout)).toMatchObject({filed: true});
	});

	it.each([
		[
			'a code that nobody has',
			{code: 'L-15B8E63F', value: 1},
			/no quota .* in us-east-1 has the code L-15B8E63F/,
		],
		[
			'a code of a newer model, by its name',
			{code: 'L-A4430697', value: 1},
			/us-east-1 has no quota L-A4430697 \(Cross-region model inference tokens per minute for Anthropic Claude Opus 5\.5\)/,
		],
		[
			'a value that is applied',
			{...sonnet, value: 300_000},
			/300,000 is not above the applied value .*, 300,000/,
		],
		['a quota that is not adjustable', {code: 'L-5F5A169C', value: 9e6}, /is not adjustable/],
	])('refuses %s and files none of the others', async (_words, wanted, message) => {
		const url = await simulated();
		const refused = requestIncreases(requestTo(url, [sonnet, wanted]), openIo().io);
		await expect(refused).rejects.toMatchObject({exitCode: 2, message: expect.stringMatching(message)});
		const after = openIo();
		await requestIncreases({...requestTo(url, [sonnet]), isJson: true}, after.io);
		expect(JSON.parse(after.all.stdout)).toMatchObject({filed: true});
	});

	it('names the way to more of a quota that is not adjustable, with the figures of the last run on it', async () => {
		const url = await simulated();
		const folder = await mkdtemp(path.join(tmpdir(), 'quotas-request-'));
		onTestFinished(async () => rm(folder, {recursive: true}));
		const kept = path.join(folder, 'one');
		await mkdir(kept);
		const tokensPerMinute = {...target.quota.tokensPerMinute, code: 'L-5F5A169C'};
		const run = snapshot({
			targets: [{...target, quota: {...target.quota, tokensPerMinute}}],
			simulated: true,
		});
		await writeFile(path.join(kept, 'results.json'), resultsText(resultsOf(run, environment)));
		const {io, all} = openIo();
		await expect(
			requestIncreases(requestTo(url, [{code: 'L-5F5A169C', value: 9e6}]), io, folder),
		).rejects.toMatchObject({
			hint: expect.stringMatching(/a request for L-15B8E632 .*one\/quota-increase\.md$/),
		});
		expect(all.stdout).toMatch(/^# SIMULATED: Figures for a quota increase[\s\S]*L-5F5A169C/);
	});

	it('says what the service refuses, with the action that is missing', async () => {
		const denied = await simulated({denied: ['servicequotas:RequestServiceQuotaIncrease']});
		await expect(requestIncreases(requestTo(denied, [sonnet]), openIo().io)).rejects.toMatchObject({
			exitCode: 1,
			message: expect.stringContaining('was not requested'),
			hint: expect.stringContaining('servicequotas:RequestServiceQuotaIncrease'),
		});
		const below = {...sonnet, value: 5_000_000};
		await expect(requestIncreases(requestTo(await simulated(), [below]), openIo().io)).rejects.toMatchObject({
			exitCode: 1,
			message: expect.stringContaining('greater than the default quota value of 6000000.0'),
		});
	});
});

describe('against a service whose answers are lost', () => {
	const serve = async (isKept: boolean) => {
		const filed: unknown[] = [];
		const server = createServer((request, response) => {
			let text = '';
			request.on('data', (chunk: Buffer) => {
				text += chunk.toString('utf8');
			});
			request.on('end', () => {
				const action = String(request.headers['x-amz-target']).split('.')[1];
				const send = (status: number, body: object) => {
					response.writeHead(status, {'content-type': 'application/x-amz-json-1.1'});
					response.end(JSON.stringify(body));
				};
				const quota = {QuotaCode: 'L-15B8E632', QuotaName: 'Some tokens', Value: 5, Adjustable: true};
				if (action === 'RequestServiceQuotaIncrease') {
					filed.push(JSON.parse(text));
					send(500, {__type: 'ServiceException', Message: 'Something broke.'});
				} else if (action === 'ListRequestedServiceQuotaChangeHistory') {
					const open = filed.map((body) => ({...(body as object), Id: 'r-1', Status: 'PENDING'}));
					const old = {QuotaCode: 'L-15B8E632', DesiredValue: 9, Id: 'r-0', Status: 'DENIED'};
					send(200, {RequestedQuotas: [old, ...(isKept ? open : [])]});
				} else {
					send(200, {Quotas: [quota]});
				}
			});
		});
		await new Promise<void>((resolve) => {
			server.listen(0, '127.0.0.1', resolve);
		});
		onTestFinished(() => {
			server.closeAllConnections();
			server.close();
		});
		return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, filed};
	};

	it('sends a request once, and finds it in the list', async () => {
		const {url, filed} = await serve(true);
		const {io, all} = openIo();
		expect(await requestIncreases(requestTo(url, [sonnet]), io)).toBe(0);
		expect(filed).toEqual([{ServiceCode: 'bedrock', QuotaCode: 'L-15B8E632', DesiredValue: 8_000_000}]);
		expect(all.stdout).toContain('Requested 8,000,000 of L-15B8E632 (Some tokens): PENDING, request r-1.');
	});

	it('sends a request once, and says that it is not there', async () => {
		const {url, filed} = await serve(false);
		await expect(requestIncreases(requestTo(url, [sonnet]), openIo().io)).rejects.toMatchObject({
			exitCode: 1,
			message: expect.stringContaining('Something broke'),
		});
		expect(filed).toHaveLength(1);
	});
});

describe('the command line', () => {
	it.each([
		[['--request', 'L-15B8E632'], /"L-15B8E632" is not of the form CODE=VALUE/],
		[['--request', 'L-15B8E632=8M'], /--request: "8M" is not a whole number/],
		[['--request', 'L-15B8E632=8', '--request', 'l-15b8e632=9'], /L-15B8E632 is given twice/],
		[['amazon.nova-lite-v1:0', '--request', 'L-15B8E632=8'], /"amazon\.nova-lite-v1:0" is one word too many/],
	])('refuses %j', async (words, message) => {
		const given = parseArguments(['quotas', '--demo', ...words]);
		await expect(quotas(given, openIo().io)).rejects.toMatchObject({
			exitCode: 2,
			message: expect.stringMatching(message),
		});
	});

	it('serves it from the simulator, where the next list names the open request', async () => {
		const {io, all} = openIo();
		expect(
			await quotas(parseArguments(['quotas', '--demo', '--request', 'L-15B8E632=8000000', '--yes']), io),
		).toBe(0);
		expect(all.stdout).toContain('Requested 8,000,000');
	});
});
