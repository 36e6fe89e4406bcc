import {goals, policies} from '../../domain/run-spec.ts';
import {defaults} from '../defaults.ts';
import type {Flag} from './flag.ts';

/** What is asked, and how. */
export const promptFlags = [
	{
		name: 'task',
		kind: 'value',
		value: 'TEXT',
		default: "the preset's",
		help: 'what to do (@FILE reads a file, - reads stdin)',
		scopes: ['run', 'prompt', 'batch'],
	},
	{
		name: 'content',
		kind: 'value',
		value: 'TEXT',
		default: "the preset's",
		help: 'what to do it with (@FILE, -)',
		scopes: ['run', 'prompt', 'batch'],
	},
	{
		name: 'variants',
		kind: 'value',
		value: 'A,B',
		default: 'all',
		help: 'variants to run',
		scopes: ['run', 'batch'],
	},
	{
		name: 'method',
		kind: 'value',
		value: 'M',
		default: defaults.method,
		choices: ['converse', 'converse-stream', 'invoke', 'invoke-stream', 'batch'],
		help: 'how requests are sent',
		scopes: ['run', 'batch'],
	},
	{
		name: 'goal',
		kind: 'value',
		value: 'G',
		default: defaults.goal,
		choices: goals,
		help: 'what best means',
		scopes: ['run', 'prompt'],
	},
	{
		name: 'policy',
		kind: 'value',
		value: 'P',
		default: defaults.policy,
		choices: policies,
		help: 'adaptive: cheaper variants as the limit nears',
		scopes: ['run'],
	},
] as const satisfies readonly Flag[];
