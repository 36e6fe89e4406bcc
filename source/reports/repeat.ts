import {cleanText} from '../text/width.ts';
import type {Results} from './results-schema.ts';

type Flags = ReadonlyArray<readonly [name: string, value: string | number | null]>;

/**
 * The command line that repeats a run or a batch.
 *
 * @returns One shell command; a task that was given without a preset is part of it, its content is not known any more.
 */
export function repeatCommand(results: Results): string {
	const {plan, targets, simulated, search} = results;
	const isBatch = plan.method === 'batch';
	const [region] = new Set(targets.map((target) => target.region));
	const flags: Flags = [
		['--task', plan.preset === null ? plan.task : null],
		...targets.map(({model}) => ['-m', model] as const),
		['--region', simulated ? null : (region ?? null)],
		['--variants', variantsOf(results)],
		...(isBatch ? flagsOfBatch(results) : flagsOfRun(results)),
		...overrides(results),
		['--seed', plan.seed],
	];
	return [
		isBatch ? 'bedrock-top batch' : 'bedrock-top run',
		...(plan.preset === null ? [] : [quoted(plan.preset)]),
		...(simulated ? ['--demo'] : []),
		...(search === undefined ? [] : ['--search']),
		...flags.flatMap(([name, value]) => (value === null ? [] : [`${name} ${quoted(String(value))}`])),
	].join(' ');
}

function variantsOf({variants, search}: Results): string | null {
	const plain = search?.candidates.filter(({levers}) => levers.length === 0);
	const names = [...new Set((plain ?? variants).map(({name}) => name))];
	return names.length === 0 ? null : names.join(',');
}

function flagsOfRun({plan, targets, search}: Results): Flags {
	const [tier] = new Set(targets.map((target) => target.tier));
	return [
		['--method', plan.method],
		['--load', plan.load],
		['--requests', search?.budget ?? plan.requests],
		['--duration', plan.durationSeconds === null ? null : `${plan.durationSeconds}s`],
		['--concurrency', plan.concurrency],
		['--rate', plan.ratePerMinute],
		['--max-tokens', typedMaxTokens(plan)],
		['--goal', plan.goal],
		['--policy', plan.policy],
		// Above 1 only the preset can say it.
		['--share', plan.share > 1 ? null : plan.share],
		['--burst', plan.burst],
		['--tier', tier ?? null],
	];
}

/** Results do not keep the names of what lies in an account: bucket and role stand as words to be filled in. */
function flagsOfBatch({plan, simulated}: Results): Flags {
	return [
		['--max-tokens', typedMaxTokens(plan)],
		['--s3', simulated ? null : 's3://YOUR-BUCKET/YOUR-PREFIX'],
		['--role-arn', simulated ? null : 'arn:aws:iam::YOUR-ACCOUNT:role/YOUR-ROLE'],
	];
}

/** Typed, it would take the place of what variants say of their own. */
const typedMaxTokens = ({maxTokens, hasOwnMaxTokens}: Results['plan']): number | string | null =>
	hasOwnMaxTokens && maxTokens !== 'auto' ? null : maxTokens;

function overrides({targets: [first]}: Results): Flags {
	return [
		['--rpm', overridden(first?.quota.requestsPerMinute)],
		['--tpm', overridden(first?.quota.tokensPerMinute)],
		['--burndown', first?.burndown.source === 'override' ? first.burndown.value : null],
	];
}

/** A limit that the user typed. */
const overridden = (
	limit: Results['targets'][number]['quota']['tokensPerMinute'] | undefined,
): number | null => (limit?.source === 'override' ? limit.value : null);

/** A word as a POSIX shell reads it, in pieces where it could pass for a tag of HTML. */
function quoted(word: string): string {
	const clean = cleanText(word);
	return /^[\w.,:/@%+=-]+$/.test(clean)
		? clean
		: `'${clean.replaceAll("'", String.raw`'\''`).replaceAll(/<(?=[a-z!/?])/gi, "<''")}'`;
}
