import type {Flag} from './flag.ts';

/** What is shown and written. */
export const outputFlags = [
	{
		name: 'out',
		kind: 'value',
		value: 'DIR',
		default: 'bedrock-top-reports/<time>',
		help: 'folder for the reports',
		scopes: ['run', 'report', 'batch'],
	},
	{
		name: 'resume',
		kind: 'value',
		value: 'DIR',
		help: 'go on with the items that DIR/answers.jsonl has no answer for',
		scopes: ['run'],
	},
	{name: 'reports', kind: 'boolean', isOnByDefault: true, help: 'write no reports', scopes: ['run', 'batch']},
	{
		name: 'answers',
		kind: 'boolean',
		default: 'on when the preset has items',
		help: 'write answers.jsonl',
		scopes: ['run'],
	},
	{
		name: 'csv',
		kind: 'boolean',
		default: 'off',
		help: 'write requests.csv, one row a request',
		scopes: ['run'],
	},
	{
		name: 'force',
		kind: 'boolean',
		default: 'off',
		help: 'write into a folder that is not empty',
		scopes: ['run', 'report', 'presets', 'batch'],
	},
	{
		name: 'json',
		kind: 'optional',
		value: 'FILE',
		default: 'off',
		help: 'results as JSON on stdout, or to FILE',
		scopes: ['run', 'account', 'report', 'prompt', 'batch', 'watch'],
	},
	{
		name: 'plain',
		kind: 'boolean',
		default: 'off',
		help: 'append-only lines instead of the screen',
		scopes: ['run', 'prompt', 'batch'],
	},
	{
		name: 'theme',
		kind: 'value',
		value: 'T',
		default: 'auto',
		choices: ['auto', 'mono', 'high-contrast', 'colour-blind'],
		help: 'colours of the screen',
		scopes: ['run'],
	},
	{name: 'log-file', kind: 'value', value: 'FILE', help: 'write the log to FILE', scopes: ['run']},
] as const satisfies readonly Flag[];
