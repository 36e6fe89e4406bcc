import {ConverseCommand} from '@aws-sdk/client-bedrock-runtime';
import {describe, expect, it} from 'vitest';
import {loadPreset} from '../../source/config/load-preset.ts';
import {resolveVariants} from '../../source/config/preset-variants.ts';
import {composePrompt, unpackAnswers} from '../../source/prompts/compose.ts';
import {composeAnswer} from '../../source/simulator/answers/answer.ts';
import {createRandom} from '../../source/simulator/answers/random.ts';
import {createRewriter, type RewriterManner} from '../../source/simulator/answers/rewriter.ts';
import {countTokens} from '../../source/simulator/families/prompt.ts';
import {runtimeClient, startForTest} from './harness.ts';

/** Tests source/simulator/answers/rewriter.ts and routing.ts: what prompts of the preset `route` bring, and what a rewriter makes of them. */

const {preset, items} = loadPreset('route');
const [plain, detailed, bare] = resolveVariants(preset, undefined);
if (detailed === undefined || plain === undefined || bare === undefined) {
	throw new Error('expected three variants');
}
const task = {task: preset.task, content: undefined, items, checks: []};

type Asked = Pick<typeof detailed, 'instruction' | 'system' | 'itemsPerRequest'>;

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim() ?? '';

/** What a prompt brings on all tickets. */
const outcomeOf = (asked: Asked) => {
	const variant = {...detailed, ...asked};
	const labels = new Map<number, string>();
	let outputTokens = 0;
	for (let first = 0; first < items.length; first += variant.itemsPerRequest) {
		const some = items.slice(first, first + variant.itemsPerRequest);
		const {system, user} = composePrompt(variant, task, some);
		const prompt = {system: system ?? '', question: user, segments: [], maximumTokens: 0, stopSequences: []};
		const answer = composeAnswer(createRandom(1), prompt);
		outputTokens += countTokens(answer);
		const answers = some.length > 1 ? unpackAnswers(answer, some.length) : [answer];
		for (const [index, {index: item}] of some.entries()) {
			labels.set(item, lastLine(answers[index] ?? ''));
		}
	}
	const wrong = items.filter(({index, expected}) => labels.get(index) !== expected).length;
	return {labels, wrongShare: wrong / items.length, outputTokens: outputTokens / items.length};
};

const rewriterSystem =
	'You rewrite prompt templates so that they cost fewer quota tokens. Answer with JSON and nothing else.';

const question = ({instruction, system}: Asked, kind: string, count = 4): string =>
	[
		`<kind>${kind}</kind>`,
		`<count>${count}</count>`,
		`<template>${instruction}</template>`,
		`<system>${system}</system>`,
		'<settings>{"maxTokens":400,"stopSequences":[],"itemsPerRequest":1}</settings>',
		'<checks>[]</checks>',
		`<examples><item><text>${items[5]?.text}</text><expected>${items[5]?.expected}</expected><answer>x</answer><failed>expected</failed></item></examples>`,
	].join('\n');

type Rewrite = {
	readonly kind: string;
	readonly template: string;
	readonly system: string | null;
	readonly maxTokens: number | null;
	readonly itemsPerRequest: number | null;
};

const rewritesOf = (
	asked: Asked,
	kind: string,
	script: readonly RewriterManner[] = ['good'],
): readonly Rewrite[] =>
	JSON.parse(
		createRewriter(1, script).answer({system: rewriterSystem, question: question(asked, kind)}) ?? '',
	).rewrites;

const asVariant = ({template, system, itemsPerRequest}: Rewrite): Asked => ({
	instruction: template,
	system: system ?? undefined,
	itemsPerRequest: itemsPerRequest ?? 1,
});

describe('the answers to route', () => {
	const of = {detailed: outcomeOf(detailed), plain: outcomeOf(plain), bare: outcomeOf(bare)};

	it('are wrong for one ticket in twenty with every team described, and for one in four without', () => {
		expect(of.detailed.wrongShare).toBeCloseTo(0.05, 1);
		expect(of.plain.wrongShare).toBeCloseTo(0.05, 1);
		expect(of.bare.wrongShare).toBeGreaterThan(0.18);
		expect(of.bare.wrongShare).toBeLessThan(0.32);
	});

	it('differ between two good prompts on one ticket in twenty', () => {
		const differing = items.filter(({index}) => of.detailed.labels.get(index) !== of.plain.labels.get(index));
		expect(differing.length / items.length).toBeGreaterThan(0.03);
		expect(differing.length / items.length).toBeLessThan(0.07);
	});

	it('reason at length, in a sentence, or not at all, as they are asked', () => {
		expect(of.detailed.outputTokens).toBeGreaterThan(110);
		expect(of.plain.outputTokens).toBeGreaterThan(25);
		expect(of.plain.outputTokens).toBeLessThan(60);
		expect(of.bare.outputTokens).toBeLessThan(3);
	});

	it('are the same each time', () => {
		expect(outcomeOf(plain).labels).toEqual(of.plain.labels);
	});
});

describe('the rewriter', () => {
	it.each(['shorter-instruction', 'stricter-output'])(
		'offers by %s a prompt that is as good and costs less than half',
		(kind) => {
			const [best] = rewritesOf(detailed, kind);
			const {wrongShare, outputTokens} = outcomeOf(asVariant(best as Rewrite));
			expect(best).toMatchObject({kind, maxTokens: 16});
			expect(best?.template).toContain('{{item.text}}');
			expect(wrongShare).toBeLessThan(0.07);
			expect(outputTokens).toBeLessThan(3);
		},
	);

	it('offers packed items, a few at hardly a loss and many at a large one', () => {
		const [few, many] = rewritesOf(detailed, 'packed-items').map(asVariant);
		expect(outcomeOf(few as Asked).wrongShare).toBeLessThan(0.12);
		expect(outcomeOf(many as Asked).wrongShare).toBeGreaterThan(0.2);
	});

	it('sets traps: descriptions lost, a placeholder lost, an answer cut, an item copied', () => {
		const [, unexplained, unasked] = rewritesOf(detailed, 'shorter-instruction');
		expect(outcomeOf(asVariant(unexplained as Rewrite)).wrongShare).toBeGreaterThan(0.18);
		expect(unasked?.template).not.toContain('{{');
		expect(rewritesOf(detailed, 'stricter-output')[1]?.maxTokens).toBe(1);
		expect(rewritesOf(detailed, 'fewer-examples')[0]?.template).toContain(items[5]?.text);
	});

	it('gives the same for the same template, kind and seed, and no more than is asked for', () => {
		const ask = (seed: number, count?: number) =>
			createRewriter(seed, []).answer({
				system: rewriterSystem,
				question: question(plain, 'static-first', count),
			});
		expect(ask(3)).toBe(ask(3));
		expect(JSON.parse(ask(3, 1) ?? '').rewrites).toHaveLength(1);
	});

	it('now and then writes nonsense or refuses, by the seed', () => {
		const answers = Array.from({length: 200}, (_unused, seed) =>
			createRewriter(seed, []).answer({system: rewriterSystem, question: question(plain, 'static-first')}),
		);
		const odd = answers.filter((answer) => answer?.startsWith('{') === false);
		expect(odd.length).toBeGreaterThan(10);
		expect(odd.length).toBeLessThan(60);
		expect(new Set(odd).size).toBe(2);
	});

	it('leaves every other prompt to the model', () => {
		expect(
			createRewriter(1, []).answer({system: 'You route support tickets.', question: 'x'}),
		).toBeUndefined();
	});
});

describe('a simulator', () => {
	it('rewrites over Converse, as its script of faults says', async () => {
		const {url} = await startForTest({
			faults: {rewriter: ['good', 'nonsense', 'refuse', 'lose-placeholder']},
		});
		const client = runtimeClient(url);
		const ask = async (): Promise<string> => {
			const {output} = await client.send(
				new ConverseCommand({
					modelId: 'us.anthropic.claude-sonnet-5',
					system: [{text: rewriterSystem}],
					messages: [{role: 'user', content: [{text: question(plain, 'stricter-output')}]}],
					inferenceConfig: {maxTokens: 4000},
				}),
			);
			return output?.message?.content?.[0]?.text ?? '';
		};
		const [good, nonsense, refused, lost, again] = [
			await ask(),
			await ask(),
			await ask(),
			await ask(),
			await ask(),
		];
		expect(JSON.parse(good).rewrites[0].template).toContain('{{item.text}}');
		expect(() => JSON.parse(nonsense)).toThrow();
		expect(refused).toContain('cannot help');
		expect(JSON.parse(lost).rewrites[0].template).not.toContain('{{');
		expect(again).toBe(good);
	});
});
