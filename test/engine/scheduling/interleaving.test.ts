import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {createRun} from '../../../source/engine/run.ts';
import {itemWalk} from '../../../source/engine/scheduling/interleaving.ts';
import {FakeClock} from '../../helpers/fake-clock.ts';
import {ModelServer} from '../../helpers/model-server.ts';
import {cellOf, itemsOf, loadOf, quotaOf, specOf, targetOf, variantOf} from '../../helpers/spec-fixture.ts';

describe('a walk over the items in blocks', () => {
	it('gives each variant the same items in every block, each once a pass, however they pack', () => {
		fc.assert(
			fc.property(
				fc.integer({min: 1, max: 60}),
				fc.array(fc.integer({min: 1, max: 6}), {minLength: 1, maxLength: 4}),
				fc.integer({min: 0, max: 3}),
				(items, packed, pass) => {
					const walk = itemWalk(items, packed);
					if (walk === undefined) {
						return;
					}
					for (const each of packed) {
						const asked: number[] = [];
						for (let block = 0; block < walk.blocks; block++) {
							const position = pass * walk.blocks + block;
							expect(walk.itemAt(position)).toEqual({index: block, pass, ofPass: walk.blocks});
							const ranges = walk.rangesAt(position, each);
							expect(ranges.every(({count}) => count >= 1 && count <= each)).toBe(true);
							const own = ranges.flatMap(({from, count}) =>
								Array.from({length: count}, (_, offset) => from + offset),
							);
							asked.push(...own);
							// The same block of another variant holds the same items.
							expect(walk.rangesAt(position, 1).map(({from}) => from)).toEqual(own);
						}
						expect(asked).toEqual(Array.from({length: items}, (_, index) => index));
					}
				},
			),
		);
	});

	it('is none without items, and where variants pack too differently', () => {
		expect(itemWalk(0, [1])).toBeUndefined();
		expect(itemWalk(600, [7, 11, 13])).toBeUndefined();
		expect(itemWalk(600, [4, 3])?.blocks).toBe(50);
	});

	it('carries all items in a block where these are fewer than the least common number', () => {
		const walk = itemWalk(5, [4, 3]);
		expect(walk?.blocks).toBe(1);
		expect(walk?.rangesAt(0, 4).map(({count}) => count)).toEqual([4, 1]);
		expect(walk?.rangesAt(0, 3).map(({count}) => count)).toEqual([3, 2]);
	});
});

describe('a measurement', () => {
	const asked = async (itemsFrom: number | undefined, requests: number) => {
		const clock = new FakeClock();
		const server = new ModelServer({clock, requestsPerWindow: 1e6, tokensPerWindow: 1e9});
		const seen: string[] = [];
		const backend = {
			invoke: async (...[request, options]: Parameters<typeof server.invoke>) => {
				seen.push(request.messages[0]?.text ?? '');
				return server.invoke(request, options);
			},
			countTokens: server.countTokens,
			close: server.close,
		};
		const run = createRun(
			specOf({
				task: {task: 'x', content: undefined, items: itemsOf(10), checks: []},
				variants: [variantOf('a', {instruction: 'a {{item}}'}), variantOf('b', {instruction: 'b {{item}}'})],
				cells: [cellOf(), cellOf({variant: 1})],
				targets: [targetOf(quotaOf(1e6, 1e9))],
				load: loadOf('measure', {requests, concurrency: 1}),
				itemsFrom,
			}),
			{backend, clock},
		);
		await clock.settle(run.start());
		const of = (name: string) => seen.filter((text) => text.startsWith(name)).map((text) => text.slice(2));
		return {a: of('a'), b: of('b')};
	};

	it('asks both variants of the same items in the same order', async () => {
		const {a, b} = await asked(undefined, 6);
		expect(a).toHaveLength(6);
		expect(new Set(a).size).toBe(6);
		expect(a).toEqual(b);
	});

	it('begins behind the items that were asked before, and comes to them last', async () => {
		const first = await asked(undefined, 6);
		const second = await asked(6, 10);
		expect(second.a.slice(0, 4).some((item) => first.a.includes(item))).toBe(false);
		expect(second.a.slice(4)).toEqual(first.a);
	});
});
