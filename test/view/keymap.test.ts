import {describe, expect, it} from 'vitest';
import {
	bindings,
	commandFor,
	footerHints,
	keyHelpLines,
	keyMarkdownTable,
	keyOf,
	ownKeymap,
	views,
} from '../../source/view/keymap.ts';

const viewNames = views.map(({name}) => name);

describe.each(viewNames)('in %s', (view) => {
	it('no key has two meanings', () => {
		const keys = bindings
			.filter((binding) => binding.views === undefined || binding.views.includes(view))
			.flatMap((binding) => binding.keys);
		expect(new Set(keys).size).toBe(keys.length);
	});

	it('every key does what its binding says, where it works', () => {
		for (const binding of bindings) {
			const works = binding.views === undefined || binding.views.includes(view);
			for (const key of binding.keys) {
				expect(commandFor(key, view)).toBe(works ? binding.command : undefined);
			}
		}
	});
});

it('a command has one binding, with words for the help', () => {
	expect(new Set(bindings.map(({command}) => command)).size).toBe(bindings.length);
	for (const {description, keys} of bindings) {
		expect(description).not.toBe('');
		expect(keys.length).toBeGreaterThan(0);
	}
});

it('Esc closes, it does not quit; q and Ctrl+C do', () => {
	expect(commandFor('Esc', 'dashboard')).toBe('close');
	expect(commandFor('q', 'dashboard')).toBe('quit');
	expect(commandFor('Ctrl+C', 'log')).toBe('quit');
	expect(commandFor('Z', 'dashboard')).toBeUndefined();
});

const shown = (width: number) =>
	footerHints('dashboard', width, () => true)
		.map(({key, word}) => `${key} ${word}`)
		.join('  ');

it('the footer drops the hints that matter least, and never wraps', () => {
	expect(shown(200)).toMatchInlineSnapshot(
		`"d Demo  q Quit  ? Help  p Pause  r Run  f Freeze  a Add requests  x Stop  Tab View  g Goal  / Filter  m Method  M Models  , Settings  e Export  Space On/off  o Presets  H Earlier runs  s Sort"`,
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
		"r                start the run, or run again
		a                more requests for this run; what was measured stays
		x                stop sending, or end the tap; requests in flight finish
		d                the demo, where no account can be used
		p                pause or resume sending; a tap then holds new requests
		Space            selected variant on or off
		m                next method
		g                next goal: what "best" means
		M                choose a model, or several to compare
		o                choose a preset
		b                benchmark the selected model within the free quota
		,                settings of the run, with its plan
		H                earlier runs: reopen one, compare two
		f                freeze the view; the run continues
		1 2 3 4 5 6 7 8  Account, Dashboard, Variants, Timeline, Quotas, Log, Items, Traffic
		Tab              next view
		Shift+Tab        previous view
		R                choose Regions of the account
		z                fold or show idle buckets, idle clients and sessions
		C                choose the columns of the table
		Ctrl+S           write what was changed or typed into config.yaml, for the next start
		Esc              close what is open; never quits
		↑ k              up
		↓ j              down
		PageUp           a page up
		PageDown         a page down
		Home             to the first row or line
		End              to the last one
		← [              previous variant, or row in its detail
		→ ]              next variant, or row in its detail
		Enter            detail of the row or log line; in that of a variant, its items
		!                only the items that failed
		/                filter the rows, search the log; Esc clears
		s                sort by the next column
		i                invert the order
		+ =              shorter time window
		- _              longer time window
		0                usual time window
		e                write the charts as SVG files
		u                write the figures for a quota increase
		w                write the winning request, ready to send
		y                copy the answer, verdict, model ID or path shown; of a tap the export lines
		? h              this help
		Ctrl+L           draw the screen again
		Ctrl+Z           suspend; fg resumes
		q Ctrl+C         quit; asks once while a run spends money; a tap ends its requests first"
	`);
});

describe('keys of the user', () => {
	const keymapOf = (given: Parameters<typeof ownKeymap>[0]) => {
		const keymap = ownKeymap(given);
		if ('reason' in keymap) {
			throw new Error(keymap.reason);
		}
		return keymap;
	};

	it('replace the usual ones, in footer, help and sentences too', () => {
		const keymap = keymapOf({run: ['G', 'ctrl+r'], quit: ['Q'], up: ['Up', 'w'], 'export-winner': ['W']});
		expect(['G', 'Ctrl+R', 'r', '↑', 'w', 'k', 'W'].map((key) => commandFor(key, 'log', keymap))).toEqual([
			...['run', 'run', undefined, 'up', 'up', undefined, 'export-winner'],
		]);
		expect(footerHints('log', 200, () => true, undefined, keymap)).toContainEqual(
			expect.objectContaining({key: 'G', word: 'Run'}),
		);
		expect(keyHelpLines(keymap).join('\n')).toMatch(/^G Ctrl\+R +start the run/m);
		expect(keyOf({keymap}, 'run')).toBe('G');
	});

	it('leave the keys that always work', () => {
		const keymap = keymapOf({quit: ['Q'], redraw: ['Z']});
		expect(['Q', 'q', 'Ctrl+C', 'Z', 'Ctrl+L'].map((key) => commandFor(key, 'log', keymap))).toEqual([
			...['quit', undefined, 'quit', 'redraw', 'redraw'],
		]);
	});

	it.each([
		[{runn: ['G']}, /^runn \| unknown command "runn" in "keys"\. \| Did you mean "run"\? Commands: run, /],
		[
			{run: ['F5']},
			/^run \| "run": "F5" is not a key that a terminal reports\. \| A key is one character, Ctrl\+/,
		],
		[{run: ['Pageup ']}, /Did you mean "PageUp"\?/],
		[{run: ['Ctrl+M']}, /not a key that a terminal reports/],
		[
			{run: ['x']},
			/^run \| "x" is bound twice: to "run" and to "stop"\. \| Choose another key, or give "stop" one of its own\.$/,
		],
		[{run: ['G'], stop: ['G']}, /^(run|stop) \| "G" is bound twice/],
		[{run: ['Ctrl+C']}, /"Ctrl\+C" is bound twice.* \| Ctrl\+C stays with "quit"/],
	] as const)('are refused in words: %j', (given, wanted) => {
		const keymap = ownKeymap(given);
		expect('reason' in keymap ? [keymap.command, keymap.reason, keymap.hint].join(' | ') : '').toMatch(
			wanted,
		);
	});
});
