import type {Answer} from '../../domain/backend.ts';
import type {Cell} from './cell.ts';

/** Values that are distinguished; a service has a handful. */
const maxKinds = 20;

/** The requested value of one sort. */
type Served = {readonly sort: 'service tier' | 'latency mode'; readonly asked: string | undefined};

const askedLatencyMode = ({variant}: Cell): string | undefined => {
	const config = variant.parameters.performanceConfig;
	const mode =
		typeof config === 'object' && config !== null && 'latency' in config ? config.latency : undefined;
	return typeof mode === 'string' ? mode : undefined;
};

/**
 * Watches the service tier and the latency mode that answers echo: a comparison must not mix them unseen. Logs when it is
 * not the requested one, and when there are several.
 * @param note Adds a line to the log.
 */
export function createTierMismatchWatch(
	note: (kind: 'tier', text: string) => void,
): (cell: Cell, answer: Pick<Answer, 'tier' | 'latencyMode'>) => void {
	const seen = new Map<string, Set<string>>();
	const check = (who: string, {sort, asked}: Served, served: string | undefined): void => {
		if (served === undefined) {
			return;
		}
		const key = `${sort} ${who}`;
		const known = seen.get(key) ?? new Set();
		if (known.has(served) || known.size >= maxKinds) {
			return;
		}
		seen.set(key, known.add(served));
		if (known.size > 1) {
			note('tier', `${who}: its figures mix answers of more than one ${sort}: ${[...known].join(', ')}.`);
		} else if (asked !== undefined && asked !== served) {
			note('tier', `${who}: the ${sort} ${asked} was asked for, answers were served by ${served}.`);
		}
	};
	return (cell, {tier, latencyMode}) => {
		const {model, tier: asked} = cell.target;
		// All variants of a target are compared; a latency mode may be what sets one variant apart from another.
		check(model, {sort: 'service tier', asked: asked ?? undefined}, tier);
		check(
			`${cell.variant.name} on ${model}`,
			{sort: 'latency mode', asked: askedLatencyMode(cell)},
			latencyMode,
		);
	};
}
