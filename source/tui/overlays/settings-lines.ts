import {fitLine, type Line, segment} from '../../text/segment.ts';
import {cleanText, wrapText} from '../../text/width.ts';
import {type Setting, settings} from '../../view/settings.ts';
import type {SettingsForm, State} from '../../view/state.ts';
import {statusOf} from '../../view/status.ts';
import type {Content} from '../frame.ts';
import {planEntries} from '../panels/notice.ts';

const usualWidth = 84;
const labelWidth = 13;
const valueWidth = 20;

/** The form: the settings, then what is wrong with a value, or the plan that the values make. */
export function settingsContent(
	state: State,
	form: SettingsForm,
	roomWidth: number,
	roomHeight: number,
): Content {
	const width = Math.max(1, Math.min(roomWidth, usualWidth));
	const below = form.problem === undefined ? planLines(state, width) : problemLines(form.problem, width);
	const rows = settings.map((setting, index) => settingLine(state, form, setting, index === form.index));
	// What does not fit is scrolled away above the selected setting.
	const room = Math.max(1, roomHeight - 1 - below.length);
	const first = Math.max(0, Math.min(form.index - Math.floor(room / 2), rows.length - room));
	const lines = [...rows.slice(first, first + room), [], ...below];
	return {
		title: [segment('Settings', 'title')],
		note: [segment(width < 60 ? 'Enter takes' : '↑ ↓ move, ← → choose, Enter takes, Esc undoes', 'muted')],
		lines: lines.map((line) => fitLine(line, width)),
	};
}

function settingLine(state: State, form: SettingsForm, setting: Setting, isSelected: boolean): Line {
	const value = setting.textOf(state.config);
	const typed = isSelected ? form.text : undefined;
	const shown =
		setting.choices === undefined
			? `${cleanText(typed ?? (value === '' && !isSelected ? 'none' : value))}${isSelected ? '_' : ''}`
			: isSelected
				? `‹ ${value} ›`
				: value;
	return [
		segment(isSelected ? '› ' : '  ', 'accent'),
		segment(setting.label.padEnd(labelWidth), 'muted'),
		segment(shown.padEnd(valueWidth), isSelected ? 'strong' : 'plain'),
		segment(isSelected ? ` ${setting.hint}` : '', 'muted'),
	];
}

function problemLines(problem: string, width: number): readonly Line[] {
	return wrapText(cleanText(problem), width).map((line) => [segment(line, 'bad')]);
}

/** What these settings send, take of the quota and cost; where that is not known, what is going on instead. */
function planLines(state: State, width: number): readonly Line[] {
	const {stage, plan} = state;
	if (stage.kind === 'planned' && plan !== undefined) {
		return planEntries(state, plan, width);
	}
	const {word, detail, tone} = statusOf(state);
	return [[segment(stage.kind === 'preparing' ? 'PLAN' : word, tone), segment(` ${detail}`)]];
}
