import type {Distribution} from '../../domain/figures-schema.ts';
import {hangingLines} from '../../text/hanging.ts';
import {histogramLines} from '../../text/histogram.ts';
import {type Line, segment} from '../../text/segment.ts';
import {cleanText} from '../../text/width.ts';
import type {State} from '../../view/state.ts';
import {selectedRow} from '../../view/variant-rows.ts';
import type {FrameTitle} from '../frame.ts';
import {detailEntries} from './detail-entries.ts';

/** All that is known of the selected variant. */

const labelWidth = 16;
const histogramRows = 8;

export function detailTitle(state: State): FrameTitle {
	const row = selectedRow(state);
	return {
		title: [segment(row?.name ?? 'no variant', 'title')],
		note: [segment(state.isDetailOpen ? 'Esc closes' : 'Enter enlarges', 'muted')],
	};
}

/** Figures, latency histogram, prompts as sent and a sample answer, in lines of at most `width` cells. */
export function detailLines(state: State, width: number): readonly Line[] {
	const row = selectedRow(state);
	if (row === undefined) {
		return [];
	}
	const {figures} = row;
	if (figures === undefined) {
		return [[segment(row.isOn ? 'not measured yet' : 'switched off: Space takes it into the run', 'muted')]];
	}
	return [
		...detailEntries(figures).flatMap(({label, text}) => entry(label, text, width)),
		...histogramOf(figures.latencyMs.total, width),
		...textEntry('system', figures.prompt.system, width),
		...textEntry('user', figures.prompt.user, width),
		...textEntry('answer', figures.sample, width),
	];
}

function entry(label: string, text: string, width: number): readonly Line[] {
	return hangingLines(segment(label.padEnd(labelWidth), 'muted'), text, width);
}

function textEntry(label: string, text: string | null, width: number): readonly Line[] {
	return text === null || text === '' ? [] : entry(label, cleanText(text), width);
}

function histogramOf({histogram}: Distribution, width: number): readonly Line[] {
	return histogramLines(histogram, Math.max(0, width - labelWidth), histogramRows).map((line, index) => [
		segment((index === 0 ? 'total times' : '').padEnd(labelWidth), 'muted'),
		...line,
	]);
}
