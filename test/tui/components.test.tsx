import {render} from 'ink-testing-library';
import {afterEach, describe, expect, it} from 'vitest';
import {segment} from '../../source/text/segment.ts';
import {themeNamed} from '../../source/text/themes.ts';
import {AppearanceContext, Lines, Panel} from '../../source/tui/panel.tsx';

/** Tests source/tui/panel.tsx. */

/** The last frame; a component that throws leaves Ink's error overview in it. */
function frameOf(instance: ReturnType<typeof render>): string {
	const frame = instance.lastFrame() ?? '';
	expect(frame).not.toMatch(/^\s*ERROR/);
	return frame;
}

const opened: Array<ReturnType<typeof render>> = [];
function draw(node: React.ReactElement) {
	const instance = render(node);
	opened.push(instance);
	return frameOf(instance);
}
afterEach(() => {
	for (const instance of opened.splice(0)) {
		instance.unmount();
	}
});

describe('Lines', () => {
	const lines = [
		[segment('one')],
		[],
		[segment('a line that is longer than its box', 'warning')],
		[segment('cut off')],
	];

	it('takes exactly its size, whatever it is given', () => {
		expect(draw(<Lines lines={lines} width={12} height={3} />).split('\n')).toEqual([
			'one',
			'',
			'a line that…',
		]);
		expect(draw(<Lines lines={[]} width={5} height={2} />).split('\n')).toHaveLength(2);
	});

	it('colours meanings by the theme, and draws in ASCII where asked', () => {
		const frame = draw(
			<AppearanceContext value={{theme: themeNamed('auto', 16), isAscii: true}}>
				<Lines lines={[[segment('near…', 'warning'), segment(' │ plain')]]} width={20} height={1} />
			</AppearanceContext>,
		);
		expect(frame).toContain('\u001B[33mnear~');
		expect(frame).toContain(' | plain');
	});

	it('has no attribute without a theme', () => {
		expect(draw(<Lines lines={[[segment('bad', 'bad')]]} width={5} height={1} />)).toBe('bad');
	});
});

describe('Panel', () => {
	const title = {title: [segment('Title')], note: [segment('note')]};

	it('has a titled border where there is room, and none on narrow screens', () => {
		expect(
			draw(<Panel title={title} lines={[[segment('text')]]} width={24} height={3} tier="normal" />),
		).toBe(['╭─ Title ─────── note ─╮', '│ text                 │', '╰──────────────────────╯'].join('\n'));
		expect(
			draw(<Panel title={title} lines={[[segment('text')]]} width={24} height={3} tier="narrow" />).trimEnd(),
		).toBe('text');
	});

	it('keeps a title that is asked for', () => {
		const frame = draw(
			<Panel title={title} lines={[[segment('text')]]} width={24} height={3} tier="narrow" isTitled={true} />,
		);
		expect(frame.split('\n')[0]).toBe('Title ───────────── note');
	});
});
