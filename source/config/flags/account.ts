import {serviceTiers} from '../../domain/run-spec.ts';
import type {Flag} from './flag.ts';

/** Whose quota is used, and what is known of it. */
export const accountFlags = [
	{
		name: 'model',
		short: 'm',
		kind: 'repeated',
		value: 'ID',
		default: "the preset's",
		help: 'model ID, inference profile ID or ARN (repeat to compare)',
		scopes: ['run', 'account', 'prompt', 'batch'],
	},
	{
		name: 'region',
		kind: 'value',
		value: 'REGION',
		default: 'as the AWS CLI',
		help: 'AWS Region (in watch and the account view also a,b)',
		scopes: ['run', 'account', 'batch', 'watch'],
	},
	{
		name: 'profile',
		kind: 'value',
		value: 'NAME',
		default: 'as the AWS CLI',
		help: 'AWS profile',
		scopes: ['run', 'account', 'batch', 'watch'],
	},
	{
		name: 'rpm',
		kind: 'value',
		value: 'N',
		default: 'detected',
		help: 'requests a minute, instead of the detected quota',
		scopes: ['run', 'account', 'simulate', 'batch'],
	},
	{
		name: 'tpm',
		kind: 'value',
		value: 'N',
		default: 'detected',
		help: 'tokens a minute, instead of the detected quota',
		scopes: ['run', 'account', 'simulate', 'batch'],
	},
	{
		name: 'burndown',
		kind: 'value',
		value: 'N',
		default: 'detected',
		help: 'quota tokens of one output token',
		scopes: ['run', 'account', 'batch'],
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
		name: 'timeout',
		kind: 'value',
		value: 'T',
		default:
			'5m before the answer (60m where the whole answer comes at once), 2m between tokens, 20s for lists',
		help: 'silence that ends an attempt or a call (30s, 10m)',
		scopes: ['run', 'account', 'batch', 'watch'],
	},
	{
		name: 'refresh',
		kind: 'boolean',
		default: 'off',
		help: 'skip the caches',
		scopes: ['run', 'account', 'batch', 'watch'],
	},
] as const satisfies readonly Flag[];
