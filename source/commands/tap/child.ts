import {type ChildProcess, spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {constants} from 'node:os';
import {isatty} from 'node:tty';
import {UserError} from '../../domain/user-error.ts';

/** A program that runs behind a tap: its terminal, its signals and its exit code are its own. */

/** Signals that are passed on where they came to the tap alone. */
const passedOn = ['SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const;
type PassedOn = (typeof passedOn)[number];

/** What this process has to do with a terminal. */
type TerminalState = {
	readonly hasTerminal: boolean;
	/** The terminal sends its signals to this process, and so to the program as well. */
	readonly isForeground: boolean;
};

/** Process group, terminal and its foreground group, which follow the name in parentheses: `1 (a b) S 2 3 4 5 6 ...`. */
const statPattern = /\) \S \d+ (?<group>\d+) \d+ (?<terminal>-?\d+) (?<foreground>-?\d+) /;

/** By the kernel's own account where there is one, else by the streams. */
const terminalState = (): TerminalState => {
	try {
		const {group, terminal, foreground} =
			statPattern.exec(readFileSync('/proc/self/stat', 'utf8'))?.groups ?? {};
		return {hasTerminal: terminal !== '0', isForeground: group !== undefined && group === foreground};
	} catch {
		const hasTerminal = [0, 1, 2].some((stream) => isatty(stream));
		return {hasTerminal, isForeground: hasTerminal};
	}
};

/** Whether the terminal has sent a signal to the program as well. */
const isOfTerminal = (signal: PassedOn, atStart: TerminalState, now: TerminalState): boolean => {
	switch (signal) {
		case 'SIGINT':
		case 'SIGQUIT':
			return now.isForeground;
		case 'SIGHUP':
			// A terminal that hangs up is gone.
			return atStart.hasTerminal && !now.hasTerminal;
		default:
			return false;
	}
};

/** How a program came to its end. */
type ChildEnd = {
	/** Its exit code; 128 + n where a signal killed it; 127 or 126, as of a shell, where it could not be started. */
	readonly exitCode: number;
	/** Why it could not be started. */
	readonly fault?: UserError;
};

/** A program that has been started. */
type Child = {
	readonly ended: Promise<ChildEnd>;
	/** Asks it to end. */
	readonly stop: () => void;
	/** From now on signals are this process's own again. */
	readonly release: () => void;
};

type Options = {
	readonly program: readonly string[];
	readonly environment: NodeJS.ProcessEnv;
	/** Where its output goes, and then nothing is its input; undefined: where this program's goes. */
	readonly output?: number | undefined;
};

const startFault = (program: string, error: NodeJS.ErrnoException): ChildEnd => {
	const isMissing = error.code === 'ENOENT';
	const message = isMissing
		? `"${program}" was not found.`
		: error.code === 'EACCES'
			? `"${program}" may not be executed.`
			: `"${program}" could not be started: ${error.code ?? error.message}.`;
	const hint = 'Write the command behind --, as in a shell; what a shell alone knows needs sh -c.';
	return {
		exitCode: isMissing ? 127 : 126,
		fault: new UserError(message, {exitCode: 1, hint, cause: error}),
	};
};

/** Once the program is gone they are swallowed: what is left is to write the reports. */
const passSignals = (child: ChildProcess): (() => void) => {
	const atStart = terminalState();
	const releases = passedOn.map((name) => {
		const handler = (): void => {
			if (!isOfTerminal(name, atStart, terminalState())) {
				child.kill(name);
			}
		};
		process.on(name, handler);
		return () => process.off(name, handler);
	});
	return () => {
		for (const release of releases) {
			release();
		}
	};
};

/** Starts the program. From now on the signals of this process are the program's: take them after that. */
export function startChild({program, environment, output}: Options): Child {
	const [name = '', ...words] = program;
	const child = spawn(name, words, {
		env: environment,
		stdio: output === undefined ? 'inherit' : ['ignore', output, output],
	});
	const {promise, resolve} = Promise.withResolvers<ChildEnd>();
	child.once('error', (error) => resolve(startFault(name, error)));
	child.once('exit', (code, signal) =>
		resolve({exitCode: code ?? (signal === null ? 1 : 128 + constants.signals[signal])}),
	);
	return {ended: promise, stop: () => void child.kill('SIGTERM'), release: passSignals(child)};
}

/** How applications are pointed to a tap, and back. */

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that would make clients ignore the others, or refuse them. */
const hindering = [
	'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
	'AWS_USE_FIPS_ENDPOINT',
	'AWS_USE_DUALSTACK_ENDPOINT',
];

/** Variables that send even what is for this machine to a proxy, unless an exception is named. */
const proxies = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];
const exceptions = ['NO_PROXY', 'no_proxy'];

const loopback = '127.0.0.1';

/** Exceptions with this machine among them; none where no proxy is set, or where all is excepted. */
const exceptionsWithTap = (environment: Environment): Readonly<Record<string, string>> => {
	const isProxied = proxies.some((name) => Boolean(environment[name]));
	const known = exceptions.map((name) => environment[name]).find(Boolean) ?? '';
	const names = known.split(',').map((name) => name.trim());
	if (!isProxied || names.includes('*') || names.includes(loopback)) {
		return {};
	}
	const all = known === '' ? loopback : `${known},${loopback}`;
	return Object.fromEntries(exceptions.map((name) => [name, all]));
};

/** Variables by which clients of Bedrock find the tap. */
const tapVariables = (url: string, environment: Environment): Readonly<Record<string, string>> => ({
	AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url,
	ANTHROPIC_BEDROCK_BASE_URL: url,
	// As in the address of the service, which this one takes the place of.
	ANTHROPIC_BEDROCK_MANTLE_BASE_URL: `${url}/anthropic`,
	// Of OpenAI's client where its provider is Bedrock; others of that client may not be for Bedrock at all.
	AWS_BEDROCK_BASE_URL: `${url}/openai/v1`,
	...exceptionsWithTap(environment),
});

/** A value as a word of a shell. */
const shellWord = (value: string): string =>
	/^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;

const exportLine = (name: string, value: string): string => `export ${name}=${shellWord(value)}`;

/** Shell lines that point programs to a tap, and how to undo them: what was set before is set again. */
export function tapLines(url: string, environment: Environment): readonly string[] {
	const variables = tapVariables(url, environment);
	const isSet = (name: string): boolean => Boolean(environment[name]);
	const unset = hindering.filter(isSet);
	const changed = [...unset, ...Object.keys(variables)];
	const added = changed.filter((name) => !isSet(name));
	return [
		...(unset.length === 0 ? [] : [`unset ${unset.join(' ')}`]),
		...Object.entries(variables).map(([name, value]) => exportLine(name, value)),
		'# To undo:',
		...(added.length === 0 ? [] : [`# unset ${added.join(' ')}`]),
		...changed.filter(isSet).map((name) => `# ${exportLine(name, environment[name] ?? '')}`),
	];
}

/** What is the tap's own: programs behind it are counted by the tap, and once. */
const ownVariables = ['BEDROCK_TOP_LEDGER'];

/** Where SDKs read their Region: each reads one of them. */
const regionNames = ['AWS_REGION', 'AWS_DEFAULT_REGION'];

/** The environment of a program that is started behind a tap. @param region Of the tap: for a program that has none. */
export function childEnvironment(url: string, environment: Environment, region: string): NodeJS.ProcessEnv {
	const own = regionNames.map((name) => environment[name]).find(Boolean) ?? region;
	const regions = regionNames.map((name) => [name, environment[name] || own] as const);
	const left = [...hindering, ...ownVariables];
	const rest = Object.fromEntries(Object.entries(environment).filter(([name]) => !left.includes(name)));
	return {...rest, ...Object.fromEntries(regions), ...tapVariables(url, environment)};
}
