import {didYouMean} from '../text/nearest-name.ts';

/**
 * The views and the table of commands with their keys and words, from which behaviour, footer, help, `--help` and README
 * are made.
 */

/** The views of the screen, in the order of `Tab`, with the digit that opens each. */
export const views = [
	{name: 'account', title: 'Account', digit: '1'},
	{name: 'dashboard', title: 'Dashboard', digit: '2'},
	{name: 'variants', title: 'Variants', digit: '3'},
	{name: 'timeline', title: 'Timeline', digit: '4'},
	{name: 'quotas', title: 'Quotas', digit: '5'},
	{name: 'log', title: 'Log', digit: '6'},
	{name: 'items', title: 'Items', digit: '7'},
	{name: 'traffic', title: 'Traffic', digit: '8'},
] as const;

export type ViewName = (typeof views)[number]['name'];

/** Views that have something to show: a tap has no variants, a run no clients. */
export function viewsOf(isTap: boolean): ReadonlyArray<(typeof views)[number]> {
	const hidden: readonly ViewName[] = isTap ? ['dashboard', 'variants', 'items'] : ['traffic'];
	return views.filter(({name}) => !hidden.includes(name));
}

/** The view `steps` further on, around the end. */
export function viewAfter(name: ViewName, steps: number, isTap: boolean): ViewName {
	const shown = viewsOf(isTap);
	const index = shown.findIndex((view) => view.name === name);
	return shown.at((index + steps) % shown.length)?.name ?? name;
}

/** The title of a view. */
export function titleOf(name: ViewName): string {
	return views.find((view) => view.name === name)?.title ?? name;
}

/** A word for the footer; hints with the lowest rank are dropped first where the width is short. */
type Hint = {readonly word: string; readonly rank: number};

type BindingOf<Name extends string> = {
	readonly command: Name;
	/** Names as in `keyNames`; the footer shows the first one. */
	readonly keys: readonly string[];
	readonly description: string;
	/** Undefined: named in the help alone. */
	readonly hint: Hint | undefined;
	/** Where the key works; undefined: everywhere. */
	readonly views: readonly ViewName[] | undefined;
};

/** @param keys Names with blanks between them. */
function bind<const Name extends string>(
	keys: string,
	command: Name,
	description: string,
	options: {readonly hint?: readonly [word: string, rank: number]; readonly in?: readonly ViewName[]} = {},
): BindingOf<Name> {
	const {hint} = options;
	return {
		command,
		keys: keys.split(' '),
		description,
		hint: hint === undefined ? undefined : {word: hint[0], rank: hint[1]},
		views: options.in,
	};
}

const tables: readonly ViewName[] = ['dashboard', 'variants'];
const charts: readonly ViewName[] = ['dashboard', 'timeline'];
const listed: readonly ViewName[] = ['account', 'dashboard', 'variants', 'quotas', 'log', 'items', 'traffic'];
const detailed: readonly ViewName[] = ['account', 'dashboard', 'variants', 'log', 'items', 'traffic'];
const account: readonly ViewName[] = ['account'];
const chosen: readonly ViewName[] = ['account', 'dashboard', 'variants', 'quotas', 'items', 'traffic'];

const run = [
	bind('r', 'run', 'start the run, or run again', {hint: ['Run', 8]}),
	bind('a', 'add-requests', 'more requests for this run; what was measured stays', {
		hint: ['Add requests', 7],
	}),
	bind('x', 'stop', 'stop sending, or end the tap; requests in flight finish', {hint: ['Stop', 7]}),
	bind('d', 'start-demo', 'the demo, where no account can be used', {hint: ['Demo', 12]}),
	bind('p', 'toggle-pause', 'pause or resume sending; a tap then holds new requests', {hint: ['Pause', 9]}),
	bind('Space', 'toggle-variant', 'selected variant on or off', {hint: ['On/off', 3], in: tables}),
	bind('m', 'next-method', 'next method', {hint: ['Method', 4]}),
	bind('g', 'next-goal', 'next goal: what "best" means', {hint: ['Goal', 5]}),
	bind('M', 'models', 'choose a model, or several to compare', {hint: ['Models', 4]}),
	bind('o', 'presets', 'choose a preset', {hint: ['Presets', 3]}),
	bind('b', 'benchmark', 'benchmark the selected model within the free quota', {
		hint: ['Benchmark', 9],
		in: account,
	}),
	bind(',', 'settings', 'settings of the run, with its plan', {hint: ['Settings', 4]}),
	bind('H', 'history', 'earlier runs: reopen one, compare two', {
		hint: ['Earlier runs', 3],
	}),
];

const screen = [
	bind('f', 'toggle-freeze', 'freeze the view; the run continues', {hint: ['Freeze', 8]}),
	...views.map(({name, title, digit}) => bind(digit, `open-${name}` as const, title)),
	bind('Tab', 'next-view', 'next view', {hint: ['View', 6]}),
	bind('Shift+Tab', 'previous-view', 'previous view'),
	bind('R', 'regions', 'choose Regions of the account', {hint: ['Regions', 6], in: account}),
	bind('z', 'fold-idle', 'fold or show idle buckets, idle clients and sessions', {
		hint: ['Idle', 3],
		in: ['account', 'traffic'],
	}),
	bind('C', 'columns', 'choose the columns of the table', {hint: ['Columns', 1], in: chosen}),
	bind('Ctrl+S', 'remember', 'write what was changed or typed into config.yaml, for the next start'),
	bind('Esc', 'close', 'close what is open; never quits'),
];

const lists = [
	bind('↑ k', 'up', 'up'),
	bind('↓ j', 'down', 'down'),
	bind('PageUp', 'page-up', 'a page up'),
	bind('PageDown', 'page-down', 'a page down'),
	bind('Home', 'home', 'to the first row or line'),
	bind('End', 'end', 'to the last one'),
	bind('← [', 'previous', 'previous variant, or row in its detail', {in: detailed}),
	bind('→ ]', 'next', 'next variant, or row in its detail', {in: detailed}),
	bind('Enter', 'detail', 'detail of the row or log line; in that of a variant, its items', {
		hint: ['Detail', 2],
		in: detailed,
	}),
	bind('!', 'failures-only', 'only the items that failed', {hint: ['Failures', 6], in: ['items']}),
	bind('/', 'filter', 'filter the rows, search the log; Esc clears', {hint: ['Filter', 5]}),
	bind('s', 'next-sort', 'sort by the next column', {hint: ['Sort', 3], in: listed}),
	bind('i', 'invert', 'invert the order', {hint: ['Invert', 2], in: listed}),
	bind('+ =', 'zoom-in', 'shorter time window', {hint: ['Zoom', 2], in: charts}),
	bind('- _', 'zoom-out', 'longer time window', {in: charts}),
	bind('0', 'zoom-reset', 'usual time window', {in: charts}),
];

const program = [
	bind('e', 'export', 'write the charts as SVG files', {hint: ['Export', 4]}),
	bind('u', 'export-increase', 'write the figures for a quota increase'),
	bind('w', 'export-winner', 'write the winning request, ready to send', {hint: ['Winner', 1]}),
	bind('y', 'copy', 'copy the answer, verdict, model ID or path shown; of a tap the export lines'),
	bind('? h', 'help', 'this help', {hint: ['Help', 10]}),
	bind('Ctrl+L', 'redraw', 'draw the screen again'),
	bind('Ctrl+Z', 'suspend', 'suspend; fg resumes'),
	bind('q Ctrl+C', 'quit', 'quit; asks once while a run spends money; a tap ends its requests first', {
		hint: ['Quit', 11],
	}),
];

export type KeyCommand =
	| (typeof run)[number]['command']
	| (typeof screen)[number]['command']
	| (typeof lists)[number]['command']
	| (typeof program)[number]['command'];
type Binding = BindingOf<KeyCommand>;

/** The bindings in the groups and the order in which the help lists them. */
const bindingGroups: ReadonlyArray<{readonly title: string; readonly bindings: readonly Binding[]}> = [
	{title: 'Run', bindings: run},
	{title: 'Screen', bindings: screen},
	{title: 'Lists and charts', bindings: lists},
	{title: 'Program', bindings: program},
];

export const bindings: readonly Binding[] = bindingGroups.flatMap((group) => group.bindings);

/** These do the same whatever is open, and where text is typed: no letter is among them, and nothing takes them away. */
export const alwaysKeys: Readonly<Record<string, KeyCommand>> = {
	'Ctrl+C': 'quit',
	'Ctrl+L': 'redraw',
	'Ctrl+S': 'remember',
	'Ctrl+Z': 'suspend',
};

/** The keys of one user. */
export type Keymap = {
	readonly bindings: readonly Binding[];
	readonly byKey: ReadonlyMap<string, Binding>;
	/** The help by group; the keys that open views share one line. */
	readonly groups: readonly KeyGroup[];
};

/** Keys of the user's own by command. */
type OwnKeys = Readonly<Partial<Record<string, readonly string[]>>>;

/** @param own Instead of the usual keys of these commands. */
function keymapOf(own: OwnKeys): Keymap {
	const groups = bindingGroups.map(({title, bindings: members}) => ({
		title,
		bindings: members.map((binding) => {
			const keys = own[binding.command];
			const always = binding.keys.filter((key) => key in alwaysKeys);
			return keys === undefined ? binding : {...binding, keys: [...new Set([...keys, ...always])]};
		}),
	}));
	const members = groups.flatMap((group) => group.bindings);
	return {
		bindings: members,
		byKey: new Map(members.flatMap((binding) => binding.keys.map((key) => [key, binding] as const))),
		groups: groups.map((group) => ({title: group.title, entries: entriesOf(group.bindings)})),
	};
}

/** The keys of those who have not chosen their own. */
export const usualKeymap: Keymap = keymapOf({});

/** What is wrong with a key that the user chose: the command that it stands at, the reason and a way out. */
type KeyFault = {readonly command: string; readonly reason: string; readonly hint: string};

const namedKeys: readonly string[] = [
	...['Space', 'Tab', 'Shift+Tab', 'Enter', 'Esc', 'Backspace', 'Delete'],
	...['PageUp', 'PageDown', 'Home', 'End', 'Up', 'Down', 'Left', 'Right'],
];
const arrows: Readonly<Record<string, string>> = {Up: '↑', Down: '↓', Left: '←', Right: '→'};
const allowedKeys = `A key is one character, Ctrl+ a letter, or one of: ${namedKeys.join(', ')}.`;

/** Terminals send the same for these as for Tab, Enter and Backspace. */
const unseen = /^Ctrl\+[HIJM]$/;

/** A key as terminals name it; undefined for anything else. */
function keyNamed(text: string): string | undefined {
	const named = namedKeys.find((name) => name.toLowerCase() === text.toLowerCase());
	if (named !== undefined) {
		return arrows[named] ?? named;
	}
	const upper = text.toUpperCase();
	if (/^CTRL\+[A-Z]$/.test(upper)) {
		const name = `Ctrl+${upper.slice(-1)}`;
		return unseen.test(name) ? undefined : name;
	}
	return [...text].length === 1 && text !== ' ' ? text : undefined;
}

/**
 * The keymap with the user's own keys, or what is wrong with them: an unknown command, what is not a key, a key that two
 * commands would have.
 */
export function ownKeymap(given: OwnKeys): Keymap | KeyFault {
	const commands = bindings.map(({command}) => command);
	const own: Record<string, readonly string[]> = {};
	for (const [command, texts = []] of Object.entries(given)) {
		if (!commands.some((each) => each === command)) {
			return {
				command,
				reason: `unknown command "${command}" in "keys".`,
				hint: `${didYouMean(command, commands)}Commands: ${commands.join(', ')}.`,
			};
		}
		const wrong = texts.find((text) => keyNamed(text) === undefined);
		if (wrong !== undefined) {
			const reason = `"${command}": "${wrong}" is not a key that a terminal reports.`;
			return {command, reason, hint: `${didYouMean(wrong, namedKeys)}${allowedKeys}`};
		}
		own[command] = texts.flatMap((text) => keyNamed(text) ?? []);
	}
	const keymap = keymapOf(own);
	return twiceBound(keymap, own) ?? keymap;
}

function twiceBound(keymap: Keymap, own: OwnKeys): KeyFault | undefined {
	for (const {command, keys} of keymap.bindings) {
		const key = keys.find((each) => keymap.byKey.get(each)?.command !== command);
		const other = keymap.byKey.get(key ?? '')?.command;
		if (key === undefined || other === undefined) {
			continue;
		}
		// At the line of the user's own key; the other one may be the usual key of its command.
		const [mine, theirs] = command in own ? [command, other] : [other, command];
		return {
			command: mine,
			reason: `"${key}" is bound twice: to "${mine}" and to "${theirs}".`,
			hint:
				key in alwaysKeys
					? `${key} stays with "${alwaysKeys[key]}": choose another key.`
					: `Choose another key, or give "${theirs}" one of its own.`,
		};
	}
	return undefined;
}

/** The first key of a command, as sentences on the screen name it. */
export function keyOf({keymap}: {readonly keymap: Keymap}, command: KeyCommand): string {
	return keymap.bindings.find((binding) => binding.command === command)?.keys[0] ?? '';
}

/** The command of a key in a view; undefined where it has none. */
export function commandFor(
	keyName: string,
	view: ViewName,
	{byKey}: Keymap = usualKeymap,
): KeyCommand | undefined {
	const binding = byKey.get(keyName);
	return binding !== undefined && worksIn(binding, view) ? binding.command : undefined;
}

/** Where a key works, in words: `Dashboard (2) and Variants (3)`; undefined for a key without a meaning anywhere. */
export function viewsOfKey(keyName: string, keymap: Keymap): string | undefined {
	const binding = keymap.byKey.get(keyName);
	const named = views.filter(({name}) => binding !== undefined && worksIn(binding, name));
	const words = named.map(({name, title}) => `${title} (${keyOf({keymap}, `open-${name}`)})`);
	return words.length === 0
		? undefined
		: [words.slice(0, -1).join(', '), ...words.slice(-1)].filter(Boolean).join(' and ');
}

/** Whether a binding works in a view. */
function worksIn(binding: Binding, view: ViewName): boolean {
	return binding.views === undefined || binding.views.includes(view);
}

/** One line of help: keys and what they do. */
type KeyEntry = {
	readonly keys: readonly string[];
	/** What the keys are bound to: the names in the user's configuration. */
	readonly commands: readonly KeyCommand[];
	readonly description: string;
};
type KeyGroup = {readonly title: string; readonly entries: readonly KeyEntry[]};

function entriesOf(members: readonly Binding[]): readonly KeyEntry[] {
	const isOpener = ({command}: Binding) => command.startsWith('open-');
	const openers = members.filter((binding) => isOpener(binding));
	const joined: KeyEntry = {
		keys: openers.flatMap(({keys}) => keys),
		commands: openers.map(({command}) => command),
		description: openers.map(({description}) => description).join(', '),
	};
	return members
		.filter((binding) => !isOpener(binding) || binding === openers[0])
		.map((binding) =>
			binding === openers[0]
				? joined
				: {keys: binding.keys, commands: [binding.command], description: binding.description},
		);
}

/** Lines for `--help`: keys and words in two columns. */
export function keyHelpLines({groups}: Keymap = usualKeymap): readonly string[] {
	const entries = groups.flatMap((group) => group.entries);
	const width = Math.max(...entries.map(({keys}) => keys.join(' ').length));
	return entries.map(({keys, description}) => `${keys.join(' ').padEnd(width)}  ${description}`);
}

/** The README's table of keys, in Markdown. */
export function keyMarkdownTable(): string {
	const marked = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(' ');
	const rows = usualKeymap.groups.flatMap(({title, entries}) =>
		entries.map(({keys, commands, description}, index) =>
			['', index === 0 ? title : '', marked(keys), description, marked(commands), ''].join(' | ').trim(),
		),
	);
	return ['| | Key | | Command |', '|---|---|---|---|', ...rows].join('\n');
}

/** A hint of the footer. */
type FooterHint = {readonly key: string; readonly word: string; readonly binding: Binding};

/**
 * The hints that work in a view and fit into `width` cells: those of the highest rank.
 * @param isEnabled False for what has no effect at present: the footer does not offer it.
 * @param wordNow What a key does now, where that is not its usual word.
 */
export function footerHints(
	view: ViewName,
	width: number,
	isEnabled: (binding: Binding) => boolean,
	wordNow: (command: KeyCommand) => string | undefined = () => undefined,
	keymap: Keymap = usualKeymap,
): readonly FooterHint[] {
	const wanted = keymap.bindings
		.filter((binding) => binding.hint !== undefined && worksIn(binding, view) && isEnabled(binding))
		.toSorted((one, other) => (other.hint?.rank ?? 0) - (one.hint?.rank ?? 0));
	const chosen: FooterHint[] = [];
	let left = width;
	for (const binding of wanted) {
		const word = wordNow(binding.command) ?? binding.hint?.word ?? '';
		const hint = {key: binding.keys[0] ?? '', word, binding};
		left -= hint.key.length + 1 + hint.word.length + (chosen.length > 0 ? 2 : 0);
		if (left < 0) {
			break;
		}
		chosen.push(hint);
	}
	return chosen;
}
