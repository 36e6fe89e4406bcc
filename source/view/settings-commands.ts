import {UserError} from '../domain/user-error.ts';
import type {OverlayAction} from './actions.ts';
import {type Change, only} from './change.ts';
import {prepareAnew} from './run-commands.ts';
import {settings} from './settings.ts';
import type {SettingsForm, State} from './state.ts';

/** The settings form: every value that is left is taken to the engine, so that the plan in the form is that of the values. */

/** A run that would start by itself waits until the form is closed: its plan comes first. */
export function openSettings(state: State): Change {
	const {stage, config} = state;
	return only({
		...state,
		stage: stage.kind === 'preparing' ? {...stage, startsThen: false} : stage,
		overlay: {kind: 'settings', index: 0, text: undefined, problem: undefined, before: config},
	});
}

export function inSettings(state: State, form: SettingsForm, action: OverlayAction): Change {
	const setting = settings[form.index];
	switch (action.type) {
		case 'text-typed': {
			// The first letter takes the place of what was there, as in a field that is selected whole.
			return setting?.choices === undefined
				? edit(state, form, `${form.text ?? ''}${action.text}`)
				: only(state);
		}
		case 'text-erased': {
			const text = form.text ?? setting?.textOf(state.config) ?? '';
			return setting?.choices === undefined
				? edit(state, form, [...text].slice(0, -1).join(''))
				: only(state);
		}
		case 'overlay-moved': {
			const count = settings.length;
			const index = (((form.index + action.lines) % count) + count) % count;
			return take(state, form, form.text, (kept) => ({...kept, index}));
		}
		case 'overlay-turned': {
			return turn(state, form, action.steps);
		}
		case 'overlay-accepted': {
			return take(state, form, form.text, () => undefined);
		}
		case 'overlay-closed': {
			const closed: State = {...state, overlay: undefined, config: form.before};
			return state.config === form.before ? only(closed) : prepareAnew(closed);
		}
		case 'overlay-marked': {
			return turn(state, form, 1);
		}
	}
}

function edit(state: State, form: SettingsForm, text: string): Change {
	return only({...state, overlay: {...form, text: text.slice(0, 40), problem: undefined}});
}

function turn(state: State, form: SettingsForm, steps: number): Change {
	const setting = settings[form.index];
	if (setting?.choices === undefined) {
		return only(state);
	}
	const {choices} = setting;
	const index = choices.indexOf(setting.textOf(state.config)) + steps;
	return take(state, form, choices.at(index % choices.length), (kept) => kept);
}

/**
 * Takes a value in, and goes on as told; a value that cannot be taken stays where it is, with the reason.
 * @param text Undefined: the value was not changed.
 */
function take(
	state: State,
	form: SettingsForm,
	text: string | undefined,
	next: (form: SettingsForm) => SettingsForm | undefined,
): Change {
	const setting = settings[form.index];
	const overlay = next({...form, text: undefined, problem: undefined});
	if (setting === undefined || text === undefined || text === setting.textOf(state.config)) {
		return only({...state, overlay});
	}
	try {
		const config = setting.changed(state.config, text.trim());
		return prepareAnew({...state, config, overlay});
	} catch (error) {
		if (error instanceof UserError) {
			return only({...state, overlay: {...form, text, problem: error.message.replace(/^--/, '')}});
		}
		throw error;
	}
}
