import {execFile} from 'node:child_process';
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {undrawn} from './built-program.ts';

/**
 * Which files of `source/` run for one request, one that passes a tap, one key press, one CloudWatch datapoint, one batch record: each walk is gone
 * twice, the second time with twice as many of them, and V8 counts the calls of every function. A file belongs to the walk
 * when one of its functions is called once more for each that was added. What runs once per program or by the clock
 * (start-up, plan, snapshots, the account monitor) does not grow like that. The simulator is the other side, and the thread
 * that draws reports has its own way.
 *
 * `node test/helpers/walk.ts request` prints a list.
 */

const root = path.resolve(import.meta.dirname, '../..');
const source = path.join(root, 'source');
const children = path.join(import.meta.dirname, 'walks');
const run = promisify(execFile);

/** Calls of functions, by `file function offset`. */
type Calls = ReadonlyMap<string, number>;

type Coverage = {
	readonly result: ReadonlyArray<{
		readonly url: string;
		readonly functions: ReadonlyArray<{
			readonly functionName: string;
			readonly ranges: ReadonlyArray<{readonly startOffset: number; readonly count: number}>;
		}>;
	}>;
};

/** A file itself is a function that runs when it is loaded, and does not count; the entry has nothing else. */
const isLoading = (file: string, name: string, startOffset: number): boolean =>
	file !== 'cli.ts' && name === '' && startOffset === 0;

/** Calls in these coverages: of all threads of a program, or of a part of what it did. */
function callsIn(folder: string, names: readonly string[]): Calls {
	const calls = new Map<string, number>();
	for (const name of names) {
		const {result} = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Coverage;
		if (result.some(({url}) => url.endsWith('/reports-worker.ts'))) {
			continue;
		}
		for (const {url, functions} of result.filter((script) => script.url.startsWith('file:'))) {
			const file = path.relative(source, fileURLToPath(url)).replaceAll(path.sep, '/');
			if (file.startsWith('..') || file.startsWith('simulator/')) {
				continue;
			}
			for (const {functionName, ranges} of functions) {
				const {startOffset = 0, count = 0} = ranges[0] ?? {};
				if (!isLoading(file, functionName, startOffset)) {
					const key = `${file} ${functionName} ${startOffset}`;
					calls.set(key, (calls.get(key) ?? 0) + count);
				}
			}
		}
	}
	return calls;
}

const fileOf = (key: string): string => key.split(' ', 1)[0] ?? '';

/** Files with a function that was called. */
const ranIn = (calls: Calls): readonly string[] =>
	[...new Set([...calls].filter(([, count]) => count > 0).map(([key]) => fileOf(key)))].toSorted();

/** A request more or less may be under way when a run ends. */
const tolerance = 0.75;
/** Twice as many should be twice the calls; what goes by the clock is called about as often as before. */
const leastGrowth = 1.4;

/**
 * Files that ran for each of what was added.
 * @param added How many more there were in the second run.
 */
export function filesOfEach(fewer: Calls, more: Calls, added: number): readonly string[] {
	const hasGrown = ([key, count]: readonly [string, number]): boolean => {
		const before = fewer.get(key) ?? 0;
		return count - before >= added * tolerance && count >= before * leastGrowth;
	};
	return [...new Set([...more].filter(hasGrown).map(([key]) => fileOf(key)))].toSorted();
}

/** A way through the program that can be gone `count` times. */
type Walk = {
	readonly count: number;
	/** A program of `walks/` goes both times itself: it is started once. */
	readonly isChild?: boolean;
	/** @returns Arguments of Node. @param isFirst The run with fewer of them. */
	readonly start: (count: number, folder: string, isFirst: boolean) => readonly string[];
};

const program = path.join(source, 'cli.ts');
const child = (name: string) => (count: number) => [path.join(children, `${name}.ts`), String(count)];

/** Seconds in which requests are due: the same for few and many, so that what runs by the clock runs about as often. */
const seconds = 6;

const walks = {
	/** `run` against a demo, to results.json. */
	request: {
		count: 40,
		start: (count, folder, isFirst) => [
			program,
			...['run', 'summarize', '--demo', '--variants', 'concise'],
			...['--load', 'rate', '--rate', String((count * 60) / seconds)],
			...['--requests', String(count), '--duration', '2m'],
			// The first writes the reports as well; once is enough.
			...(isFirst
				? ['--out', path.join(folder, 'results')]
				: ['--no-reports', `--json=${path.join(folder, 'r.json')}`]),
		],
	},
	/** Of an application, through a tap. */
	'tapped-request': {count: 40, isChild: true, start: child('tapped-request')},
	'key-press': {count: 20, isChild: true, start: child('key-press')},
	frame: {
		count: 20,
		isChild: true,
		start: (count) => ['--import', path.join(children, 'read-jsx.ts'), ...child('frame')(count)],
	},
	datapoint: {count: 8, isChild: true, start: child('datapoint')},
	/** A record of a batch job, to the joined results. */
	record: {count: 150, isChild: true, start: child('record')},
} as const satisfies Readonly<Record<string, Walk>>;

export type WalkName = keyof typeof walks;

/** @returns What `read` makes of the coverages in a folder; those of one thread are in the order of time. */
const coverageOf = async <Read>(
	argv: (folder: string) => readonly string[],
	read: (coverage: string, names: readonly string[]) => Read,
): Promise<Read> => {
	const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-walk-'));
	try {
		const coverage = path.join(folder, 'coverage');
		mkdirSync(path.join(folder, 'home'));
		await run(process.execPath, [...argv(folder)], {
			cwd: folder,
			env: {
				PATH: process.env.PATH ?? '',
				HOME: path.join(folder, 'home'),
				NODE_ENV: 'production',
				...undrawn,
				// Calls are counted whether a file is compiled or was compiled before, which takes half as long.
				NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? path.join(tmpdir(), 'bedrock-top-walks'),
				NODE_V8_COVERAGE: coverage,
			},
		});
		return read(coverage, readdirSync(coverage).toSorted());
	} finally {
		rmSync(folder, {recursive: true, force: true});
	}
};

/** Walks twice. @returns Paths below `source/`: those of each, and all that ran at all. */
export async function walk(name: WalkName): Promise<{each: readonly string[]; all: readonly string[]}> {
	const {count, isChild = false, start}: Walk = walks[name];
	const [fewer, more] = isChild
		? await coverageOf(
				(folder) => start(count, folder, true),
				(folder, [, few = '', many = '']) => [callsIn(folder, [few]), callsIn(folder, [many])],
			)
		: await Promise.all([
				coverageOf((folder) => start(count, folder, true), callsIn),
				coverageOf((folder) => start(count * 2, folder, false), callsIn),
			]);
	return {
		each: filesOfEach(fewer, more, count),
		all: [...new Set([...ranIn(fewer), ...ranIn(more)])].toSorted(),
	};
}

if (process.argv[1] === import.meta.filename) {
	const name = process.argv[2] ?? 'request';
	if (!Object.hasOwn(walks, name)) {
		process.stderr.write(`Walks: ${Object.keys(walks).join(', ')}\n`);
		process.exit(2);
	}
	const {each, all} = await walk(name as WalkName);
	process.stdout.write(`${each.join('\n')}\n${each.length} of ${all.length} files that ran\n`);
}
