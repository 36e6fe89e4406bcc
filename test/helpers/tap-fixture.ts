import type {Snapshot} from '../../source/domain/snapshot.ts';
import type {TapClient} from '../../source/domain/tap.ts';
import type {ScreenPorts} from '../../source/tui/effects.ts';
import {
	bucketFixture,
	configFixture,
	distributionFixture,
	limitFixture,
	snapshotFixture,
	targetFixture,
	variantFixture,
} from './snapshot-fixture.ts';

/** A plausible tap: an agent with two sessions, an application with far too large max tokens, and one that is idle. */

/** Stands for the secret of the path; nothing else on a screen may hold it. */
export const secretFixture = '0123456789abcdef0123456789abcdef';

const address = '127.0.0.1:8089';
const url = `http://${address}/${secretFixture}`;

/** What the screen of a tap is opened with. */
export const tapPortsFixture = {
	tap: {
		address,
		region: 'us-east-1',
		endpoint: undefined,
		program: undefined,
		lines: [
			`export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=${url}`,
			`export ANTHROPIC_BEDROCK_BASE_URL=${url}`,
			'# To undo: unset AWS_ENDPOINT_URL_BEDROCK_RUNTIME ANTHROPIC_BEDROCK_BASE_URL',
		],
	},
	config: configFixture({models: [], variants: []}),
	startsAtOnce: false,
} satisfies Partial<ScreenPorts>;

const never = {count: 0, mean: null, p50: null, p90: null, p99: null, max: null, histogram: []};

/** A client of the tap, from what matters. */
export function tapClientFixture(overrides: Partial<TapClient> = {}): TapClient {
	return {
		name: 'boto3',
		agent: 'Boto3/1.43.0',
		session: null,
		model: 'us.amazon.nova-lite-v1:0',
		lastAt: '2026-03-01T10:01:29.000Z',
		requests: 240,
		cachePoints: 0,
		inFlight: 3,
		held: 0,
		holdMs: never,
		tokens: {
			input: 120_000,
			output: 24_000,
			cacheRead: 0,
			cacheWrite: 0,
			quota: 144_000,
			reserved: 1_100_000,
			estimated: false,
		},
		throttled: 0,
		refused: 0,
		retriesOfClient: 0,
		aborted: 0,
		timeToFirstToken: distributionFixture(410, 240),
		costUsd: 0.013,
		...overrides,
	};
}

const sonnet = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const cached = {
	input: 9000,
	output: 30_000,
	cacheRead: 610_000,
	cacheWrite: 41_000,
	quota: 200_000,
	reserved: 420_000,
	estimated: true,
};

/** A tap in the middle of its work. */
export function tapSnapshotFixture(overrides: Partial<Snapshot> = {}): Snapshot {
	const targets = [
		targetFixture(),
		targetFixture({
			model: sonnet,
			baseModel: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
			burndown: {value: 5, source: 'documented'},
			quota: {
				requestsPerMinute: limitFixture(50),
				tokensPerMinute: limitFixture(400_000),
				tokensPerDay: limitFixture(null),
			},
		}),
	];
	const agent = {name: 'claude-cli', agent: 'claude-cli/2.1', model: sonnet, cachePoints: 40};
	const clients = [
		tapClientFixture(),
		tapClientFixture({
			...agent,
			session: 'a1b2c3d4-0000-4000-8000-000000000001',
			requests: 41,
			inFlight: 1,
			held: 2,
			holdMs: distributionFixture(4200, 14),
			tokens: cached,
			throttled: 2,
			retriesOfClient: 5,
			timeToFirstToken: distributionFixture(1900, 41),
			costUsd: 0.82,
		}),
		tapClientFixture({
			...agent,
			session: 'e5f6a7b8-0000-4000-8000-000000000002',
			requests: 9,
			inFlight: 0,
			aborted: 1,
			holdMs: distributionFixture(900, 2),
			tokens: {...cached, output: 6000, cacheRead: 0, cacheWrite: 21_000, quota: 60_000, estimated: false},
			timeToFirstToken: distributionFixture(2100, 9),
			costUsd: 0.21,
		}),
		tapClientFixture({
			name: 'nightly report',
			agent: 'aws-sdk-js/3.990.0',
			lastAt: '2026-03-01T09:40:00.000Z',
			requests: 12,
			inFlight: 0,
			tokens: {
				input: 8000,
				output: 900,
				cacheRead: 0,
				cacheWrite: 0,
				quota: 8900,
				reserved: 30_000,
				estimated: false,
			},
			timeToFirstToken: never,
			costUsd: null,
		}),
	];
	const variant = (name: string, target: number) =>
		variantFixture({
			name,
			target,
			inputTokens: 500,
			outputTokens: 100,
			firstTokenMs: 1950,
			totalMs: 5000,
			usefulPerMinute: null,
		});
	return snapshotFixture({
		at: '2026-03-01T10:01:30.000Z',
		elapsedMs: 90_000,
		progress: {
			done: 295,
			total: null,
			inFlight: 4,
			remainingMs: null,
			waitingFor: 'held 12 s, 2 waiting, next in 4 s',
		},
		targets,
		buckets: [
			bucketFixture(),
			bucketFixture({
				requests: {used: 22, reserved: 1, limit: 50, others: 6},
				tokens: {used: 240_000, reserved: 92_000, limit: 400_000, others: 60_000},
				others: {at: '2026-03-01T09:59:00.000Z', from: 'cloudwatch'},
			}),
		],
		variants: [variant('boto3', 0), variant('claude-cli', 1), variant('nightly report', 0)],
		best: [],
		verdicts: [],
		gain: null,
		advice: [
			{
				kind: 'max-tokens',
				text: 'boto3: answers need 180 output tokens, 99 of 100 (240 answers), and ask for 4,096: max tokens of 260 let 3.1x as many through.',
				usefulPerMinute: null,
			},
			{
				kind: 'caching',
				text: 'claude-cli: the second session writes its cache and never reads it (9 answers).',
				usefulPerMinute: null,
			},
		],
		events: [
			{at: '2026-03-01T10:00:00.000Z', kind: 'started', text: 'The run started.'},
			{at: '2026-03-01T10:00:10.000Z', kind: 'refused', text: 'Refused a request: wrong-secret.'},
		],
		costUsd: 1.04,
		tap: {clients},
		...overrides,
	});
}

/** The same before the first request. */
export function idleTapFixture(): Snapshot {
	return tapSnapshotFixture({
		elapsedMs: 3000,
		progress: {done: 0, total: null, inFlight: 0, remainingMs: null, waitingFor: null},
		targets: [],
		buckets: [],
		variants: [],
		events: [],
		failures: [],
		timeline: {intervalSeconds: 1, points: []},
		costUsd: null,
		advice: [],
		tap: {clients: []},
	});
}
