import {closeSync, readFileSync, writeSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import type {SeriesQuery, TimeWindow} from '../domain/usage-source.ts';
import {
	isNumber,
	isText,
	listOf,
	openPrivate,
	privateFolderMode,
	shapedAs,
	writeAtomically,
} from '../text/private-file.ts';

/**
 * Values of the past that were read, in memory and in a file: a line for each series and stretch of time, added as soon as
 * it was read. What is there is not asked for again, also after an interrupt.
 */

/** A stretch of time, and the period of its values. */
export type PastWindow = TimeWindow & {readonly periodMs: number};

/** One series as it is read and kept: a metric of a ModelId at one period. */
type PastSeries = SeriesQuery & {readonly periodMs: number};

/** Values of one series, one for each period; periods without traffic are 0. */
type Stretch = {readonly fromMs: number; readonly values: Float64Array};

/** A line of the file. */
type Line = {
	readonly model: string;
	readonly series: string;
	readonly periodMs: number;
	readonly fromMs: number;
	/** Number of periods; zeros at the end of the values are left out. */
	readonly periods: number;
	readonly values: readonly number[];
};

const isLine = shapedAs({
	model: isText,
	series: isText,
	periodMs: isNumber,
	fromMs: isNumber,
	periods: isNumber,
	values: listOf(isNumber),
});

/** More stretches of one series than this are put together. */
const maxStretches = 12;

const keyOf = ({modelId, series, periodMs}: PastSeries): string => `${periodMs} ${series} ${modelId}`;

const endOf = ({fromMs, values}: Stretch, periodMs: number): number => fromMs + values.length * periodMs;

export class PastStore {
	readonly #file: string | undefined;
	readonly #stretches = new Map<string, Stretch[]>();
	/** Values that may still change: of this program alone. */
	readonly #fresh = new Map<string, Stretch>();

	/** @param file Undefined: nothing is kept. */
	constructor(file: string | undefined) {
		this.#file = file;
	}

	/** Reads what is kept. @param isForgetting Begins an empty file instead. */
	async open(isForgetting: boolean): Promise<void> {
		if (this.#file === undefined) {
			return;
		}
		try {
			await mkdir(path.dirname(this.#file), {recursive: true, mode: privateFolderMode});
			if (isForgetting) {
				await writeAtomically(this.#file, '', {isLasting: false});
				return;
			}
			this.#load(readFileSync(this.#file, 'utf8'));
		} catch {
			// Nothing is kept yet, or it cannot be read: then it is asked for.
			return;
		}
		if ([...this.#stretches.values()].some((stretches) => stretches.length > maxStretches)) {
			await this.#join();
		}
	}

	/** ModelIds of which anything is kept. */
	get modelIds(): readonly string[] {
		return [...new Set([...this.#stretches.keys()].map((key) => key.split(' ').slice(2).join(' ')))];
	}

	/** The parts of a window that have to be read. */
	missing(series: PastSeries, window: PastWindow): readonly PastWindow[] {
		const {periodMs} = window;
		let fromMs = window.fromMs;
		const missing: PastWindow[] = [];
		const stretches = this.#stretches.get(keyOf(series)) ?? [];
		for (const stretch of stretches.toSorted((one, other) => one.fromMs - other.fromMs)) {
			if (stretch.fromMs > fromMs && fromMs < window.toMs) {
				missing.push({fromMs, toMs: Math.min(stretch.fromMs, window.toMs), periodMs});
			}
			fromMs = Math.max(fromMs, endOf(stretch, periodMs));
		}
		return fromMs < window.toMs ? [...missing, {fromMs, toMs: window.toMs, periodMs}] : missing;
	}

	/**
	 * Takes the values of series that were read together. Those after `settledMs` may still change: the next program reads
	 * them again.
	 */
	record(
		read: ReadonlyArray<{
			readonly series: PastSeries;
			readonly at: readonly number[];
			readonly values: readonly number[];
		}>,
		{fromMs, toMs, periodMs}: PastWindow,
		settledMs: number,
	): void {
		const settled = Math.max(0, Math.floor((Math.min(toMs, settledMs) - fromMs) / periodMs));
		const lines: string[] = [];
		for (const {series, at, values} of read) {
			const all = new Float64Array(Math.ceil((toMs - fromMs) / periodMs));
			for (const [index, atMs] of at.entries()) {
				const value = values[index] ?? 0;
				const slot = Math.floor((atMs - fromMs) / periodMs);
				if (slot >= 0 && slot < all.length && Number.isFinite(value) && value > 0) {
					all[slot] = value;
				}
			}
			if (settled < all.length) {
				const fresh = {fromMs: fromMs + settled * periodMs, values: all.subarray(settled)};
				this.#fresh.set(keyOf(series), fresh);
			}
			if (settled > 0) {
				const stretch = {fromMs, values: all.subarray(0, settled)};
				this.#add(keyOf(series), stretch);
				lines.push(lineOf(series, stretch));
			}
		}
		this.#append(lines);
	}

	/** Values of a window; undefined where some of them were not read. */
	values(series: PastSeries, window: PastWindow): Float64Array | undefined {
		const key = keyOf(series);
		const fresh = this.#fresh.get(key);
		const all = [...(this.#stretches.get(key) ?? []), ...(fresh === undefined ? [] : [fresh])];
		const missing = this.missing(series, window);
		const isWhole = missing.every(
			({fromMs, toMs}) =>
				fresh !== undefined && fresh.fromMs <= fromMs && endOf(fresh, window.periodMs) >= toMs,
		);
		return isWhole ? joined(all, window) : undefined;
	}

	#add(key: string, stretch: Stretch): void {
		const known = this.#stretches.get(key);
		if (known === undefined) {
			this.#stretches.set(key, [stretch]);
		} else {
			known.push(stretch);
		}
	}

	#load(text: string): void {
		for (const line of text.split('\n')) {
			const parsed = parsedLine(line);
			if (parsed !== undefined) {
				const {model: modelId, series, periodMs, fromMs, periods} = parsed;
				const values = new Float64Array(periods);
				values.set(parsed.values.slice(0, periods));
				this.#add(`${periodMs} ${series} ${modelId}`, {fromMs, values});
			}
		}
	}

	/** A full disk costs the next program a few calls, not this one its report. */
	#append(lines: readonly string[]): void {
		if (this.#file === undefined || lines.length === 0) {
			return;
		}
		try {
			const descriptor = openPrivate(this.#file, 'continue');
			try {
				// A line that a crash has cut off must not swallow these.
				writeSync(descriptor, `\n${lines.join('\n')}\n`);
			} finally {
				closeSync(descriptor);
			}
		} catch {
			// Kept in memory.
		}
	}

	/** Puts the stretches of each series together, in memory and in the file. */
	async #join(): Promise<void> {
		const lines: string[] = [];
		for (const [key, stretches] of this.#stretches) {
			const [periodText = '', series = '', ...name] = key.split(' ');
			const periodMs = Number(periodText);
			const together = adjoining(stretches, periodMs);
			this.#stretches.set(key, together);
			for (const stretch of together) {
				lines.push(
					lineOf({modelId: name.join(' '), series: series as PastSeries['series'], periodMs}, stretch),
				);
			}
		}
		if (this.#file !== undefined) {
			await writeAtomically(this.#file, `${lines.join('\n')}\n`, {isLasting: false}).catch(() => {});
		}
	}
}

const lineOf = ({modelId, series, periodMs}: PastSeries, {fromMs, values}: Stretch): string => {
	const last = values.findLastIndex((value) => value > 0);
	const line: Line = {
		model: modelId,
		series,
		periodMs,
		fromMs,
		periods: values.length,
		values: [...values.subarray(0, last + 1)],
	};
	return JSON.stringify(line);
};

/** Longest stretch that a file may name: hours of 455 days, minutes of a few weeks. */
const maxPeriods = 200_000;

const parsedLine = (text: string): Line | undefined => {
	try {
		const value: unknown = text === '' ? undefined : JSON.parse(text);
		const line = isLine(value) ? (value as Line) : undefined;
		return line !== undefined &&
			Number.isInteger(line.periods) &&
			line.periods > 0 &&
			line.periods <= maxPeriods
			? line
			: undefined;
	} catch {
		// Cut off by a crash.
		return undefined;
	}
};

/** Values of a window out of the stretches that overlap it; later stretches win. */
const joined = (stretches: readonly Stretch[], {fromMs, toMs, periodMs}: PastWindow): Float64Array => {
	const values = new Float64Array(Math.ceil((toMs - fromMs) / periodMs));
	for (const stretch of stretches) {
		const shift = Math.round((stretch.fromMs - fromMs) / periodMs);
		const from = Math.max(0, -shift);
		const to = Math.min(stretch.values.length, values.length - shift);
		if (to > from) {
			values.set(stretch.values.subarray(from, to), shift + from);
		}
	}
	return values;
};

/** Stretches that touch or overlap become one. */
const adjoining = (stretches: readonly Stretch[], periodMs: number): Stretch[] => {
	const groups: Array<TimeWindow & {readonly members: readonly Stretch[]}> = [];
	for (const stretch of stretches.toSorted((one, other) => one.fromMs - other.fromMs)) {
		const last = groups.at(-1);
		const toMs = endOf(stretch, periodMs);
		if (last !== undefined && stretch.fromMs <= last.toMs) {
			groups[groups.length - 1] = {
				fromMs: last.fromMs,
				toMs: Math.max(last.toMs, toMs),
				members: [...last.members, stretch],
			};
		} else {
			groups.push({fromMs: stretch.fromMs, toMs, members: [stretch]});
		}
	}
	return groups.map(({fromMs, toMs, members}) => ({
		fromMs,
		values: joined(members, {fromMs, toMs, periodMs}),
	}));
};
