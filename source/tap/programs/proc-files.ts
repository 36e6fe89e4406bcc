/** What Linux says in `/proc` about connections and processes, read from its text. */

/** The socket at a client's end of a connection. */
type ClientSocket = {
	/** Number by which the files of a process name it. */
	readonly inode: string;
	/** User that opened it. */
	readonly uid: number;
};

/** 127.0.0.1 in either byte order, alone and as an address of IPv6. */
const loopback = '(?:0{20}FFFF|0{16}FFFF0{4})?(?:0100007F|7F000001)';

const hexPort = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

/**
 * The clients of a port on the loopback interface, by the port at their end.
 * @param table `/proc/net/tcp` or `/proc/net/tcp6`.
 */
export function clientSockets(table: string, port: number): ReadonlyMap<number, ClientSocket> {
	// Number, own address, other address, state, queues, timer, retransmits, user, timeout, inode.
	const line = new RegExp(
		`^ *\\d+: ${loopback}:([\\dA-F]{4}) ${loopback}:${hexPort(port)} [\\dA-F]{2} \\S+ \\S+ \\S+ +(\\d+) +\\d+ +(\\d+)`,
		'gm',
	);
	return new Map(
		[...table.matchAll(line)].flatMap(([, own = '', uid = '', inode = '']) =>
			// A connection that is over has no socket.
			inode === '0' ? [] : [[Number.parseInt(own, 16), {inode, uid: Number(uid)}] as const],
		),
	);
}

/** When a process began, in ticks since the machine did: with its id it names one run. @param stat `/proc/<pid>/stat`. */
export function startOf(stat: string): string | undefined {
	// The name stands in parentheses, and may hold some itself.
	return stat
		.slice(stat.lastIndexOf(')') + 2)
		.split(' ')
		.at(19);
}

/** Programs that run a script. */
const interpreter =
	/^(?:node(?:js)?|deno|bun|python[\d.]*|pypy[\d.]*|ruby|perl|php|java|dotnet|bash|sh|zsh)$/;

/** Options whose value is the next word. */
const valued: ReadonlySet<string> = new Set([
	...['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions', '--title'],
	...['-W', '-X', '-I', '-d', '-cp', '-classpath', '--class-path', '-p', '--module-path', '--add-opens'],
]);

/** Options that the script, or the module that takes its place, stands behind. */
const namesScript: ReadonlySet<string> = new Set(['-m', '-jar', '-f']);

/** The text of a program in place of a script: it and its arguments are nobody's business. */
const isCode = (program: string, option: string): boolean =>
	program === 'java'
		? false
		: /^--(?:eval|print|command|run)\b/.test(option) ||
			(/^(?:node|bun|deno)/.test(program) ? /^-(?:e|p|pe)$/ : /^-[a-zA-Z]*[ceE]/).test(option);

/** A name that may be shown: one word without anything that a file of a program would not have. */
const isName = (word: string): boolean => /^[\w@+][\w.@+-]{0,39}$/.test(word);

const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const scriptOf = (program: string, words: readonly string[]): string | undefined => {
	for (let index = 0; index < words.length; index++) {
		const word = words[index] ?? '';
		if (isCode(program, word)) {
			return undefined;
		}
		if (namesScript.has(word)) {
			return words[index + 1];
		}
		if (valued.has(word)) {
			index++;
		} else if (!(word.startsWith('-') || word === 'run' || word === 'exec')) {
			return word;
		}
	}
	return undefined;
};

/**
 * Name of a program: of its script where it runs one, else its own. Nothing else of its command line is read, which may
 * hold secrets.
 * @param commandLine `/proc/<pid>/cmdline`.
 * @returns Undefined where it has no name that may be shown.
 */
export function programName(commandLine: string): string | undefined {
	const [first = '', ...words] = commandLine.replace(/\0+$/, '').split('\0');
	// A program may name itself, as in "node (worker 1)".
	const own = words.length === 0 && !first.startsWith('/') ? (first.split(/[ :]/, 1)[0] ?? '') : first;
	const name = baseOf(own);
	const script = interpreter.test(name) ? baseOf(scriptOf(name, words) ?? '') : '';
	return [script, name].find(isName);
}
