import {describe, expect, it} from 'vitest';
import {joinTypes} from '../../source/build/library.ts';

describe('types in one file', () => {
	const files = [
		`import type { Lane } from './lanes.ts';
/** What is public. */
export declare function make(options: {
    /** Names Unrelated. */
    readonly lane: Lane;
    readonly count?: number;
}): Made;
type Made = {
    readonly text: '}';
};
export {};
`,
		`export declare const lanes: readonly ["high", "low"];
export type Lane = (typeof lanes)[number];
export type Unrelated = string;
export declare const count: z.ZodInt;
`,
	];

	it('are the public ones, and those that these name', () => {
		const text = joinTypes(files, ['make']);
		expect(text).toContain('/** What is public. */\nexport declare function make(');
		expect(text).toMatch(/^declare const lanes: /m);
		expect(text).toMatch(/^(?:declare )?type Lane = /m);
		expect(text).toMatch(/^(?:declare )?type Made = /m);
		expect(text).not.toContain('type Unrelated');
		// A member of that name is not it.
		expect(text).not.toContain('const count');
		expect(text).not.toContain('import');
	});

	it('are refused where a name is there twice, or not at all', () => {
		expect(() => joinTypes([...files, 'export type Lane = 1;\n'], ['make'])).toThrow(
			'2 declarations of Lane',
		);
		expect(() => joinTypes(files, ['other'])).toThrow('0 declarations of other');
	});
});
