import {describe, expect, it} from 'vitest';
import {emptyItemBook, ItemCollector, type ItemTable, withEntries} from '../../source/domain/item-results.ts';
import {conditionSuite, itemSuites, junitXml, type TestSuite} from '../../source/reports/junit.ts';
import {resultsOf} from '../../source/reports/results.ts';
import {parseXml, type XmlElement} from '../helpers/parse-xml.ts';
import {environment, snapshot, variant} from '../helpers/results-fixture.ts';

const at = '2026-11-30T12:00:00.000Z';

const elementsOf = (root: XmlElement, name: string): readonly XmlElement[] => [
	...(root.name === name ? [root] : []),
	...root.children.flatMap((child) => (typeof child === 'string' ? [] : elementsOf(child, name))),
];

const xmlOf = (suites: readonly TestSuite[]): XmlElement =>
	parseXml(junitXml(suites).replace(/^<\?xml.*\?>\n/, ''));

const columns = [{variant: 'minimal', target: 0}];

const tableOf = (fill: (collector: ItemCollector) => void): ItemTable => {
	const collector = new ItemCollector(columns);
	fill(collector);
	const entries = collector.take() ?? new Float64Array();
	return {columns, items: [], book: withEntries(emptyItemBook(columns.length), entries), file: null};
};

const results = resultsOf(snapshot({variants: [variant()]}), environment);

describe('junitXml', () => {
	it('has a case per condition, which fails with the reason where it is true', () => {
		const judged = [
			{text: 'quality.low<0.8', reason: 'quality.low of minimal is 0.7'},
			{text: 'costUsd>1', reason: undefined},
		];
		const root = xmlOf([conditionSuite(judged, {flag: 'fail-if', at, seconds: 4.2})]);
		expect(root.attributes).toMatchObject({name: 'bedrock-top', tests: '2', failures: '1', errors: '0'});
		const [suite] = elementsOf(root, 'testsuite');
		expect(suite?.attributes).toMatchObject({time: '4.200', timestamp: '2026-11-30T12:00:00'});
		const cases = elementsOf(root, 'testcase');
		expect(cases.map(({attributes}) => attributes.name)).toEqual(['quality.low<0.8', 'costUsd>1']);
		expect(elementsOf(cases[0] as XmlElement, 'failure')[0]?.attributes.message).toBe(judged[0]?.reason);
		expect(cases[1]?.children).toEqual([]);
	});

	it('has a case per item of a variant: passed, failed with the answer, without an answer, not asked', () => {
		const [column] = columns;
		const table = tableOf((collector) => {
			collector.add(column ?? {variant: '', target: 0}, 0, 'useful', -1);
			collector.add(column ?? {variant: '', target: 0}, 1, 'check-failed', 7);
			collector.add(column ?? {variant: '', target: 0}, 2, 'timeout', -1);
		});
		const suites = itemSuites(results, {
			table,
			all: [0, 1, 2, 3].map((index) => ({index, text: `ticket ${index}`})),
			answerTo: (item) =>
				item === 1
					? {
							kind: 'check-failed',
							answer: 'other',
							failed: {check: 'expected', why: 'wanted "billing"'},
							reason: undefined,
							text: 'ticket 1',
							expected: 'billing',
							ofItems: 1,
						}
					: undefined,
		});
		const root = xmlOf(suites);
		expect(root.attributes).toMatchObject({tests: '4', failures: '1', errors: '1'});
		const [passed, failed, lost, skipped] = elementsOf(root, 'testcase');
		expect(passed?.attributes).toEqual({classname: 'summarize.minimal', name: 'item 1: ticket 0'});
		expect(passed?.children).toEqual([]);
		const [failure] = elementsOf(failed as XmlElement, 'failure');
		expect(failure?.attributes).toEqual({message: 'expected: wanted "billing"', type: 'expected'});
		expect(failure?.children).toEqual(['item: ticket 1\nexpected: billing\nanswer: other']);
		expect(elementsOf(lost as XmlElement, 'error')[0]?.attributes.message).toBe('no answer: timeout');
		expect(elementsOf(skipped as XmlElement, 'skipped')).toHaveLength(1);
	});

	it('stays well-formed whatever a model answers', () => {
		const hostile = '</failure><x a="1">&amp;\u0000\u001B[31m\uFFFE\uD800 ]]> "\'';
		const judged = [{text: hostile, reason: hostile}];
		const [failure] = elementsOf(
			xmlOf([conditionSuite(judged, {flag: 'fail-if', at, seconds: 0})]),
			'failure',
		);
		expect(failure?.attributes.message).toContain('</failure><x a="1">&amp;');
	});
});
