import {bounds} from '../config/bounds.ts';
import {defaults} from '../config/defaults.ts';
import {readChoice, readDurationMs, readInteger, readNumber} from '../config/values.ts';
import {methods} from '../domain/backend.ts';
import type {RunConfig} from '../domain/run-config.ts';
import {goals, type Load, loadShapes} from '../domain/run-spec.ts';

/** What the settings form changes of a run, as data: its values are read like those of the command line's flags. */
export type Setting = {
	readonly label: string;
	/** Undefined: the value is typed. */
	readonly choices: readonly string[] | undefined;
	/** What may be typed, in a few words. */
	readonly hint: string;
	readonly textOf: (config: RunConfig) => string;
	/** The configuration with another value. @throws UserError that quotes the value and says what is allowed. */
	readonly changed: (config: RunConfig, text: string) => RunConfig;
};

/** What the form proposes where a rate is chosen without one; it is shown before anything is sent. */
const proposedRatePerMinute = 60;

export const settings: readonly Setting[] = [
	choice(
		'Method',
		methods,
		({method}) => method,
		(config, text) => ({
			...config,
			method: readChoice('method', text, methods),
		}),
	),
	choice(
		'Load',
		loadShapes,
		({load}) => load.shape,
		(config, text) => ({
			...config,
			load: reshaped(config.load, readChoice('load', text, loadShapes)),
		}),
	),
	typed('Requests', 'a variant in measure, of the whole run elsewhere; empty: no such end', {
		textOf: ({load}) => String(load.requests ?? ''),
		changed: (config, text) => withLoad(config, {requests: requestsOf(config.load, text)}),
	}),
	typed('Duration', 'such as 60s or 2m; empty: no such end', {
		textOf: ({load}) => durationText(load.durationMs),
		changed: (config, text) =>
			withLoad(config, {durationMs: text === '' ? null : readDurationMs('duration', text)}),
	}),
	typed('Concurrency', 'requests in flight at most', {
		textOf: ({load}) => String(load.concurrency),
		changed: (config, text) =>
			withLoad(config, {concurrency: readInteger('concurrency', text, bounds.concurrency)}),
	}),
	typed('Rate', 'requests a minute; for the load "rate"', {
		textOf: ({load}) => String(load.ratePerMinute ?? ''),
		changed: (config, text) => withLoad(config, {ratePerMinute: rateOf(config.load, text)}),
	}),
	typed('Max tokens', 'or auto', {
		textOf: ({maxTokens, isMaxTokensAuto}) => (isMaxTokensAuto ? 'auto' : String(maxTokens)),
		changed: (config, text) =>
			text === 'auto'
				? {...config, isMaxTokensAuto: true}
				: {
						...config,
						isMaxTokensAuto: false,
						maxTokens: readInteger('max-tokens', text, bounds.maxTokens),
					},
	}),
	choice(
		'Goal',
		goals,
		({goal}) => goal,
		(config, text) => ({
			...config,
			goal: readChoice('goal', text, goals),
		}),
	),
	typed('Share', `part of the quota that may be used, ${bounds.share.min} to ${bounds.share.max}`, {
		textOf: ({share}) => String(share),
		changed: (config, text) => ({...config, share: readNumber('share', text, bounds.share)}),
	}),
];

function choice(
	label: string,
	choices: readonly string[],
	textOf: Setting['textOf'],
	changed: Setting['changed'],
): Setting {
	return {label, choices, hint: '', textOf, changed};
}

function typed(label: string, hint: string, rest: Pick<Setting, 'textOf' | 'changed'>): Setting {
	return {label, choices: undefined, hint, ...rest};
}

function withLoad(config: RunConfig, change: Partial<Load>): RunConfig {
	return {...config, load: {...config.load, ...change}};
}

/** Requests and duration belong to their shape: another one starts with its own. */
function reshaped(load: Load, shape: Load['shape']): Load {
	if (shape === load.shape) {
		return load;
	}
	const isMeasure = shape === 'measure';
	return {
		...load,
		shape,
		requests: isMeasure ? defaults.requestsPerVariant : null,
		durationMs: isMeasure ? null : defaults.durationMs,
		ratePerMinute: shape === 'rate' ? (load.ratePerMinute ?? proposedRatePerMinute) : null,
	};
}

function requestsOf({shape}: Load, text: string): number | null {
	if (text !== '') {
		return readInteger('requests', text, bounds.requests);
	}
	return shape === 'measure' ? defaults.requestsPerVariant : null;
}

function rateOf({shape}: Load, text: string): number | null {
	if (shape !== 'rate' && text === '') {
		return null;
	}
	const rate = readNumber('rate', text, bounds.rate);
	return shape === 'rate' ? rate : null;
}

function durationText(durationMs: number | null): string {
	if (durationMs === null) {
		return '';
	}
	return durationMs % 1000 === 0 ? `${durationMs / 1000}s` : `${durationMs}ms`;
}
