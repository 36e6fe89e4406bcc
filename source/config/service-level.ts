import type {ServiceLevel} from '../domain/run-spec.ts';
import {UserError} from '../domain/user-error.ts';
import {readDurationMs} from './values.ts';

/**
 * Reads `--slo ttft=800ms,total=5s`.
 * @throws UserError (exit 2) for an unknown name or a bad duration.
 */
export const readServiceLevel = (value: string | undefined): ServiceLevel | null => {
	if (value === undefined) {
		return null;
	}
	let level: ServiceLevel = {};
	for (const part of value.split(',')) {
		const [name = '', bound = ''] = part.split('=').map((text) => text.trim());
		switch (bound === '' ? '' : name) {
			case 'ttft':
				level = {...level, timeToFirstTokenMs: readDurationMs('slo', bound)};
				break;
			case 'total':
				level = {...level, totalMs: readDurationMs('slo', bound)};
				break;
			default:
				throw new UserError(`--slo: "${part}" is not of the form ttft=800ms or total=5s.`, {
					exitCode: 2,
					hint: 'Separate several bounds by commas: --slo ttft=800ms,total=5s.',
				});
		}
	}
	return level;
};
