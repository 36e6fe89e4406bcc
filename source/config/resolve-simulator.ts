import {UserError} from '../domain/user-error.ts';
import type {SimulatorOptions} from '../simulator/options.ts';
import type {TextFlag} from './flags.ts';
import {readText} from './input/text-file.ts';
import type {FlagValues} from './parse-arguments.ts';
import {readChoice, readDurationMs, readInteger, readNumber} from './values.ts';

const enforcements = ['sliding', 'fixed', 'refill'] as const;
const countings = ['first-byte', 'end'] as const;
const reservations = ['with-cache-reads', 'without-cache-reads'] as const;
const eras = ['now', '2024'] as const;

/** A name or an address, without scheme or port. */
const readHost = (text: string): string => {
	if (!/^(?:[\w.-]+|\[?[\da-f:.]+\]?)$/i.test(text)) {
		throw new UserError(`--host: "${text}" is not a host name or an address.`, {
			exitCode: 2,
			hint: 'Write it without scheme and port, as in --host 0.0.0.0; the port has a flag of its own.',
		});
	}
	return text;
};

/**
 * Settings of the simulator from flags; the script of faults is read here and checked by the simulator.
 * @throws UserError (exit 2) that quotes the offending value.
 */
export const resolveSimulator = (
	flags: FlagValues,
	parseFaults: (file: string, text: string) => SimulatorOptions['faults'],
): SimulatorOptions => {
	const read = <T>(name: TextFlag, reader: (text: string) => T): T | undefined => {
		const text = flags.text(name);
		return text === undefined ? undefined : reader(text);
	};
	const limit = (name: TextFlag): number | undefined =>
		read(name, (text) => readInteger(name, text, {min: 0, max: 1_000_000_000_000}));
	return {
		port: read('port', (text) => readInteger('port', text, {min: 0, max: 65_535})) ?? 0,
		host: read('host', readHost),
		seed: read('seed', (text) => readInteger('seed', text, {min: 0, max: 2 ** 31})) ?? 1,
		requestsPerMinute: limit('rpm'),
		tokensPerMinute: limit('tpm'),
		enforcement: read('enforcement', (text) => readChoice('enforcement', text, enforcements)) ?? 'sliding',
		countFrom: read('count-from', (text) => readChoice('count-from', text, countings)) ?? 'first-byte',
		reserve: read('reserve', (text) => readChoice('reserve', text, reservations)) ?? 'with-cache-reads',
		era: read('era', (text) => readChoice('era', text, eras)) ?? 'now',
		windowMs: read('window', (text) => readDurationMs('window', text)) ?? 60_000,
		latencyMs: read('latency', (text) => readNumber('latency', text, {min: 0, max: 600_000})),
		faults: read('faults', (file) => parseFaults(file, readText(file))),
	};
};
