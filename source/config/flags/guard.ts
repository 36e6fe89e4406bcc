import {defaults} from '../defaults.ts';
import type {Flag} from './flag.ts';

/** What ends a run, and what makes it fail. */
export const guardFlags = [
	{
		name: 'max-requests',
		kind: 'value',
		value: 'N',
		help: 'stop after N requests whatever the load',
		scopes: ['run'],
	},
	{
		name: 'max-cost',
		kind: 'value',
		value: 'USD|none',
		default: defaults.maxCostUsd.toFixed(2),
		help: 'stop at this cost; a typed limit is kept whatever --yes says',
		scopes: ['run', 'batch'],
	},
	{name: 'yes', kind: 'boolean', default: 'off', help: 'start without asking', scopes: ['run', 'batch']},
	{
		name: 'dry-run',
		kind: 'boolean',
		default: 'off',
		help: 'print the plan and send nothing',
		scopes: ['run'],
	},
	{
		name: 'slo',
		kind: 'value',
		value: 'L',
		help: 'upper bounds for goodput: ttft=800ms,total=5s',
		scopes: ['run'],
	},
	{
		name: 'fail-if',
		kind: 'repeated',
		value: 'COND',
		help: 'exit 3 when true: latencyMs.total.p99>2000',
		scopes: ['run'],
	},
	{
		name: 'alert',
		kind: 'repeated',
		value: 'COND',
		help: 'ring when true, exit 3 (watch: at once): tokens>80 (also requests, day; percent)',
		scopes: ['run', 'watch'],
	},
] as const satisfies readonly Flag[];
