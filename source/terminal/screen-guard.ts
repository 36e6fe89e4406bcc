import type {ChildProcess} from 'node:child_process';
import {isatty} from 'node:tty';
import {cleanText} from '../text/width.ts';
import type {Io} from './io.ts';

/**
 * Undoes all that a screen turns on, from any state in which it may be left: a frame that is held back (2026), bracketed
 * paste (2004), colours, the alternate screen (1049), a hidden cursor (25). The only place that says so.
 */
export const leaveSequence = '\u001B[?2026l\u001B[?2004l\u001B[0m\u001B[?1049l\u001B[?25h';

/** What is said where the program could not say anything any more. */
export const deathSentence = 'bedrock-top ended without warning: memory ran out, or it was killed.';

/**
 * Where memory runs out, or the process is killed, nothing in it can give the terminal back: another process does.
 * Words on its pipe say whether the screen has the terminal; the end of the pipe without the word `end` is a death.
 */
export type ScreenGuard = {
	/**
	 * Starts the guard. Resolves when the modes of the terminal are saved, or cannot be: only then may a screen change them,
	 * which means that it reads keys.
	 */
	readonly start: () => Promise<void>;
	/** A screen has the terminal. */
	readonly taken: () => void;
	/** The terminal is as it was before. */
	readonly given: () => void;
	/** Files that hold what was measured so far, should they be there. */
	readonly keeps: (files: readonly string[]) => void;
	/** What a screen turned on beyond `leaveSequence`, undone after a death. */
	readonly undoes: (sequence: string) => void;
	/** What else is said after a death. */
	readonly tells: (text: string) => void;
	/** Nothing is to be guarded any more. Resolves when the guard is gone. */
	readonly end: () => Promise<void>;
};

/** Milliseconds that the guard has to save the modes, and later to go. */
const patienceMs = 500;

const octal = (text: string): string => text.replaceAll('\u001B', '\\033');

/**
 * An interactive shell notices the death as well and sets the modes that it wants; it gets a moment for that, and is left
 * alone. Modes in which Ctrl+C is not a signal are those of the screen: then the shell has not set its own.
 */
const script = `
trap '' HUP INT QUIT TERM TSTP TTIN TTOU USR1 USR2 ALRM
modes=$(stty -g <&3 2>/dev/null)
echo ready >&2
exec 2>/dev/null
taken=
kept=
notes=
undo=
newline='
'
while IFS= read -r word; do
	case $word in
		taken) taken=1 ;;
		given) taken= ;;
		'kept '*) kept="$kept\${word#kept }$newline" ;;
		'undo '*) undo=\${word#undo } ;;
		'tell '*) notes="$notes\${word#tell }\r$newline" ;;
		end) exit 0 ;;
	esac
done
[ -n "$taken" ] || exit 0
printf '%b' "$undo"
printf '${octal(leaveSequence)}%s\\r\\n' "$1"
printf '%s' "$kept" | while IFS= read -r file; do
	if [ -s "$file" ]; then printf 'What was received until then: %s\\r\\n' "$file"; fi
done
printf '%s' "$notes"
[ -n "$modes" ] || exit 0
sleep 0.1 || sleep 1
case $(stty -a <&3) in
	*-isig*) stty "$modes" <&3 ;;
esac
`;

/** A guard that runs. */
type Running = {
	readonly ready: Promise<void>;
	readonly say: (word: string) => void;
	readonly end: () => Promise<void>;
};

const watchOver = (child: ChildProcess): Running => {
	const {stdin, stderr} = child;
	let isOver = false;
	let isReady = false;
	const {promise: gone, resolve: go} = Promise.withResolvers<void>();
	const {promise: ready, resolve: beReady} = Promise.withResolvers<void>();
	const say = (word: string): void => {
		if (!isOver) {
			stdin?.write(`${word}\n`);
		}
	};
	const sayEnd = (): void => {
		say('end');
		isOver = true;
		stdin?.end();
	};
	const lose = (): void => {
		isOver = true;
		beReady();
		go();
	};
	// A way out that nothing waits for is still one of the program's own.
	process.once('exit', sayEnd);
	child.once('error', lose);
	child.once('exit', lose);
	stdin?.on('error', lose);
	stderr?.once('data', beReady);
	// A program that was busy finds its timers due before what the guard has said meanwhile.
	const timer = setTimeout(() => setImmediate(giveUp), patienceMs);
	/** Who saves the modes later may save those of the screen: better no guard than a wrong one. */
	const giveUp = (): void => {
		if (!isReady) {
			sayEnd();
			beReady();
		}
	};
	child.unref();
	(stdin as Partial<{unref: () => void}> | null)?.unref?.();
	return {
		ready: ready.then(() => {
			isReady = true;
			clearTimeout(timer);
			stderr?.destroy();
		}),
		say,
		async end() {
			sayEnd();
			process.off('exit', sayEnd);
			const limit = setTimeout(go, patienceMs);
			await gone;
			clearTimeout(limit);
		},
	};
};

const spawnGuard = async ({stdin, stdout, environment}: Io): Promise<Running | undefined> => {
	const output = (stdout as {readonly fd?: number}).fd;
	const input = (stdin as {readonly fd?: number}).fd;
	// The console of Windows gives itself back.
	if (process.platform === 'win32' || output === undefined || !isatty(output)) {
		return undefined;
	}
	const {spawn} = await import('node:child_process');
	try {
		return watchOver(
			spawn('/bin/sh', ['-c', script, 'bedrock-top-guard', deathSentence], {
				// Signals for the program's group are not for the guard, nor does it need a folder or anything secret.
				detached: true,
				cwd: '/',
				env: {PATH: `${environment.PATH ?? ''}:/usr/bin:/bin`},
				stdio: ['pipe', output, 'pipe', stdin.isTTY && input !== undefined ? input : 'ignore'],
			}),
		);
	} catch {
		return undefined;
	}
};

/** The guard of a screen; without a terminal, and where no process can be started, it does nothing. */
export function guardScreen(io: Io): ScreenGuard {
	let running: Running | undefined;
	let isOver = false;
	/** What was said before it ran. */
	let early: string[] = [];
	const say = (word: string): void => {
		if (running === undefined) {
			early.push(word);
		} else {
			running.say(word);
		}
	};
	return {
		async start() {
			const started = await spawnGuard(io);
			if (isOver) {
				await started?.end();
				return;
			}
			running = started;
			for (const word of early) {
				started?.say(word);
			}
			early = [];
			await started?.ready;
		},
		taken: () => say('taken'),
		given: () => say('given'),
		keeps(files) {
			for (const file of files) {
				// A name that a terminal might obey is not said.
				if (cleanText(file) === file) {
					say(`kept ${file}`);
				}
			}
		},
		// The octal form that the shell's %b knows.
		undoes: (sequence) => say(`undo ${octal(sequence).replaceAll('\\033', '\\0033')}`),
		tells: (text) => say(`tell ${cleanText(text)}`),
		async end() {
			isOver = true;
			await running?.end();
		},
	};
}
