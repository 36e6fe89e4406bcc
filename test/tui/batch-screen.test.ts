import {describe, expect, it} from 'vitest';
import {lineText, lineWidth} from '../../source/text/segment.ts';
import {type BatchView, batchLines} from '../../source/tui/batch-screen.tsx';

const view: BatchView = {
	preset: 'bulk',
	model: 'us.amazon.nova-lite-v1:0',
	place: 's3://inputs/batches/',
	isSimulated: true,
	elapsedMs: 61_500,
	upload: undefined,
	trouble: undefined,
	progress: {
		states: {InProgress: 1, Completed: 1, waiting: 38},
		jobs: Array.from({length: 40}, (_unused, index) => ({
			name: `bedrock-top-bulk-${index + 1}`,
			state: ['Completed', 'InProgress'][index] ?? 'waiting',
			records: 1000,
			processed: [1000, 200][index] ?? 0,
			failed: index === 1 ? 7 : 0,
		})),
		records: 40_000,
		processed: 1200,
		failed: 7,
		workingMs: 60_000,
	},
	leaving: 'the jobs go on',
};

const textOf = (shown: BatchView, columns: number, rows: number): string =>
	batchLines(shown, columns, rows).map(lineText).join('\n');

describe('the screen of a batch', () => {
	it.each([
		[120, 40],
		[80, 24],
		[40, 8],
		[20, 3],
		[10, 1],
	])('fits into %i x %i', (columns, rows) => {
		const lines = batchLines(view, columns, rows);
		expect(lines).toHaveLength(rows);
		if (columns >= 40) {
			expect(lineText(lines.at(-1) ?? [])).toMatch(/^q leave/);
		}
		if (columns >= 80) {
			expect(Math.max(...lines.map(lineWidth))).toBe(columns);
		}
	});

	it('says states, counters, rate and time left, and how many jobs there is no room for', () => {
		const text = textOf(view, 80, 24);
		expect(text).toContain('1 InProgress · 1 Completed · 38 waiting');
		expect(text).toMatch(/1,200 of 40,000 records · 7 failed · 1,200 per minute · about 32m 20s left/);
		expect(text).toMatch(/bedrock-top-bulk-2 +InProgress +200\/1,000 {2}7 failed/);
		const listed = text.match(/bedrock-top-bulk-\d+/g)?.length ?? 0;
		expect(text).toContain(`and ${40 - listed} more`);
		expect(text).toContain('38 of 40 jobs waiting');
	});

	it('shows the upload while there is one, in every size', () => {
		const uploading = {...view, upload: {bytes: 12_300_000, totalBytes: 49_200_000}};
		for (const [columns, rows] of [
			[80, 24],
			[40, 8],
		] as const) {
			expect(textOf(uploading, columns, rows)).toMatch(/█+·+ +25%/);
			expect(textOf(uploading, columns, rows)).toContain('12.3 of 49.2 MB');
		}
	});
});
