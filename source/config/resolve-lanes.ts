import type {Lane} from '../domain/lane.ts';
import type {LaneConfig} from '../domain/run-config.ts';
import type {Variant} from '../domain/variant.ts';
import {faultAt, type ParsedPreset} from './parse-preset.ts';

/** Where the variants go that no lane names. */
const defaultLane: Lane = 'normal';

/**
 * The lanes of a run; none where the preset says nothing of lanes. A variant that no lane names runs in `normal`.
 * @param variants Those of the run.
 * @throws UserError (exit 2) with file and line, for a lane that names a variant which is not run.
 */
export const resolveLanes = (
	parsed: ParsedPreset | undefined,
	variants: readonly Variant[],
): readonly LaneConfig[] => {
	const given = parsed?.preset.lanes;
	if (parsed === undefined || given === undefined) {
		return [];
	}
	const names = variants.map(({name}) => name);
	const own = Object.entries(given).map(([lane, config]): LaneConfig => {
		const unknown = config.variants.findIndex((name) => !names.includes(name));
		if (unknown !== -1) {
			throw faultAt(
				parsed,
				['lanes', lane, 'variants', unknown],
				`lane "${lane}" names the variant "${config.variants[unknown]}", which is not run.`,
				`Variants of this run: ${names.join(', ')}.`,
			);
		}
		return {lane: lane as Lane, variants: config.variants, ratePerMinute: config.ratePerMinute ?? null};
	});
	const rest = names.filter((name) => !own.some((lane) => lane.variants.includes(name)));
	if (rest.length === 0) {
		return own;
	}
	const normal = own.find(({lane}) => lane === defaultLane);
	return [
		...own.filter((lane) => lane !== normal),
		{
			lane: defaultLane,
			variants: [...(normal?.variants ?? []), ...rest],
			ratePerMinute: normal?.ratePerMinute ?? null,
		},
	];
};
