import type {Flag} from './flag.ts';

/** Settings of the simulator, and of the shipped presets. */
export const simulatorFlags: readonly Flag[] = [
	{
		name: 'port',
		kind: 'value',
		value: 'N',
		default: '0 (any)',
		help: 'port of the simulator',
		scopes: ['simulate'],
	},
	{
		name: 'host',
		kind: 'value',
		value: 'H',
		default: '127.0.0.1',
		help: 'where the simulator listens, and the name that it answers to beside 127.0.0.1, [::1] and localhost',
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
];
