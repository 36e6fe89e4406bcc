import type {Remembered} from '../config/config-file.ts';
import {bounds, defaults} from '../config/defaults.ts';
import type {TextFlag} from '../config/flags.ts';
import {readChoice, readDurationMs, readInteger, readNumber} from '../config/values.ts';
import {methods} from '../domain/backend.ts';
import {goals, type Load, loadShapes, type RunConfig} from '../domain/run-config.ts';
import {UserError} from '../domain/user-error.ts';
import {
	type Action,
	noEffect,
	type OverlayAction,
	type Transition,
	withEffects,
	withFlash,
} from './actions.ts';
import type {ViewName} from './keymap.ts';
import {replan} from './run-commands.ts';
import type {OwnColumns, SettingsForm, State} from './state.ts';

/** A setting of a run in the settings form; its values are read like those of the command line's flags. */
export type Setting = {
	readonly label: string;
	/** The flag that sets it. */
	readonly flag: TextFlag;
	/** Undefined: the value is typed. */
	readonly choices: readonly string[] | undefined;
	/** What can be typed, in a few words. */
	readonly hint: string;
	readonly textOf: (config: RunConfig) => string;
	/** The configuration with another value. @throws UserError that quotes the value and says what is allowed. */
	readonly changed: (config: RunConfig, text: string) => RunConfig;
};

/** Proposed when the load "rate" is chosen without one; shown before anything is sent. */
const proposedRatePerMinute = 60;

export const settings: readonly Setting[] = [
	choice(
		'Method',
		'method',
		methods,
		({method}) => method,
		(config, text) => ({
			...config,
			method: readChoice('method', text, methods),
		}),
	),
	choice(
		'Load',
		'load',
		loadShapes,
		({load}) => load.shape,
		(config, text) => ({
			...config,
			load: reshaped(config.load, readChoice('load', text, loadShapes)),
		}),
	),
	typed('Requests', 'requests', 'per variant in measure, else for the whole run; empty: no limit', {
		textOf: ({load}) => String(load.requests ?? ''),
		changed: (config, text) => withLoad(config, {requests: requestsOf(config.load, text)}),
	}),
	typed('Duration', 'duration', 'such as 60s or 2m; empty: no limit', {
		textOf: ({load}) => durationText(load.durationMs),
		changed: (config, text) =>
			withLoad(config, {durationMs: text === '' ? null : readDurationMs('duration', text)}),
	}),
	typed('Concurrency', 'concurrency', 'maximum requests in flight', {
		textOf: ({load}) => String(load.concurrency),
		changed: (config, text) =>
			withLoad(config, {concurrency: readInteger('concurrency', text, bounds.concurrency)}),
	}),
	typed('Rate', 'rate', 'requests per minute; for the load "rate"', {
		textOf: ({load}) => String(load.ratePerMinute ?? ''),
		changed: (config, text) => withLoad(config, {ratePerMinute: rateOf(config.load, text)}),
	}),
	typed('Max tokens', 'max-tokens', 'or auto', {
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
		'goal',
		goals,
		({goal}) => goal,
		(config, text) => ({
			...config,
			goal: readChoice('goal', text, goals),
		}),
	),
	typed('Share', 'share', `part of the quota to use, ${bounds.share.min} to ${bounds.share.max}`, {
		textOf: ({share}) => String(share),
		changed: (config, text) => ({...config, share: readNumber('share', text, bounds.share)}),
	}),
];

function choice(
	label: string,
	flag: TextFlag,
	choices: readonly string[],
	textOf: Setting['textOf'],
	changed: Setting['changed'],
): Setting {
	return {label, flag, choices, hint: '', textOf, changed};
}

function typed(
	label: string,
	flag: TextFlag,
	hint: string,
	rest: Pick<Setting, 'textOf' | 'changed'>,
): Setting {
	return {label, flag, choices: undefined, hint, ...rest};
}

function withLoad(config: RunConfig, change: Partial<Load>): RunConfig {
	return {...config, load: {...config.load, ...change}};
}

/** Another load shape starts with its own requests and duration. */
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

/**
 * Opens the form. Leaving a field plans the run again, so the plan shown matches the form; a run that would start by itself
 * waits until the form is closed.
 */
export function openSettings(state: State): Transition {
	const {stage, config} = state;
	return noEffect({
		...state,
		stage: stage.kind === 'preparing' ? {...stage, startsThen: false} : stage,
		overlay: {kind: 'settings', index: 0, text: undefined, problem: undefined, before: config},
	});
}

export function inSettings(state: State, form: SettingsForm, action: OverlayAction): Transition {
	const setting = settings[form.index];
	switch (action.type) {
		case 'text-typed':
			// The first letter replaces the old value, as in a field that is fully selected.
			return setting?.choices === undefined
				? edit(state, form, `${form.text ?? ''}${action.text}`)
				: noEffect(state);
		case 'text-erased': {
			const text = form.text ?? setting?.textOf(state.config) ?? '';
			return setting?.choices === undefined
				? edit(state, form, [...text].slice(0, -1).join(''))
				: noEffect(state);
		}
		case 'overlay-moved': {
			const count = settings.length;
			const index = (((form.index + action.lines) % count) + count) % count;
			return take(state, form, form.text, (kept) => ({...kept, index}));
		}
		case 'overlay-turned':
			return turn(state, form, action.steps);
		case 'overlay-accepted':
			return take(state, form, form.text, () => undefined);
		case 'overlay-closed': {
			const closed: State = {...state, overlay: undefined, config: form.before};
			return state.config === form.before ? noEffect(closed) : replan(closed);
		}
		case 'overlay-compared':
		case 'overlay-marked':
			return turn(state, form, 1);
	}
}

function edit(state: State, form: SettingsForm, text: string): Transition {
	return noEffect({...state, overlay: {...form, text: text.slice(0, 40), problem: undefined}});
}

function turn(state: State, form: SettingsForm, steps: number): Transition {
	const setting = settings[form.index];
	if (setting?.choices === undefined) {
		return noEffect(state);
	}
	const {choices} = setting;
	const index = choices.indexOf(setting.textOf(state.config)) + steps;
	return take(state, form, choices.at(index % choices.length), (kept) => kept);
}

/**
 * Takes a typed value into the configuration; an invalid one stays in the form, with the reason.
 * @param text Undefined: the value was not changed.
 * @param next The form after that; undefined closes it.
 */
function take(
	state: State,
	form: SettingsForm,
	text: string | undefined,
	next: (form: SettingsForm) => SettingsForm | undefined,
): Transition {
	const setting = settings[form.index];
	const overlay = next({...form, text: undefined, problem: undefined});
	if (setting === undefined || text === undefined || text === setting.textOf(state.config)) {
		return noEffect({...state, overlay});
	}
	try {
		const config = setting.changed(state.config, text.trim());
		return replan({...state, config, overlay});
	} catch (error) {
		if (error instanceof UserError) {
			return noEffect({...state, overlay: {...form, text, problem: error.message.replace(/^--/, '')}});
		}
		throw error;
	}
}

/**
 * `Ctrl+S`: what differs from what the next start would have by itself goes into the user's configuration; in the box of
 * the columns, these alone.
 */
export function remember(state: State): Transition {
	const {overlay, known} = state;
	if (overlay?.kind === 'settings') {
		// What is being typed is meant, too.
		const taken = take(state, overlay, overlay.text, (form) => form);
		const problem = taken.state.overlay?.kind === 'settings' ? taken.state.overlay.problem : undefined;
		const {state: next, effects} = problem === undefined ? asked(taken.state) : taken;
		return {state: next, effects: [...taken.effects, ...(problem === undefined ? effects : [])]};
	}
	return overlay?.kind === 'columns'
		? withEffects(state, {type: 'remember', values: changedColumns(state, known.columns), hasTyped: false})
		: asked(state);
}

function asked(state: State): Transition {
	const values = [...changedFlags(state), ...changedColumns(state, state.known.columns)];
	return withEffects(state, {type: 'remember', values, hasTyped: true});
}

/** The Region that the account is watched in, or that runs use; several cannot be the default of a run. */
function regionOf({account, config}: State): string | undefined {
	return account.regions.length === 1 ? account.regions[0] : config.connection.region;
}

function changedFlags(state: State): readonly Remembered[] {
	const {config, known, isDemo} = state;
	const changed = settings.flatMap((setting): Remembered[] => {
		const text = setting.textOf(config);
		return text === '' || text === setting.textOf(known.config) ? [] : [[['defaults', setting.flag], text]];
	});
	const region = regionOf(state);
	const hasModels = config.models.length > 0 && config.models.join() !== known.config.models.join();
	// Models and Regions of a demo are not those of the account.
	return isDemo
		? changed
		: [
				...changed,
				...(hasModels ? [[['defaults', 'model'], config.models] as const] : []),
				...(region === undefined || region === known.region
					? []
					: [[['defaults', 'region'], region] as const]),
			];
}

function changedColumns({columns}: State, known: OwnColumns): readonly Remembered[] {
	const views = [...new Set([...Object.keys(columns), ...Object.keys(known)])] as readonly ViewName[];
	return views
		.filter((view) => columns[view]?.join() !== known[view]?.join())
		.map((view) => [['columns', view], columns[view]] as const);
}

/** What was written is what the next start has. */
export function takeRemembered(state: State, {file, names}: Action & {type: 'remembered'}): State {
	const words = `remembered in ${file}: ${names.join(', ')}`;
	const known = {config: state.config, columns: state.columns, region: regionOf(state)};
	return withFlash({...state, known}, words);
}
