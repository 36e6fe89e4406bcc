import {formatCount, formatNumber, formatPercent, formatTokens, formatUsd} from '../../text/numbers.ts';
import {flowLines, hangingLines, joinLines, type Line, segment, type Tone} from '../../text/segment.ts';
import {type Column, fitColumns, formatHeader, rowLine} from '../../text/table.ts';
import {cleanText, truncateMiddle, wrapText} from '../../text/width.ts';
import {
	listedCandidates,
	type OptimizeCandidate,
	type OptimizeView,
	selectedCandidate,
	spentNow,
} from '../../view/optimize.ts';
import {firstShown} from '../frame.ts';

/** What the screen of an optimisation shows in its panels: progress, rounds, candidates with the front, and the verdict. */

const dot = segment(' · ', 'muted');

/** A part of the whole in `width` cells: neither empty for something nor full for less than all. */
const barOf = (part: number, whole: number, width: number): Line => {
	const share = whole > 0 ? Math.min(1, part / whole) : 0;
	const rounded = Math.round(share * width);
	const filled = share === 0 ? 0 : share === 1 ? width : Math.max(1, Math.min(width - 1, rounded));
	return [segment('█'.repeat(filled), 'accent'), segment('·'.repeat(width - filled), 'muted')];
};

/** Requests against those that may be sent, and how many went to the rewriter. */
export function requestWords(view: OptimizeView): Line {
	const {requests, ofRewriter} = spentNow(view);
	return joinLines(
		[
			[
				segment(formatCount(requests), 'strong'),
				segment(` of ${formatCount(view.figures.budget.requests)} requests`),
			],
			[segment(`${formatCount(ofRewriter)} to the rewriter`)],
		],
		dot,
	);
}

/** What it cost, and how far the step under way is. */
export function spendWords(view: OptimizeView): Line {
	const {step, stage, figures} = view;
	const {quotaTokens, costUsd} = spentNow(view);
	const limit = figures.budget.costUsd === null ? '' : ` of ${formatUsd(figures.budget.costUsd)}`;
	const isOver = step === undefined || stage === 'ended';
	return joinLines(
		[
			[segment(costUsd === null ? 'cost not known' : `${formatUsd(costUsd)}${limit}`)],
			[segment(`${formatTokens(quotaTokens)} quota tokens`)],
			...(isOver
				? []
				: [
						[
							segment(
								`this step ${formatCount(step.done)}${step.total === null ? '' : `/${formatCount(step.total)}`}`,
							),
						],
						...(step.waitingFor === null
							? step.inFlight === 0
								? []
								: [[segment(`${formatCount(step.inFlight)} in flight`)]]
							: [[segment(cleanText(step.waitingFor), 'warning')]]),
					]),
		],
		dot,
	);
}

/** What is being tried, and what was sent and spent. */
export function progressLines(view: OptimizeView, width: number): readonly Line[] {
	const {requests} = spentNow(view);
	const barWidth = Math.max(8, Math.min(40, width - 48));
	return [
		...(view.stage === 'ended' ? [] : [[segment(cleanText(view.doing), 'strong')]]),
		[...barOf(requests, view.figures.budget.requests, barWidth), segment(' '), ...requestWords(view)],
		spendWords(view),
	];
}

/** A round: whom it began from, how many raced on how many items, and who is left. */
export function roundLine({figures}: OptimizeView, at: number): Line {
	const round = figures.rounds[at];
	if (round === undefined) {
		return [];
	}
	const rungs = round.rungs.map(({items}) => formatCount(items)).join(' → ');
	return joinLines(
		[
			[segment(String(round.round), 'accent'), segment(` from ${cleanText(round.parents.join(', '))}`)],
			[
				segment(
					`${formatCount(round.candidates.length)} ${round.candidates.length === 1 ? 'candidate' : 'candidates'}`,
				),
			],
			...(rungs === '' ? [] : [[segment(`${rungs} select items`)]]),
			...(round.left.length === 0
				? []
				: [[segment('left: ', 'muted'), segment(cleanText(round.left.join(', ')))]]),
		],
		dot,
	);
}

type Row = {
	readonly candidate: OptimizeCandidate;
	readonly isSelected: boolean;
	readonly isOnFront: boolean;
	readonly isChosen: boolean;
	readonly stage: OptimizeView['stage'];
};

const rowTone = ({candidate, isChosen, isOnFront}: Row): Tone =>
	candidate.out !== null ? 'muted' : isChosen || isOnFront ? 'strong' : 'plain';

const markOf = ({isSelected, isChosen, isOnFront}: Row): string =>
	`${isSelected ? '›' : ' '}${isChosen ? '★' : isOnFront ? '•' : ' '}`;

const stateOf = ({candidate: {out, items}, isOnFront, isChosen, stage}: Row): string => {
	if (out !== null) {
		return `out: ${cleanText(out)}`;
	}
	if (isChosen) {
		return 'tried on held-out items';
	}
	return items === 0
		? stage === 'ended'
			? 'not tried'
			: 'waits'
		: isOnFront
			? 'on the front'
			: stage === 'ended'
				? 'not chosen'
				: 'in the race';
};

const columns: ReadonlyArray<Column<Row>> = [
	{key: 'mark', header: '', align: 'left', priority: 99, format: markOf, tone: () => 'accent'},
	{
		key: 'name',
		header: 'Candidate',
		align: 'left',
		priority: 98,
		minWidth: 22,
		cut: 'middle',
		format: ({candidate}) => cleanText(candidate.name),
		tone: rowTone,
	},
	{
		key: 'parent',
		header: 'Made from',
		align: 'left',
		priority: 40,
		minWidth: 10,
		cut: 'middle',
		format: ({candidate}) => cleanText(candidate.parent ?? 'preset'),
		tone: () => 'muted',
	},
	{
		key: 'round',
		header: 'Round',
		align: 'right',
		priority: 30,
		format: ({candidate}) => String(candidate.round),
		tone: () => 'muted',
	},
	{
		key: 'items',
		header: 'Items',
		align: 'right',
		priority: 60,
		format: ({candidate}) => formatCount(candidate.items),
	},
	{
		key: 'useful',
		header: 'Useful',
		align: 'right',
		priority: 95,
		format: ({candidate}) => formatPercent(candidate.usefulRate.value),
		tone: rowTone,
	},
	{
		key: 'quota',
		header: 'Quota/useful',
		align: 'right',
		priority: 96,
		format: ({candidate}) => formatNumber(candidate.quotaTokensPerUseful),
		tone: rowTone,
	},
	{
		key: 'state',
		header: 'State',
		align: 'left',
		priority: 70,
		minWidth: 12,
		cut: 'end',
		format: stateOf,
		tone: (row) => (row.candidate.out === null ? 'plain' : 'muted'),
	},
];

/** A header and the candidates that fit, the selected one among them. */
export function candidateLines(view: OptimizeView, width: number, height: number): readonly Line[] {
	const listed = listedCandidates(view);
	if (listed.length === 0) {
		return [[segment('none yet', 'muted')]];
	}
	const selected = selectedCandidate(view);
	const rows = listed.map(
		(candidate): Row => ({
			candidate,
			isSelected: candidate === selected,
			isOnFront: view.figures.front.includes(candidate.name),
			isChosen: view.figures.heldOut?.candidate === candidate.name,
			stage: view.stage,
		}),
	);
	const count = Math.max(1, height - 1);
	const first = firstShown(selected === undefined ? 0 : listed.indexOf(selected), count, rows.length);
	const shown = rows.slice(first, first + count);
	const fitted = fitColumns(columns, shown, width);
	return [[segment(formatHeader(fitted), 'muted')], ...shown.map((row) => rowLine(fitted, row))];
}

/** The verdict, what would prove it, and the files. */
export function optimizeVerdictLines({figures, files}: OptimizeView, width: number): readonly Line[] {
	const isProven = figures.heldOut?.isProven === true;
	const mark = isProven ? segment('★ ', 'good') : segment('· ', 'warning');
	return [
		...hangingLines(mark, cleanText(figures.verdict), width, 'strong'),
		...(figures.next === null ? [] : wrapText(cleanText(figures.next), width).map((text) => [segment(text)])),
		...files.slice(0, 2).map((file) => [segment(truncateMiddle(cleanText(file), width), 'muted')]),
	];
}

const diffTone = (line: string): Tone =>
	line.startsWith('+') ? 'good' : line.startsWith('-') ? 'bad' : 'plain';

/** All about the selected candidate: where it came from, why it is out, and what it changes. */
export function candidateDetailLines(view: OptimizeView, width: number): readonly Line[] {
	const candidate = selectedCandidate(view);
	if (candidate === undefined) {
		return [];
	}
	const rewrite = view.figures.rewrites.find(({name}) => name === candidate.name);
	const {usefulRate, quotaTokensPerUseful, items} = candidate;
	const interval =
		usefulRate.low === null || usefulRate.high === null
			? ''
			: ` (${formatPercent(usefulRate.low)} to ${formatPercent(usefulRate.high)})`;
	return [
		...flowLines(
			[
				[segment(cleanText(candidate.kind), 'accent')],
				[segment(`made from ${cleanText(candidate.parent ?? 'the preset')} in round ${candidate.round}`)],
				[segment(`${formatCount(items)} select items`)],
				[segment(`useful ${formatPercent(usefulRate.value)}${interval}`)],
				[segment(`${formatNumber(quotaTokensPerUseful)} quota tokens per useful item`)],
			],
			dot,
			width,
		),
		...(candidate.out === null
			? []
			: hangingLines(segment('out: ', 'muted'), cleanText(candidate.out), width)),
		...(rewrite?.why === null || rewrite === undefined
			? []
			: hangingLines(segment('why: ', 'muted'), cleanText(rewrite.why), width)),
		[],
		...(rewrite === undefined
			? [[segment('It stands in the preset as it is.', 'muted')]]
			: rewrite.diff
					.split('\n')
					.flatMap((line) =>
						wrapText(cleanText(line), width).map((text) => [segment(text, diffTone(line))]),
					)),
	];
}
