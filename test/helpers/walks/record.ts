import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {PassThrough} from 'node:stream';
import {takeCoverage} from 'node:v8';
import {batch} from '../../../source/commands/batch.ts';
import {parseArguments} from '../../../source/config/parse-arguments.ts';
import {startSimulator} from '../../../source/simulator/server.ts';
import type {Io} from '../../../source/terminal/io.ts';

/** Records of a batch job, to the joined results: one job of some, and one of twice as many. Coverages as of `go-twice.ts`. */

const folder = mkdtempSync(path.join(tmpdir(), 'records-'));
const simulator = await startSimulator({
	port: 0,
	seed: 1,
	requestsPerMinute: undefined,
	tokensPerMinute: undefined,
	enforcement: 'sliding',
	windowMs: 60_000,
	latencyMs: 0,
	faults: undefined,
	scenario: {batch: {stepMs: 1, recordsPerSecond: 1e6}},
});
Object.assign(process.env, {
	AWS_ENDPOINT_URL: simulator.url,
	AWS_ACCESS_KEY_ID: 'simulated',
	AWS_SECRET_ACCESS_KEY: 'simulated',
	AWS_REGION: 'us-east-1',
});

const submit = async (count: number): Promise<void> => {
	const items = Array.from({length: count}, (_unused, index) => `ticket ${index} of ${count}`);
	const preset = path.join(folder, `${count}.yaml`);
	writeFileSync(
		preset,
		`name: many\ntask: Route\nitems: ${JSON.stringify(items)}\nvariants: [minimal]\nmodels: [us.amazon.nova-lite-v1:0]\nchecks: [{maxCharacters: 4000}]\n`,
	);
	const [stdout, stderr] = [new PassThrough(), new PassThrough()];
	const io = {
		stdin: new PassThrough(),
		stdout,
		stderr,
		environment: {},
		signal: new AbortController().signal,
	};
	const place = ['--s3', 's3://inputs/x', '--role-arn', 'arn:aws:iam::123456789012:role/x', '--yes'];
	const json = `--json=${path.join(folder, `${count}.json`)}`;
	const code = await batch(
		parseArguments(['batch', preset, ...place, '--no-reports', json]),
		io as unknown as Io,
	);
	if (code !== 0) {
		throw new Error(`The batch ended with ${code}: ${stderr.read()}`);
	}
};

const count = Number(process.argv[2]);
for (const records of [count, count * 2]) {
	takeCoverage();
	await submit(records);
}
process.exit(0);
