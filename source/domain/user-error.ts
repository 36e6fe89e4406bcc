/** A fault that the user can fix: shown as one sentence and a hint, never as a stack. */
export class UserError extends Error {
	readonly exitCode: 1 | 2;
	/** What to do. */
	readonly hint: string | undefined;

	/**
	 * @param message One sentence that quotes the offending value.
	 * @param options `exitCode` 2 for wrong input, 1 for what was found.
	 */
	constructor(message: string, options: {exitCode: 1 | 2; hint?: string | undefined; cause?: unknown}) {
		super(message, {cause: options.cause});
		this.name = 'UserError';
		this.exitCode = options.exitCode;
		this.hint = options.hint;
	}
}

/** An error of the operating system, in words for a user. */
type SystemWords = {
	/** Without an end of sentence. */
	readonly reason: string;
	/** What to do; undefined where that depends on the operation. */
	readonly hint: string | undefined;
};

const room =
	'Make room on that disk, or choose another: --out for reports, TMPDIR for temporary files, XDG_DATA_HOME for batches.';
const descriptors = 'Raise the limit with "ulimit -n 4096", or lower --concurrency.';

const words: Readonly<Record<string, SystemWords>> = {
	ENOENT: {reason: 'there is no such file or folder', hint: undefined},
	ENOTDIR: {reason: 'its folder is a file', hint: undefined},
	EISDIR: {reason: 'it is a folder', hint: undefined},
	EACCES: {reason: 'permission denied', hint: undefined},
	EPERM: {reason: 'permission denied', hint: undefined},
	ELOOP: {reason: 'its links lead in a circle', hint: undefined},
	EROFS: {reason: 'read-only file system', hint: 'Choose another place with --out.'},
	ENOSPC: {reason: 'no space left on the disk', hint: room},
	EDQUOT: {reason: 'your quota of the disk is used up', hint: room},
	EFBIG: {
		reason: 'the file would be larger than is allowed',
		hint: 'Raise the limit with "ulimit -f unlimited".',
	},
	EIO: {reason: 'the disk cannot be read or written', hint: 'Choose another disk with --out.'},
	EMFILE: {reason: 'this program has too many files and connections open', hint: descriptors},
	ENFILE: {reason: 'the system has too many files open', hint: 'End other programs, then try again.'},
	ENOMEM: {reason: 'the memory is used up', hint: 'End other programs, or lower --concurrency.'},
	EAGAIN: {
		reason: 'the system starts no more threads or processes',
		hint: 'End other programs, or raise the limit with "ulimit -u".',
	},
	ERR_WORKER_OUT_OF_MEMORY: {
		reason: 'its thread ran out of memory',
		hint: 'Ask for less at once, or lower --concurrency.',
	},
};

const goneFolder: SystemWords = {
	reason: 'the current folder is gone',
	hint: 'Change to a folder that is there, then run it again.',
};

/** The words for an error of the system; undefined for any other error. */
export function systemWords(error: unknown): SystemWords | undefined {
	if (!(error instanceof Error)) {
		return undefined;
	}
	const {code = '', message} = error as NodeJS.ErrnoException;
	if (/\buv_cwd\b/.test(message)) {
		return goneFolder;
	}
	// A thread that could not be started has the system's code in its message.
	return words[code === 'ERR_WORKER_INIT_FAILED' ? (/\bE[A-Z]+$/.exec(message)?.[0] ?? '') : code];
}

/** Why something could not be done: in the words above for errors of the system, else the error's message. */
export function reasonOf(error: unknown): string {
	return systemWords(error)?.reason ?? (error instanceof Error ? error.message : String(error));
}

/** A fault in words, as it crosses threads; `exitCode` as in UserError. */
export type Fault = {readonly message: string; readonly hint: string | undefined; readonly exitCode: 1 | 2};

const pathOf = (error: unknown): string =>
	error instanceof Error && 'path' in error && typeof error.path === 'string' ? `${error.path}: ` : '';

/** A fault that crossed threads, as an error again. */
export function errorOf(fault: Fault): UserError {
	return new UserError(fault.message, fault);
}

/** Any error as a fault; what is not the user's to mend keeps its message. */
export function faultOf(error: unknown): Fault {
	return error instanceof UserError
		? {message: error.message, hint: error.hint, exitCode: error.exitCode}
		: {
				message: `${systemWords(error) === undefined ? '' : pathOf(error)}${reasonOf(error)}`,
				hint: systemWords(error)?.hint,
				exitCode: 1,
			};
}
