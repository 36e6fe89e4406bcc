import {bursts, loadShapes} from '../../domain/run-spec.ts';
import {defaults} from '../defaults.ts';
import type {Flag} from './flag.ts';

/** How much is sent, and how fast. */
export const loadFlags: readonly Flag[] = [
	{
		name: 'load',
		kind: 'value',
		value: 'SHAPE',
		default: defaults.loadShape,
		choices: loadShapes,
		help: 'shape of the load',
		scopes: ['run'],
	},
	{
		name: 'requests',
		kind: 'value',
		value: 'N',
		default: `${defaults.requestsPerVariant} a variant in measure, ${defaults.searchRequests} in a search, else none`,
		help: 'end after N requests; with --search the budget in total',
		scopes: ['run'],
	},
	{
		name: 'search',
		kind: 'boolean',
		default: 'off',
		help: 'run: try combinations of variants and prompt levers, and keep the better half again and again',
		scopes: ['run'],
	},
	{
		name: 'duration',
		kind: 'value',
		value: 'T',
		default: '60s except in measure',
		help: 'end after this time (60s, 2m)',
		scopes: ['run'],
	},
	{
		name: 'concurrency',
		kind: 'value',
		value: 'N',
		default: String(defaults.concurrency),
		help: 'requests in flight; in a chat, conversations',
		scopes: ['run'],
	},
	{
		name: 'rate',
		kind: 'value',
		value: 'N',
		help: 'requests a minute (load rate); in a chat, conversations',
		scopes: ['run'],
	},
	{
		name: 'max-tokens',
		kind: 'value',
		value: 'N|auto',
		default: `the preset's, else ${defaults.maxTokens}`,
		help: 'most output tokens; auto: learnt, then right-sized',
		scopes: ['run', 'batch'],
	},
	{
		name: 'burst',
		kind: 'value',
		value: 'B',
		default: defaults.burst,
		choices: bursts,
		help: 'use the room of a minute at once or evenly',
		scopes: ['run'],
	},
	{
		name: 'share',
		kind: 'value',
		value: 'X',
		default: String(defaults.share),
		help: 'part of the quota that may be used, 0 to 1',
		scopes: ['run', 'batch'],
	},
	{
		name: 'balance',
		kind: 'boolean',
		default: 'off',
		help: 'spread requests over the models instead of comparing them',
		scopes: ['run'],
	},
	{
		name: 'seed',
		kind: 'value',
		value: 'N',
		default: String(defaults.seed),
		help: 'seed of everything that is random',
		scopes: ['run', 'simulate', 'batch'],
	},
];
