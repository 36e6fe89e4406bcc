import type {Snapshot} from '../domain/snapshot.ts';
import {verdictSentences} from '../reports/verdict.ts';
import {caveatsOf, formatQuota, formatTarget, leverTexts, lostTexts} from '../reports/words.ts';
import {toAscii} from '../text/glyphs.ts';
import {formatCount, formatElapsedMs, formatUsdWithin} from '../text/numbers.ts';
import {type Line, segment, type Tone} from '../text/segment.ts';
import {fitColumns, formatHeader, rowLine} from '../text/table.ts';
import {paintLine, type Theme} from '../text/themes.ts';
import {asSentence, cleanText, wrapText} from '../text/width.ts';
import {stateText} from './progress.ts';
import {columnsFor, searchTableLines, turnColumns, turnRows, variantRows} from './summary-tables.ts';

type SummaryStyle = {readonly width: number; readonly theme: Theme | undefined; readonly ascii: boolean};

/**
 * The findings of a run, printed after the screen is closed, and for pipes: targets with their quota, the table of
 * variants, the verdict, advice, failures with what to do, and caveats.
 *
 * @returns Lines of at most `width` cells.
 */
export function summaryLines(snapshot: Snapshot, {width, theme, ascii}: SummaryStyle): readonly string[] {
	const lines: readonly Line[] = [
		...headLines(snapshot, width),
		...snapshot.targets.flatMap((_, index) => targetLines(snapshot, index, width)),
		...searchTableLines(snapshot.search, width),
		...listBlock('Prompt levers', leverTexts(snapshot.variants), width),
		...block(
			verdictSentences({...snapshot, verdict: snapshot.verdicts, goal: snapshot.spec.goal}),
			width,
			'strong',
		),
		...listBlock(
			'Advice',
			snapshot.advice.map(({text}) => text),
			width,
		),
		...listBlock('Failures', [...lostTexts(snapshot), ...failureTexts(snapshot)], width),
		...block(caveatsOf(snapshot), width, 'muted'),
	];
	const shown = lines.at(-1)?.length === 0 ? lines.slice(0, -1) : lines;
	return shown.map((line) => {
		const text = paintLine(
			line.map((each) => ({...each, text: cleanText(each.text)})),
			theme,
		).trimEnd();
		return ascii ? toAscii(text) : text;
	});
}

function headLines(snapshot: Snapshot, width: number): readonly Line[] {
	const {spec, simulated, elapsedMs, costUsd, costUsdWithin} = snapshot;
	const mark = simulated ? 'SIMULATED: these answers came from a simulator, not from Amazon Bedrock.' : '';
	const cost =
		costUsd === null
			? []
			: [`cost ${formatUsdWithin(costUsd, costUsdWithin)}${simulated ? ' (simulated)' : ''}`];
	const what = [
		`bedrock-top ${spec.preset ?? 'task'}`,
		`${spec.method}, load ${spec.load.shape}`,
		`${stateText(snapshot)} after ${formatElapsedMs(elapsedMs)}`,
		...cost,
	];
	return [
		...(mark === '' ? [] : wrapped(mark, width, 'warning')),
		...wrapped(what.join(' · '), width, 'title'),
	];
}

function targetLines(snapshot: Snapshot, index: number, width: number): readonly Line[] {
	const target = snapshot.targets[index];
	if (target === undefined) {
		return [];
	}

	const rows = variantRows(snapshot, index);
	const fitted = fitColumns(columnsFor(rows), rows, width);
	return [
		...wrapped(formatTarget(target), width, 'plain'),
		...wrapped(`quota: ${formatQuota(target)}`, width, 'plain'),
		[],
		[segment(formatHeader(fitted).trimEnd(), 'strong')],
		...rows.map((row) => rowLine(fitted, row)),
		[],
		...turnLines(snapshot, index, width),
	];
}

/** Tokens and latency of each turn of a conversation; nothing without a chat. */
function turnLines(snapshot: Snapshot, index: number, width: number): readonly Line[] {
	const rows = turnRows(snapshot, index);
	const fitted = fitColumns(turnColumns, rows, width);
	return rows.length === 0
		? []
		: [[segment(formatHeader(fitted).trimEnd(), 'strong')], ...rows.map((row) => rowLine(fitted, row)), []];
}

function failureTexts({failures}: Snapshot): readonly string[] {
	return failures.map(
		({class: failureClass, message, advice, count}) =>
			`${formatCount(count)} x ${failureClass}: ${advice === '' ? message : `${asSentence(message)} ${advice}`}`,
	);
}

/** Sentences, each on its own lines, followed by a blank line; nothing where there are none. */
function block(sentences: readonly string[], width: number, tone: Tone): readonly Line[] {
	return sentences.length === 0 ? [] : [...sentences.flatMap((text) => wrapped(text, width, tone)), []];
}

function listBlock(heading: string, texts: readonly string[], width: number): readonly Line[] {
	return texts.length === 0
		? []
		: [
				[segment(heading, 'title')],
				...texts.flatMap((text) =>
					wrapText(cleanText(text), Math.max(10, width - 4)).map((line, index) => [
						segment(`${index === 0 ? '  - ' : '    '}${line}`),
					]),
				),
				[],
			];
}

const wrapped = (text: string, width: number, tone: Tone): readonly Line[] =>
	wrapText(cleanText(text), width).map((line) => [segment(line, tone)]);
