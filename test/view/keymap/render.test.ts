import {expect, it} from 'vitest';
import {bindings, footerHints, keyHelpLines, keyMarkdownTable} from '../../../source/view/keymap.ts';

const shown = (width: number) =>
	footerHints('dashboard', width, () => true)
		.map(({key, word}) => `${key} ${word}`)
		.join('  ');

it('the footer drops the hints that matter least, and never wraps', () => {
	expect(shown(200)).toMatchInlineSnapshot(
		`"d Demo  q Quit  ? Help  p Pause  r Run  f Freeze  x Stop  Tab View  g Goal  m Method  M Models  , Settings  e Export  Space On/off  o Presets  Enter Detail  + Zoom  w Winner"`,
	);
	expect(shown(40)).toMatchInlineSnapshot(`"d Demo  q Quit  ? Help  p Pause  r Run"`);
	expect(shown(5)).toBe('');
	for (let width = 0; width < 200; width++) {
		expect(shown(width).length).toBeLessThanOrEqual(width);
	}
});

it('the footer does not offer what has no effect', () => {
	const words = footerHints('dashboard', 200, ({command}) => command !== 'run').map(({word}) => word);
	expect(words).not.toContain('Run');
	expect(words).toContain('Quit');
});

it('every key is in the help and in the Markdown table', () => {
	const help = keyHelpLines().join('\n');
	const markdown = keyMarkdownTable();
	for (const key of bindings.flatMap(({keys}) => keys)) {
		expect(help).toContain(key);
		expect(markdown).toContain(`\`${key}\``);
	}
	expect(help).toMatchInlineSnapshot(`
		"r            start the run, or run again
		x            stop the run; what is under way is still answered
		d            the demo, where no account can be used
		p            pause the load: nothing is sent until the next p
		Space        selected variant on or off
		m            next method of sending
		g            next goal: what "best" means
		M            choose a model, or several to compare
		o            choose a preset
		b            benchmark the selected bucket, with what others leave of it
		,            settings of the run, with its plan
		f            freeze the view; the run goes on
		1 2 3 4 5 6  Account, Dashboard, Variants, Timeline, Quotas, Log
		Tab          next view
		Shift+Tab    previous view
		R            choose Regions of the account
		Esc          close what is open; never quits
		↑ k          up
		↓ j          down
		PageUp       a page up
		PageDown     a page down
		Enter        all about the selected variant or bucket
		/            only rows that hold a text; Esc clears it
		s            sort by the next column
		i            invert the order
		+ =          shorter time window
		- _          longer time window
		0            usual time window
		e            write the charts as SVG files
		u            write the figures for a quota increase
		w            write the winning request, ready to send
		? h          this help
		Ctrl+L       draw the screen again
		Ctrl+Z       suspend; fg resumes
		q Ctrl+C     quit; asks once while a run spends money"
	`);
});
