import {closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync} from 'node:fs';
import path from 'node:path';
import {setImmediate as turn, setTimeout as wait} from 'node:timers/promises';

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

/** A program of this machine that sends requests. */
export type Program = {
	readonly name: string;
	/** One run of it: its process id, with a number behind it where the system has given that id before. */
	readonly run: string;
};

/** Milliseconds of reading after which requests get their turn. Through Node's threads each file would take many turns. */
const sliceMs = 2;
/** Milliseconds from a connection to the look: no answer of the service is faster. */
const delayMs = 5;
/** A look is followed by so much more time until the next, so that many connections share one... */
const pauseFactor = 2;
/** ...but not by more milliseconds than a short answer takes: who has left by then is not found. */
const maxPauseMs = 20;
/** Clients that are looked at first when a new connection comes. */
const maxRemembered = 32;
/** A scan of all processes that found nothing is paid for with so much more time until the next. */
const restFactor = 20;

type Options = {
	/** Where the system has its files of processes. */
	readonly folder: string;
	/** Whose processes can be read. */
	readonly uid: number;
	readonly now: () => number;
};

type Asked = {
	readonly port: number;
	readonly answer: (program: Program | undefined) => void;
	/** It was not found before: the table may lose a line that others move while it is read. */
	readonly isAgain: boolean;
};

/**
 * Which program is at the other end of a connection, by Linux' own account. Processes of other users and of containers are
 * not known. Connections that come together are found in one look, and the programs that were found before come first.
 */
export class Programs {
	readonly #options: Options;
	#asked: Asked[] = [];
	#isLooking = false;
	/** Those that were found last come first. */
	#clients: readonly string[] = [];
	/** By process id and start. */
	readonly #known = new Map<string, Program>();
	readonly #starts = new Map<string, string[]>();
	#restsUntil = Number.NEGATIVE_INFINITY;

	constructor(options: Partial<Options> = {}) {
		this.#options = {
			folder: '/proc',
			uid: process.getuid?.() ?? -1,
			now: () => performance.now(),
			...options,
		};
	}

	/**
	 * The program at the other end: known after some milliseconds, which are spent in pieces.
	 * @param port Of the program's end. @param ownPort Of this end.
	 */
	async find(port: number, ownPort: number): Promise<Program | undefined> {
		const {promise, resolve} = Promise.withResolvers<Program | undefined>();
		this.#asked.push({port, answer: resolve, isAgain: false});
		if (!this.#isLooking) {
			this.#isLooking = true;
			void this.#look(ownPort);
		}
		return promise;
	}

	async #look(ownPort: number): Promise<void> {
		// By then the request is on its way, and others have come that are found together with it.
		await wait(delayMs, undefined, {ref: false});
		while (this.#asked.length > 0) {
			const asked = this.#asked;
			this.#asked = [];
			const from = this.#options.now();
			const found = await this.#programsAt(asked, ownPort).catch(() => new Map<number, Program>());
			for (const each of asked) {
				const program = found.get(each.port);
				if (program === undefined && !each.isAgain) {
					this.#asked.push({...each, isAgain: true});
				} else {
					each.answer(program);
				}
			}
			const pauseMs = Math.min(maxPauseMs, (this.#options.now() - from) * pauseFactor);
			await wait(pauseMs, undefined, {ref: false});
		}
		this.#isLooking = false;
	}

	async #programsAt(asked: readonly Asked[], ownPort: number): Promise<ReadonlyMap<number, Program>> {
		const slice = new Slice(this.#options.now);
		const inodes = new Map<number, string>();
		for (const table of ['tcp', 'tcp6']) {
			const isKnown = asked.every(({port}) => inodes.has(port));
			const text = isKnown ? '' : await tableAt(path.join(this.#options.folder, 'net', table), slice);
			const sockets = clientSockets(text, ownPort);
			for (const {port} of asked) {
				const socket = sockets.get(port);
				if (socket?.uid === this.#options.uid) {
					inodes.set(port, socket.inode);
				}
			}
		}
		const owners = await this.#ownersOf(new Set(inodes.values()), slice);
		return new Map(
			[...inodes].flatMap(([port, inode]) => {
				const owner = owners.get(inode);
				const program = owner === undefined ? undefined : this.#programOf(owner);
				return program === undefined ? [] : [[port, program] as const];
			}),
		);
	}

	/** Which process has which socket. */
	async #ownersOf(inodes: ReadonlySet<string>, slice: Slice): Promise<ReadonlyMap<string, string>> {
		const owners = new Map<string, string>();
		const left = new Set(inodes);
		await this.#searchIn(this.#clients, {left, owners}, slice);
		const from = this.#options.now();
		if (left.size > 0 && from >= this.#restsUntil) {
			// A program that has just started has the greatest number.
			const others = readdirSync(this.#options.folder)
				.filter((name) => /^\d+$/.test(name) && !this.#clients.includes(name))
				.toSorted((one, other) => Number(other) - Number(one));
			await this.#searchIn(others, {left, owners}, slice);
			const now = this.#options.now();
			this.#restsUntil = left.size > 0 ? now + (now - from) * restFactor : this.#restsUntil;
		}
		this.#clients = [...new Set([...owners.values(), ...this.#clients])].slice(0, maxRemembered);
		return owners;
	}

	/** What it finds goes from `left` to `owners`. */
	async #searchIn(
		processes: readonly string[],
		{left, owners}: {readonly left: Set<string>; readonly owners: Map<string, string>},
		slice: Slice,
	): Promise<void> {
		for (const each of processes) {
			const folder = path.join(this.#options.folder, each, 'fd');
			for (const file of left.size === 0 ? [] : namesIn(folder)) {
				const [, inode = ''] = /^socket:\[(\d+)\]$/.exec(linkAt(path.join(folder, file))) ?? [];
				if (left.delete(inode)) {
					owners.set(inode, each);
				}
				if (slice.isOver) {
					await slice.next();
				}
			}
		}
	}

	#programOf(owner: string): Program | undefined {
		const start = startOf(textAt(path.join(this.#options.folder, owner, 'stat')));
		if (start === undefined) {
			return undefined;
		}
		const key = `${owner} ${start}`;
		const known = this.#known.get(key);
		if (known !== undefined) {
			return known;
		}
		const name = programName(textAt(path.join(this.#options.folder, owner, 'cmdline')));
		if (name === undefined) {
			return undefined;
		}
		const starts = [...(this.#starts.get(owner) ?? []), start];
		this.#starts.set(owner, starts);
		const program = {name, run: starts.length === 1 ? owner : `${owner}-${starts.length}`};
		this.#known.set(key, program);
		return program;
	}
}

/** A piece of work between two turns of the others. */
class Slice {
	readonly #now: () => number;
	#from: number;

	constructor(now: () => number) {
		this.#now = now;
		this.#from = now();
	}

	get isOver(): boolean {
		return this.#now() - this.#from >= sliceMs;
	}

	async next(): Promise<void> {
		await turn();
		this.#from = this.#now();
	}
}

/** Reads a table, which the system hands out page by page. */
const tableAt = async (file: string, slice: Slice): Promise<string> => {
	const descriptor = openSync(file, 'r');
	const page = Buffer.alloc(65_536);
	let text = '';
	try {
		for (let length = -1; length !== 0; ) {
			if (slice.isOver) {
				await slice.next();
			}
			length = readSync(descriptor, page, 0, page.length, null);
			text += page.toString('latin1', 0, length);
		}
	} finally {
		closeSync(descriptor);
	}
	return text;
};

/** A process may end while its files are read, and those of other users cannot be. */
const orNothing = <Value>(read: () => Value, nothing: Value): Value => {
	try {
		return read();
	} catch {
		return nothing;
	}
};

const namesIn = (folder: string): readonly string[] => orNothing(() => readdirSync(folder), []);
const linkAt = (file: string): string => orNothing(() => readlinkSync(file), '');
const textAt = (file: string): string => orNothing(() => readFileSync(file, 'utf8'), '');
