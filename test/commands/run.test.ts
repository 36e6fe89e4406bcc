import {
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import path from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import type {UserError} from '../../source/domain/user-error.ts';
import {readResults, resultsSchema} from '../../source/reports/results-schema.ts';
import {traffic} from '../account/account-harness.ts';
import {call, useAccount} from '../account/call.ts';
import {newFolder} from '../helpers/built-program.ts';
import {parseXml} from '../helpers/parse-xml.ts';

/** What a headless run prints and ends with. It runs in this process; that it does as a program is in test/e2e/headless.test.ts. */

const few = ['--yes', '--requests', '3', '--variants', 'concise,minimal'];

/** Runs it to its end. @returns Exit code and output. */
const finished = async (...argv: readonly string[]) => {
	const run = call('run', ...argv);
	const code = await run.ended;
	return {code, stdout: run.stdout(), stderr: run.stderr()};
};

const lite = 'us.amazon.nova-lite-v1:0';

describe('run', () => {
	it('puts pure JSON on stdout with --json; exits 3 and says why when a condition is met', async () => {
		await useAccount({});
		const flags = ['--json', '--plain', '--no-reports', '--fail-if', 'items.useful<100'];
		const {code, stdout, stderr} = await finished('summarize', ...few, ...flags);
		expect(code).toBe(3);
		expect(stderr).toContain('items.useful');
		const results = resultsSchema.parse(JSON.parse(stdout));
		expect(results.variants.map(({name, requests}) => [name, requests.sent])).toEqual([
			['concise', 3],
			['minimal', 3],
		]);
		expect(results.simulated).toBe(true);
	});

	it('leaves test cases and a page for CI, also where no reports are kept', async () => {
		await useAccount({});
		const folder = newFolder();
		const [junit, scratch] = [path.join(folder, 'tests.xml'), path.join(folder, 'scratch')];
		mkdirSync(scratch);
		vi.stubEnv('TMPDIR', scratch);
		const flags = ['--requests', '4', '--variants', 'one-word', '--no-reports', '--yes', '--markdown'];
		const gate = ['--fail-if', 'items.useful<100', '--fail-if', 'latencyMs.total.p99>1'];
		const {code, stdout, stderr} = await finished('classify', ...flags, '--junit', junit, ...gate);
		expect(code).toBe(3);
		expect(stderr).toContain(
			'a p99 needs 300 answers per variant, and this run asks for at most 4: --requests 300.',
		);
		expect(stdout).toMatch(/^<!-- bedrock-top -->\n### bedrock-top: classify\n/);
		expect(stdout).toContain('❌ 2 of 2 conditions failed.');
		const xml = readFileSync(junit, 'utf8');
		parseXml(xml.replace(/^<\?xml.*\n/, ''));
		expect(xml.match(/<testcase classname="classify\.one-word"/g)).toHaveLength(48);
		expect(xml.match(/<skipped /g)).toHaveLength(44);
		expect(readdirSync(scratch)).toEqual([]);
	});

	it('holds conversations, and each turn has its own figures', async () => {
		await useAccount({});
		const folder = newFolder();
		const shipped = readFileSync(path.resolve(import.meta.dirname, '../../presets/chat.yaml'), 'utf8');
		const quick = path.join(folder, 'quick.yaml');
		writeFileSync(quick, shipped.replace('thinkSeconds: 2', 'thinkSeconds: 0.1'));
		const flags = ['--yes', '--variants', 'brief', '--requests', '3', '--json', '--no-reports'];
		const {code, stdout} = await finished(quick, ...flags);
		expect(code).toBe(0);
		const results = resultsSchema.parse(JSON.parse(stdout));
		expect(results.plan.chat).toEqual({turns: 4, thinkSeconds: 0.1});
		const [variant] = results.variants;
		expect(variant?.requests).toMatchObject({sent: 3, succeeded: 3});
		expect(variant?.turns?.map(({turn, requests}) => [turn, requests])).toEqual([
			[1, 1],
			[2, 1],
			[3, 1],
		]);
		const [first, second, third] = (variant?.turns ?? []).map(({inputTokens}) => inputTokens.mean ?? 0);
		expect(second).toBeGreaterThan(first ?? Number.POSITIVE_INFINITY);
		expect(third).toBeGreaterThan(second ?? Number.POSITIVE_INFINITY);
		expect(variant?.turns?.every(({timeToFirstToken}) => (timeToFirstToken.mean ?? 0) > 0)).toBe(true);
	});

	it('goes over the limit on purpose, and says what a naive loop would have lost', async () => {
		// A quota so small that the slowest machine gets over it: 1.2 times five are six.
		await useAccount({}, {requestsPerMinute: 5, latencyMs: 5});
		const flags = ['--yes', '--duration', '4s', '--json', '--no-reports'];
		const {code, stdout} = await finished('quota-limits', ...flags);
		expect(code).toBe(0);
		const {variants, advice, plan} = resultsSchema.parse(JSON.parse(stdout));
		expect(plan.share).toBeGreaterThan(1);
		expect(variants.reduce((sum, {requests}) => sum + requests.throttled.requests, 0)).toBeGreaterThan(0);
		expect(advice.find(({kind}) => kind === 'retries')?.text).toMatch(/would have lost at least \d+ of \d+/);
	});

	it('says that a simulator answered, also where it only refused', async () => {
		await useAccount({});
		const flags = ['-m', 'us.nope.nope-v1:0', '--requests', '1', '--yes', '--json', '--no-reports'];
		const run = call('run', 'summarize', ...flags);
		expect(await run.ended).toBe(1);
		expect(resultsSchema.parse(JSON.parse(run.stdout())).simulated).toBe(true);
	});

	it('prints the plan alone with --dry-run, and writes nothing', async () => {
		await useAccount({});
		const out = path.join(newFolder(), 'out');
		const {code, stdout} = await finished('summarize', '--dry-run', '--out', out);
		expect(code).toBe(0);
		expect(stdout).toMatch(/400, 100 per variant/);
		expect(existsSync(out)).toBe(false);
	});

	it('says a cost that is beyond --max-cost as precisely as the plan does', async () => {
		await useAccount({});
		const flags = ['--requests', '2', '--variants', 'concise', '--max-cost', '0', '--no-reports'];
		const fault = await call('run', 'summarize', ...flags).ended.catch((error: unknown) => error);
		expect(fault).toMatchObject({exitCode: 2});
		const {message} = fault as UserError;
		const planned = /cost +at most (\$\S+)/.exec(message)?.[1];
		expect(planned).toMatch(/^\$0\.00\d+$/);
		expect(message).toContain(`It may cost ${planned}, and --max-cost is $0.00: nothing was sent.`);
	});

	it('shows candidates, rungs and the cost of all of a search with --dry-run', async () => {
		await useAccount({});
		const search = ['--search', '--requests', '40', '--variants', 'concise,minimal', '--dry-run'];
		const {code, stdout} = await finished('classify', ...search);
		expect(code).toBe(0);
		expect(stdout).toMatch(/6 of 8 combinations .*, 36 of at most 40 requests/);
		expect(stdout).toContain('rung 2        3 candidates');
	});

	it('ends with 3 where an alarm rang beside it', async () => {
		const busy = {requestsPerMinute: 170, inputTokens: 50, outputTokens: 10, regions: ['us-east-1']};
		// The answer takes as long as a plan waits for CloudWatch: the run is not over before its first look.
		await useAccount({background: [traffic(lite, busy)]}, {latencyMs: 3000});
		const log = path.join(newFolder(), 'top.log');
		const words = ['summarize', '--requests', '1', '--variants', 'minimal', '--yes', '--no-reports'];
		const {code, stderr} = await finished(...words, '--alert', 'requests>50', '--log-file', log);
		expect({code, stderr}).toMatchObject({code: 3, stderr: expect.stringMatching(/^ALERT requests>50: /m)});
		expect(readFileSync(log, 'utf8')).toContain(' alert requests>50: amazon.nova-lite');
	});

	it('replaces the file of --json as a whole, a link and not what it names, and writes to a device as it is', async () => {
		await useAccount({});
		const folder = newFolder();
		const [old, link] = [path.join(folder, 'old.json'), path.join(folder, 'link.json')];
		writeFileSync(old, 'old');
		symlinkSync('old.json', link);
		const argv = ['summarize', '--requests', '2', '--variants', 'minimal', '--yes', '--no-reports'];
		expect((await finished(...argv, `--json=${link}`)).code).toBe(0);
		expect(lstatSync(link).isSymbolicLink()).toBe(false);
		expect(readFileSync(old, 'utf8')).toBe('old');
		const results = readResults(readFileSync(link, 'utf8'), 'link.json');
		expect(results.variants.map(({name}) => name)).toEqual(['minimal']);

		expect((await finished(...argv, '--json=/dev/null')).code).toBe(0);
		expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
	});
});
