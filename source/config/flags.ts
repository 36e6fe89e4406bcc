import {serviceTiers} from '../domain/run-config.ts';
import type {Flag} from './command-table.ts';
import {defaults} from './defaults.ts';
import {guardFlags, loadFlags, outputFlags, promptFlags} from './run-flags.ts';
import {simulatorFlags, tapFlags} from './serving-flags.ts';

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
		scopes: ['run', 'account', 'prompt', 'batch', 'optimize'],
	},
	{
		name: 'region',
		kind: 'value',
		value: 'REGION',
		default: 'as the AWS CLI',
		help: 'AWS Region (in watch and the account view also a,b)',
		scopes: ['tap', 'run', 'account', 'batch', 'watch', 'optimize'],
	},
	{
		name: 'profile',
		kind: 'value',
		value: 'NAME',
		default: 'as the AWS CLI',
		help: 'AWS profile (in watch and the account view also a,b: their accounts side by side)',
		scopes: ['tap', 'run', 'account', 'batch', 'watch', 'optimize'],
	},
	{
		name: 'rpm',
		kind: 'value',
		value: 'N',
		default: 'detected',
		help: 'requests per minute, instead of the detected quota',
		scopes: ['tap', 'run', 'account', 'simulate', 'batch', 'optimize'],
	},
	{
		name: 'tpm',
		kind: 'value',
		value: 'N',
		default: 'detected',
		help: 'tokens per minute, instead of the detected quota',
		scopes: ['tap', 'run', 'account', 'simulate', 'batch', 'optimize'],
	},
	{
		name: 'burndown',
		kind: 'value',
		value: 'N',
		default: 'detected',
		help: 'quota tokens per output token',
		scopes: ['tap', 'run', 'account', 'batch', 'optimize'],
	},
	{
		name: 'tier',
		kind: 'value',
		value: 'T',
		default: "the account's",
		choices: serviceTiers,
		help: 'service tier; the echoed one is recorded',
		scopes: ['run', 'account', 'optimize'],
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
		scopes: ['run', 'account', 'batch', 'watch', 'optimize'],
	},
	{
		name: 'refresh',
		kind: 'boolean',
		default: 'off',
		help: 'skip the caches',
		scopes: ['tap', 'run', 'account', 'batch', 'watch', 'optimize'],
	},
] as const satisfies readonly Flag[];

/** One quota for several programs, on several hosts. */
const fleetFlags = [
	{
		name: 'ledger',
		kind: 'value',
		value: 'URL',
		default: "the host's disk",
		help: 'the Redis or Valkey in which a fleet shares its quotas: redis://host, rediss:// for TLS, unix:// (better in BEDROCK_TOP_LEDGER where it has a password)',
		scopes: ['tap', 'run', 'watch', 'batch', 'optimize'],
	},
	{
		name: 'ledger-down',
		kind: 'value',
		value: 'HOW',
		default: 'split',
		choices: ['split', 'stop'],
		help: "while the ledger can't be reached: go by a part of the quota, or send nothing",
		scopes: ['tap', 'run', 'optimize'],
	},
	{
		name: 'members',
		kind: 'value',
		value: 'N',
		default: 'as last seen',
		help: 'programs that share the ledger, for a start while it cannot be reached',
		scopes: ['tap', 'run', 'optimize'],
	},
] as const satisfies readonly Flag[];

/** Rewrites of prompts, with proof. */
const optimizeFlags = [
	{
		name: 'rewriter',
		kind: 'value',
		value: 'ID',
		default: 'the model itself',
		help: 'model that writes the rewrites; train items go there',
		scopes: ['optimize'],
	},
	{
		name: 'margin',
		kind: 'value',
		value: 'X',
		default: '0.1',
		help: 'how much smaller the useful share of a rewrite may be, 0.1 is 10 points',
		scopes: ['optimize'],
	},
	{
		name: 'min-saving',
		kind: 'value',
		value: 'X',
		default: 'above 0',
		help: 'least saving of quota tokens per useful item that must be proven, 0.2 is 20%',
		scopes: ['optimize'],
	},
	{
		name: 'rounds',
		kind: 'value',
		value: 'N',
		default: String(defaults.optimizeRounds),
		help: 'at most so many rounds of rewrites',
		scopes: ['optimize'],
	},
	{
		name: 'via',
		kind: 'value',
		value: 'HOW',
		default: 'the rewriter alone',
		choices: ['optimize-prompt'],
		help: 'another source of rewrites: OptimizePrompt of Bedrock, asked once and billed apart',
		scopes: ['optimize'],
	},
	{
		name: 'import',
		kind: 'value',
		value: 'URI',
		help: 'another source: results of an Advanced Prompt Optimization job, s3://bucket/folder or a file',
		scopes: ['optimize'],
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
	...optimizeFlags,
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
