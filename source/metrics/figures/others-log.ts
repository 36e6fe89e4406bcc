import type {OthersReading} from '../../domain/snapshot.ts';

const minuteMs = 60_000;

/** Readings that are kept of each target: those of the last two hours. */
const keptReadings = 120;

/** What others used of the buckets of a run: for each target and minute the greatest figures, the newest minutes only. */
export class OthersLog {
	readonly #readings: OthersReading[][] = [];

	/** A reading of a target. @param at Milliseconds since 1970. */
	add(reading: Omit<OthersReading, 'at'>, at: number): void {
		this.#readings[reading.target] ??= [];
		const own = this.#readings[reading.target] ?? [];
		const minuteOf = (iso: string): number => Math.floor(Date.parse(iso) / minuteMs);
		const index = own.findIndex((each) => minuteOf(each.at) === Math.floor(at / minuteMs));
		const known = own[index];
		const added = {...reading, at: new Date(at).toISOString()};
		if (known === undefined) {
			own.push(added);
			own.splice(0, own.length - keptReadings);
		} else {
			own[index] = {
				...added,
				requestsPerMinute: greater(known.requestsPerMinute, reading.requestsPerMinute),
				quotaTokensPerMinute: greater(known.quotaTokensPerMinute, reading.quotaTokensPerMinute),
			};
		}
	}

	/** Oldest first. */
	get readings(): readonly OthersReading[] {
		return this.#readings.flat().sort((first, second) => first.at.localeCompare(second.at));
	}
}

const greater = (first: number | null, second: number | null): number | null =>
	first === null || second === null ? (first ?? second) : Math.max(first, second);
