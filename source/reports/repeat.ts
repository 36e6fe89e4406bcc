import type {Results} from './results-schema.ts';

/**
 * The command line that repeats a run.
 *
 * @returns One shell command; a task that was given without a preset is part of it, its content is not known any more.
 */
export function repeatCommand({plan, targets, variants, simulated, search}: Results): string {
	const plain = search?.candidates.filter(({levers}) => levers.length === 0);
	const names = [...new Set((plain ?? variants).map(({name}) => name))];
	const [region] = new Set(targets.map((target) => target.region));
	const [tier] = new Set(targets.map((target) => target.tier));
	const [first] = targets;
	const flags: ReadonlyArray<readonly [name: string, value: string | number | null]> = [
		['--task', plan.preset === null ? plan.task : null],
		...targets.map(({model}) => ['-m', model] as const),
		['--region', simulated ? null : (region ?? null)],
		['--variants', names.length === 0 ? null : names.join(',')],
		['--method', plan.method],
		['--load', plan.load],
		['--requests', search?.budget ?? plan.requests],
		['--duration', plan.durationSeconds === null ? null : `${plan.durationSeconds}s`],
		['--concurrency', plan.concurrency],
		['--rate', plan.ratePerMinute],
		['--max-tokens', plan.maxTokens],
		['--goal', plan.goal],
		['--policy', plan.policy],
		// Above 1 only the preset can say it.
		['--share', plan.share > 1 ? null : plan.share],
		['--burst', plan.burst],
		['--tier', tier ?? null],
		['--rpm', overridden(first?.quota.requestsPerMinute)],
		['--tpm', overridden(first?.quota.tokensPerMinute)],
		['--burndown', first?.burndown.source === 'override' ? first.burndown.value : null],
		['--seed', plan.seed],
	];
	return [
		'bedrock-top run',
		...(plan.preset === null ? [] : [quoted(plan.preset)]),
		...(simulated ? ['--demo'] : []),
		...(search === undefined ? [] : ['--search']),
		...flags.flatMap(([name, value]) => (value === null ? [] : [`${name} ${quoted(String(value))}`])),
	].join(' ');
}

/** A limit that the user typed. */
const overridden = (
	limit: Results['targets'][number]['quota']['tokensPerMinute'] | undefined,
): number | null => (limit?.source === 'override' ? limit.value : null);

/** A word as a POSIX shell reads it. */
function quoted(word: string): string {
	return /^[\w.,:/@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
