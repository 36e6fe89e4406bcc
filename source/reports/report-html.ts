import {formatCount, formatDurationMs, formatUsdWithin, unknownMark} from '../text/numbers.ts';
import {cut, itemSections} from './item-details.ts';
import {type Block, type PageSection, type PlainBlock, sectionOf} from './page.ts';
import {htmlBytes, htmlOf, type Pictures} from './page-html.ts';
import type {Results, VariantResults} from './results-schema.ts';
import {runSections, runTitle, simulatedWarning} from './run-sections.ts';
import {formatTarget} from './words.ts';

/** `report.html`: all that is known of a run on one page, for people who have only that file. */

/** Bytes of the file, and of what could take all of it. */
const maxBytes = 1_000_000;
const maxPictureBytes = 450_000;
const maxPromptBytes = 120_000;
/** Characters that are shown of a prompt. */
const maxPrompt = 4000;
const maxEvents = 300;

type ReportOptions = {
	/** Names of the charts in their order; each is drawn in `pictures`, or left out. */
	readonly charts: readonly string[];
	readonly pictures: Pictures;
	/** answers.jsonl; undefined where answers are not kept. */
	readonly answersFile: string | undefined;
	/** Names of the files beside it. */
	readonly files: readonly string[];
};

/** @returns The whole file, of at most 1 MB. */
export async function reportHtml(results: Results, options: ReportOptions): Promise<string> {
	const {charts, answersFile, files} = options;
	const pictures = withinBytes(charts, options.pictures);
	const sections = runSections(results);
	const page = (items: readonly PageSection[]): string =>
		htmlOf(
			{
				title: runTitle(results),
				warning: simulatedWarning(results),
				sections: [
					...leadSections(results, [...sections.verdict, ...sections.clients]),
					...sections.targets,
					...sections.search,
					...sections.rewrites,
					...folded(rewriteSections(results)),
					...sectionOf('Charts', {type: 'pictures', files: charts}),
					...sections.failures,
					...items,
					...folded(promptSections(results)),
					...sections.levers,
					...sections.judges,
					...sections.advice,
					...sections.inexact,
					...folded(sections.timeouts),
					...folded(eventSections(results)),
					...sections.run.map((section) => ({...section, heading: 'Environment'})),
					...sections.repeat,
					...sectionOf('Files', fileTable(files)),
				],
			},
			pictures,
		);
	const room = maxBytes - Buffer.byteLength(page([])) - 2000;
	return page(await itemSections(answersFile, results, room));
}

/** The drawings that fit; what is left out is named with its file. */
function withinBytes(charts: readonly string[], pictures: Pictures): Pictures {
	const kept = new Map<string, string>();
	let bytes = 0;
	for (const chart of charts) {
		const svg = pictures.get(chart);
		bytes += Buffer.byteLength(svg ?? '');
		if (svg !== undefined && bytes <= maxPictureBytes) {
			kept.set(chart, svg);
		}
	}
	return kept;
}

const folded = (sections: readonly PageSection[]): readonly PageSection[] =>
	sections.map((section) => ({...section, isFolded: true}));

/** The finding, then what it is about. */
function leadSections(results: Results, [first, ...others]: readonly PageSection[]): readonly PageSection[] {
	const facts = factsOf(results);
	const goals = goalTable(results);
	return first === undefined
		? sectionOf('Run', facts)
		: [{...first, isLead: true, blocks: [...first.blocks, ...goals, facts]}, ...others];
}

function factsOf(results: Results): Block {
	const {startedAt, endedAt, targets, variants, costUsd, costUsdWithin, plan, outcome, stopReason} = results;
	const sum = (pick: (variant: VariantResults) => number): number =>
		variants.reduce((total, variant) => total + pick(variant), 0);
	const items = sum((variant) => variant.items.sent);
	return {
		type: 'facts',
		facts: [
			[
				'started',
				`${startedAt.slice(0, 19).replace('T', ' ')} UTC, ${outcome} after ${formatDurationMs(Date.parse(endedAt) - Date.parse(startedAt))}${stopReason === undefined ? '' : `: ${stopReason}`}`,
			],
			[targets.length === 1 ? 'model' : 'models', targets.map(formatTarget).join('; ')],
			['task', cut(plan.task, 300)],
			[
				'answers',
				`${formatCount(sum(({requests}) => requests.succeeded))} of ${formatCount(sum(({requests}) => requests.sent))} requests; ${formatCount(sum((variant) => variant.items.useful))} of ${formatCount(items)} items useful`,
			],
			['cost', costUsd === undefined ? unknownMark : formatUsdWithin(costUsd, costUsdWithin)],
		],
	};
}

/** What to use for each goal; empty where there is no choice. */
function goalTable({verdict = [], targets}: Results): readonly Block[] {
	const chosen = verdict.filter(({basis}) => basis !== 'only' && basis !== 'none');
	const hasModels = targets.length > 1;
	return chosen.length < 2
		? []
		: [
				{
					type: 'table',
					header: [...(hasModels ? ['Model'] : []), 'Goal', 'Use', 'Basis', 'Still in', 'Beaten by at least'],
					rows: chosen.map(({target, goal, recommended, basis, tieBrokenBy, leaders, beaten}) => [
						...(hasModels ? [targets[target]?.model ?? ''] : []),
						goal,
						recommended ?? unknownMark,
						tieBrokenBy === null ? basis : `${basis}, then ${tieBrokenBy}`,
						leaders.join(', '),
						beaten
							.map(({name, atLeast}) => `${name} by ${(Math.floor(atLeast * 100) / 100).toFixed(2)}x`)
							.join(', '),
					]),
				},
			];
}

/** Every rewrite of an optimisation as a diff; one that was dropped has none. */
function rewriteSections({optimize}: Results): readonly PageSection[] {
	const blocks = (optimize?.rewrites ?? []).map(
		({name, parent, kind, why, diff}): Block => ({
			type: 'details',
			summary: [`${name} from ${parent ?? 'the preset'}`, kind, ...(why === null ? [] : [why])].join(' · '),
			blocks: [{type: 'code', text: cut(diff, maxPrompt)}],
		}),
	);
	return sectionOf('All rewrites', ...blocks);
}

/** What was sent, and one answer to it. */
function promptSections({variants, targets}: Results): readonly PageSection[] {
	const all = variants.map((variant): Block => {
		const {prompt, example, name, target} = variant;
		const quotes = [
			['system', prompt.system],
			['user', prompt.user],
			...(example === undefined || (example.user === prompt.user && example.system === prompt.system)
				? []
				: ([
						['system of another request', example.system],
						['user of another request', example.user],
					] as const)),
			[answerLabel(example?.failed ?? null), example?.answer ?? null],
		] as const;
		return {
			type: 'details',
			summary: targets.length > 1 ? `${name} on ${targets[target]?.model}` : name,
			blocks: quotes.flatMap(([label, text]): readonly PlainBlock[] =>
				text === null ? [] : [{type: 'quote', label, text: cut(text, maxPrompt)}],
			),
		};
	});
	const shown: Block[] = [];
	let bytes = 0;
	for (const block of all) {
		bytes += htmlBytes([block]);
		if (bytes > maxPromptBytes) {
			break;
		}
		shown.push(block);
	}
	const left = all.length - shown.length;
	return sectionOf('Prompts as first sent', ...shown, {
		type: 'lines',
		lines: left === 0 ? [] : [`${formatCount(left)} more prompts are in results.json, beside this file.`],
	});
}

const answerLabel = (failed: {readonly check: string; readonly why: string} | null): string =>
	failed === null ? 'answer' : `answer, which failed ${failed.check}: ${failed.why}`;

function eventSections({events}: Results): readonly PageSection[] {
	const left = events.length - maxEvents;
	return sectionOf(
		'Log',
		{
			type: 'table',
			header: ['UTC', 'Event', 'Text'],
			rows: events.slice(0, maxEvents).map(({at, kind, text}) => [at.slice(11, 19), kind, text]),
		},
		{
			type: 'lines',
			lines: left <= 0 ? [] : [`${formatCount(left)} more are in results.json, beside this file.`],
		},
	);
}

/** What each file of a run is for. */
const fileWords: Readonly<Record<string, string>> = {
	'results.json': 'all that was counted',
	'summary.md': 'this page in short, as Markdown',
	'best-request.json': 'the winning requests, and the templates for new content (bedrock-top prompt)',
	'quota-increase.md': 'figures for a request to raise the quota',
	'answers.jsonl': 'each answer with its items and checks',
	'requests.csv': 'one row per request',
};

function fileTable(files: readonly string[]): Block {
	const known = Object.keys(fileWords).filter((name) => files.includes(name));
	return {
		type: 'table',
		header: ['Beside this file', ''],
		rows: known.map((name) => [name, fileWords[name] ?? '']),
	};
}
