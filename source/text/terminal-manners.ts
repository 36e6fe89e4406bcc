/** What a terminal may offer beyond drawing: title, bell, clipboard, links, mouse, its background. */
export type TerminalManners = {
	readonly hasMouse: boolean;
	/** A screen has the terminal. */
	readonly taken: () => void;
	/** The terminal is as it was before. */
	readonly given: () => void;
	/** Resolves when no answer is under way that would arrive as keys of the shell. */
	readonly settled: () => Promise<void>;
	readonly title: (text: string) => void;
	/** Rings, or shows the text where the terminal can. */
	readonly notify: (text: string) => void;
	/** Puts a text into the clipboard. */
	readonly copy: (text: string) => CopyOutcome;
	/** Called whenever the terminal has said something about itself. */
	readonly onKnown: (listener: (known: KnownTerminal) => void) => void;
	readonly onPointer: (listener: (pointer: Pointer) => void) => void;
};

/** Whether the terminal took a text; `asked` where it may have refused without a word. */
export type CopyOutcome = 'copied' | 'asked' | 'refused';

/** What is known of the terminal. */
export type KnownTerminal = {
	readonly background: 'dark' | 'light' | undefined;
	readonly hasLinks: boolean;
};

/** A press of the mouse, or a turn of its wheel; cells count from 0. */
export type Pointer = {
	readonly what: 'press' | 'wheel-up' | 'wheel-down';
	readonly column: number;
	readonly row: number;
};
