import type {Flag} from './flag.ts';

/** Flags of every command. */
export const generalFlags = [
	{name: 'demo', kind: 'boolean', help: 'use the embedded simulator: no account, no cost', scopes: ['all']},
	{name: 'help', short: 'h', kind: 'boolean', help: 'show this help', scopes: ['all']},
	{name: 'version', short: 'v', kind: 'boolean', help: 'show the version', scopes: ['all']},
	{name: 'color', kind: 'boolean', isOnByDefault: true, help: 'no colour', scopes: ['all']},
	{
		name: 'debug',
		kind: 'boolean',
		default: 'off',
		help: 'show where in the program an error happened',
		scopes: ['all'],
	},
	{name: 'ascii', kind: 'boolean', default: 'off', help: 'ASCII characters only', scopes: ['all']},
] as const satisfies readonly Flag[];
