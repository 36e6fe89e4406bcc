/** Tests source/tui/ink-output/ink-patch.ts: what the tests draw with is what ships. */
import {readFileSync, realpathSync} from 'node:fs';
import path from 'node:path';
import {Text} from 'ink';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {createTerminal, drawOn} from '../../helpers/terminal.tsx';

/** What the frame tests draw with is what ships. */

type Drawing = {readonly default: {readonly prototype: {get: () => {readonly output: string}}}};

const file = realpathSync(path.resolve(import.meta.dirname, '../../../node_modules/ink/build/output.js'));

afterEach(() => {
	vi.restoreAllMocks();
});

describe('the Ink of the tests', () => {
	it('draws by the module that was changed', async () => {
		const {default: Output} = (await import(file)) as Drawing;
		expect(Output.prototype.get.toString()).toContain('quick[y]');
		expect(readFileSync(file, 'utf8')).not.toContain('quick[y]');
		const drawn = vi.spyOn(Output.prototype, 'get');
		const terminal = createTerminal(20, 3);
		const screen = await drawOn(terminal, <Text>one line</Text>);
		await terminal.until('one line');
		expect(drawn).toHaveBeenCalled();
		screen.unmount();
	});
});
