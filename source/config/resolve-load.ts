import {type Load, loadShapes} from '../domain/run-spec.ts';
import {UserError} from '../domain/user-error.ts';
import {bounds} from './bounds.ts';
import {defaults} from './defaults.ts';
import type {FlagValues} from './parse-arguments.ts';
import type {Preset} from './preset-schema.ts';
import {readChoice, readDurationMs, readInteger, readNumber} from './values.ts';

const given = <T>(text: string | undefined, read: (text: string) => T): T | undefined =>
	text === undefined ? undefined : read(text);

/** Requests of each variant at most where nobody says: fewer where there is nothing to choose. */
const mostRequests = (hasChoice: boolean): number =>
	hasChoice ? defaults.requestsPerVariant : defaults.requestsWithoutChoice;

/**
 * The load: flag over preset over default.
 * @param hasChoice Whether variants are chosen from: then the number of requests is only the most.
 * @throws UserError (exit 2) for a bad value, or a `rate` load without a rate.
 */
export const resolveLoad = (flags: FlagValues, preset: Preset['load'], hasChoice = true): Load => {
	const rate = given(flags.text('rate'), (text) => readNumber('rate', text, bounds.rate));
	const shape =
		given(flags.text('load'), (text) => readChoice('load', text, loadShapes)) ??
		preset?.shape ??
		defaults.loadShape;
	const isMeasure = shape === 'measure';
	// Requests and duration of a preset belong to its own shape: 20 a variant is no end for a saturating run.
	const own = preset !== undefined && (preset.shape ?? defaults.loadShape) === shape ? preset : undefined;
	const ratePerMinute = rate ?? preset?.ratePerMinute ?? null;
	if (shape === 'rate' && ratePerMinute === null) {
		throw new UserError('--load rate needs --rate N (requests a minute).', {
			exitCode: 2,
			hint: 'For example: --load rate --rate 120.',
		});
	}
	const requests =
		given(flags.text('requests'), (text) => readInteger('requests', text, bounds.requests)) ??
		own?.requests ??
		(isMeasure ? mostRequests(hasChoice) : null);
	const durationMs =
		given(flags.text('duration'), (text) => readDurationMs('duration', text)) ??
		given(own?.duration === undefined ? undefined : String(own.duration), (text) =>
			readDurationMs('duration', text),
		) ??
		(isMeasure || (shape === 'serial' && requests !== null) ? null : defaults.durationMs);
	return {
		shape,
		requests,
		durationMs,
		concurrency:
			given(flags.text('concurrency'), (text) => readInteger('concurrency', text, bounds.concurrency)) ??
			preset?.concurrency ??
			defaults.concurrency,
		ratePerMinute: shape === 'rate' ? ratePerMinute : null,
		arrival: preset?.arrival ?? 'constant',
		warmUpRequests: preset?.warmUp ?? 0,
		rampUpMs: preset?.rampUp === undefined ? 0 : readDurationMs('load.rampUp', String(preset.rampUp)),
	};
};
