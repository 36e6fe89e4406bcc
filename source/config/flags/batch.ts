import type {Flag} from './flag.ts';

/** Batch inference jobs. */
export const batchFlags = [
	{
		name: 's3',
		kind: 'value',
		value: 'URI',
		help: 'where inputs and outputs of the job go: s3://bucket/prefix',
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
		help: 'number of items that --plan reckons with',
		scopes: ['batch'],
	},
	{
		name: 'watch',
		kind: 'value',
		value: 'ARN',
		help: 'come back to a job: watch it, fetch and join its outputs',
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
