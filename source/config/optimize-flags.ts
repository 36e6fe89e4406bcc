import type {Flag} from './command-table.ts';
import {defaults} from './defaults.ts';

/** Rewrites of prompts, with proof. */
export const optimizeFlags = [
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
] as const satisfies readonly Flag[];
