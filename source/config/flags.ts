import {serviceTiers} from '../domain/run-spec.ts';
import type {Flag} from './command-table.ts';
import {fleetFlags, guardFlags, loadFlags, outputFlags, promptFlags} from './run-flags.ts';

/** The account and its quotas. */
const accountFlags = [
	{
		name: 'model',
		short: 'm',
		kind: 'repeated',
		value: 'ID',
		default: "the preset's",
		help: 'model ID, inference profile ID or ARN (repeat to compare)',
		brief: 'model, or several',
		scopes: ['run', 'account', 'prompt', 'batch'],
	},
	{
		name: 'region',
		kind: 'value',
		value: 'REGION',
		default: 'as the AWS CLI',
		help: 'AWS Region (in watch and the account view also a,b)',
		scopes: ['tap', 'run', 'account', 'batch', 'watch'],
	},
	{
		name: 'profile',
		kind: 'value',
		value: 'NAME',
		default: 'as the AWS CLI',
		help: 'AWS profile (in watch and the account view also a,b: their accounts side by side)',
		scopes: ['tap', 'run', 'account', 'batch', 'watch'],
	},
	{
		name: 'rpm',
		kind: 'value',
		value: 'N',
		default: 'detected',
		help: 'requests per minute, instead of the detected quota',
		scopes: ['tap', 'run', 'account', 'simulate', 'batch'],
	},
	{
		name: 'tpm',
		kind: 'value',
		value: 'N',
		default: 'detected',
		help: 'tokens per minute, instead of the detected quota',
		scopes: ['tap', 'run', 'account', 'simulate', 'batch'],
	},
	{
		name: 'burndown',
		kind: 'value',
		value: 'N',
		default: 'detected',
		help: 'quota tokens per output token',
		scopes: ['tap', 'run', 'account', 'batch'],
	},
	{
		name: 'tier',
		kind: 'value',
		value: 'T',
		default: "the account's",
		choices: serviceTiers,
		help: 'service tier; the echoed one is recorded',
		scopes: ['run', 'account'],
	},
	{
		name: 'request',
		kind: 'repeated',
		value: 'CODE=VALUE',
		help: 'ask AWS to raise a quota, after a confirmation (--yes: without): L-15B8E632=8000000',
		scopes: ['quotas'],
	},
	{
		name: 'timeout',
		kind: 'value',
		value: 'T',
		default: '5m before the answer (60m without streaming), 2m between tokens, 20s for lists',
		help: 'silence that ends an attempt or a call (30s, 10m)',
		scopes: ['run', 'account', 'batch', 'watch'],
	},
	{
		name: 'refresh',
		kind: 'boolean',
		default: 'off',
		help: 'skip the caches',
		scopes: ['tap', 'run', 'account', 'batch', 'watch'],
	},
] as const satisfies readonly Flag[];

/** Batch inference jobs. */
const batchFlags = [
	{
		name: 's3',
		kind: 'value',
		value: 'URI',
		help: 'place of the inputs and outputs of the job: s3://bucket/prefix',
		scopes: ['batch'],
	},
	{
		name: 'role-arn',
		kind: 'value',
		value: 'ARN',
		help: 'service role that may read and write there',
		scopes: ['batch'],
	},
	{
		name: 'plan',
		kind: 'boolean',
		default: 'off',
		help: 'compare on-demand with batch and submit nothing',
		scopes: ['batch'],
	},
	{
		name: 'items',
		kind: 'value',
		value: 'N',
		default: "the preset's",
		help: 'number of items that --plan assumes',
		scopes: ['batch'],
	},
	{
		name: 'watch',
		kind: 'value',
		value: 'ARN',
		help: 'continue with a job: watch it, fetch and join its outputs',
		scopes: ['batch'],
	},
	{
		name: 'resubmit',
		kind: 'value',
		value: 'ARN',
		help: 'submit again what had no answer in the batch of a job',
		scopes: ['batch'],
	},
	{name: 'stop', kind: 'value', value: 'ARN', help: 'stop a job', scopes: ['batch']},
	{name: 'list', kind: 'boolean', default: 'off', help: 'list the jobs of the account', scopes: ['batch']},
] as const satisfies readonly Flag[];

/** The local endpoint in front of the service. */
const tapFlags = [
	{
		name: 'pace',
		kind: 'boolean',
		default: 'off',
		help: 'hold requests until the quota has room for them: no throttle, no retry',
		scopes: ['tap'],
	},
	{
		name: 'hold',
		kind: 'value',
		value: 'T',
		default: '25s',
		help: 'with --pace: longest wait of a request, then 429 with the time to come back',
		scopes: ['tap'],
	},
	{
		name: 'hold-alive',
		kind: 'value',
		value: 'T',
		default: '5m',
		help: 'the same for clients that take interim responses (boto3, fetch of Node) and, without --hold, for the AWS SDK for JavaScript',
		scopes: ['tap'],
	},
	{
		name: 'lane',
		kind: 'repeated',
		value: 'LANE=CLIENT',
		default: 'normal',
		help: 'with --pace: who goes first, as in high=my-app',
		scopes: ['tap'],
	},
	{
		name: 'what-if',
		kind: 'value',
		value: 'FILE',
		help: 'send nothing: what a recording would have met under --rpm and --tpm, as it came and with --pace',
		scopes: ['tap'],
	},
	{
		name: 'new-secret',
		kind: 'boolean',
		default: 'off',
		help: 'another secret in the path than the one kept for --port',
		scopes: ['tap', 'watch'],
	},
	{
		name: 'screen',
		kind: 'boolean',
		default: 'off',
		help: 'the screen beside a command, whose output goes to child.log in the folder of the run',
		scopes: ['tap'],
	},
	{
		name: 'record',
		kind: 'value',
		value: 'FILE',
		help: 'sizes and times of each call, one line of JSON at its end; continues a file that is there',
		scopes: ['tap'],
	},
	{
		name: 'record-bodies',
		kind: 'boolean',
		default: 'off',
		help: 'requests and answers in the recording too: prompts on disk, for your eyes only',
		scopes: ['tap'],
	},
	{
		name: 'resign',
		kind: 'boolean',
		default: 'off',
		help: "sign requests of other access keys with the tap's own credentials",
		scopes: ['tap'],
	},
] as const satisfies readonly Flag[];

/** Settings of the simulator, and of the shipped presets. */
const simulatorFlags = [
	{
		name: 'port',
		kind: 'value',
		value: 'N',
		default: '0 (any)',
		help: 'port of the simulator, of the tap, or of the metrics of watch; one that is typed keeps its secret',
		scopes: ['tap', 'watch', 'simulate'],
	},
	{
		name: 'host',
		kind: 'value',
		value: 'H',
		default: '127.0.0.1',
		help: 'where the simulator listens, and a name that it accepts beside 127.0.0.1, [::1] and localhost',
		scopes: ['simulate'],
	},
	{
		name: 'tls',
		kind: 'optional',
		value: 'FILE',
		default: 'off',
		help: 'serve HTTPS with a certificate made at start; what clients must trust goes to FILE, else to a temporary one',
		scopes: ['simulate'],
	},
	{
		name: 'enforcement',
		kind: 'value',
		value: 'E',
		default: 'sliding',
		choices: ['sliding', 'fixed', 'refill'],
		help: 'how the simulator counts its quotas',
		scopes: ['simulate'],
	},
	{
		name: 'count-from',
		kind: 'value',
		value: 'C',
		default: 'first-byte',
		choices: ['first-byte', 'end'],
		help: 'when the tokens of an answer begin to count',
		scopes: ['simulate'],
	},
	{
		name: 'reserve',
		kind: 'value',
		value: 'R',
		default: 'with-cache-reads',
		choices: ['with-cache-reads', 'without-cache-reads'],
		help: 'whether a request sets aside what it reads from the cache, until it ends',
		scopes: ['simulate'],
	},
	{
		name: 'era',
		kind: 'value',
		value: 'E',
		default: 'now',
		choices: ['now', '2024'],
		help: 'models and quotas of which time',
		scopes: ['simulate'],
	},
	{
		name: 'window',
		kind: 'value',
		value: 'T',
		default: '60s',
		help: 'length of its quota window',
		scopes: ['simulate'],
	},
	{
		name: 'latency',
		kind: 'value',
		value: 'MS',
		default: 'realistic',
		help: 'fixed service time in milliseconds',
		scopes: ['simulate'],
	},
	{
		name: 'faults',
		kind: 'value',
		value: 'FILE',
		help: 'script of faults (YAML or JSON)',
		scopes: ['simulate'],
	},
	{
		name: 'copy',
		kind: 'value',
		value: 'NAME',
		help: 'copy a shipped preset to the current folder',
		scopes: ['presets'],
	},
] as const satisfies readonly Flag[];

/** Flags of every command. */
const generalFlags = [
	{
		name: 'demo',
		kind: 'boolean',
		help: 'use the embedded simulator: no account, no cost',
		brief: 'the built-in simulator',
		scopes: ['all'],
	},
	{name: 'help', short: 'h', kind: 'boolean', help: 'show this help', scopes: ['all']},
	{name: 'version', short: 'v', kind: 'boolean', help: 'show the version', scopes: ['all']},
	{name: 'color', kind: 'boolean', isOnByDefault: true, help: 'no colour', scopes: ['all']},
	{
		name: 'debug',
		kind: 'boolean',
		default: 'off',
		help: 'print stack traces of errors',
		scopes: ['all'],
	},
	{name: 'ascii', kind: 'boolean', default: 'off', help: 'ASCII characters only', scopes: ['all']},
] as const satisfies readonly Flag[];

const table = [
	...promptFlags,
	...loadFlags,
	...accountFlags,
	...guardFlags,
	...fleetFlags,
	...tapFlags,
	...batchFlags,
	...outputFlags,
	...simulatorFlags,
	...generalFlags,
] as const;

/** Names of flags, so that a misspelt one does not compile. */
export type FlagName<Kind extends Flag['kind'] = Flag['kind']> = Extract<
	(typeof table)[number],
	{readonly kind: Kind}
>['name'];

/** Flags with one value, which `optional` ones may omit. */
export type TextFlag = FlagName<'value' | 'optional'>;

/** Every flag, in the order of the help. */
export const flags: ReadonlyArray<Flag & {readonly name: FlagName}> = table;

/** Flags that a preset can set: what the user keeps in the configuration comes after it. */
export const presetFlags: ReadonlySet<string> = new Set<FlagName>([
	'model',
	'method',
	'goal',
	'policy',
	'load',
	'requests',
	'duration',
	'concurrency',
	'rate',
	'max-tokens',
	'burst',
	'share',
	'seed',
]);

/** What the user keeps is not used beside these flags, which it does not go with. */
export const unusedBeside: Readonly<Partial<Record<FlagName, readonly FlagName[]>>> = {
	search: ['load', 'balance', 'max-tokens', 'policy'],
	replay: ['load', 'rate', 'concurrency', 'max-tokens', 'content', 'search', 'resume'],
	resume: ['load', 'balance', 'out', 'reports', 'answers'],
	'what-if': ['ledger', 'ledger-down', 'members'],
	since: ['alert', 'port', 'new-secret', 'ledger', 'junit'],
	watch: ['demo'],
	stop: ['demo'],
	resubmit: ['demo'],
};
