import {withoutSecretForms} from '../text/secrets.ts';
import {cleanLines} from '../text/width.ts';
import type {Results} from './results-schema.ts';

/**
 * The command line that repeats what left some results.
 * @returns One command for a POSIX shell; undefined where it is not known.
 */
export function repeatCommand(results: Results): string | undefined {
	const words = results.repeat ?? wordsOfEarlier(results);
	return words === undefined ? undefined : ['bedrock-top', ...words].map(shellWord).join(' ');
}

/** What a page does not show as it is; line ends and tabs are. */
const unseen =
	/(?![\n\t])[\p{Control}\p{Default_Ignorable_Code_Point}\p{Private_Use}\p{Noncharacter_Code_Point}\u2028\u2029]/gu;

/**
 * A word as a POSIX shell reads it, in pieces where it could pass for a tag of HTML. What cannot be seen is spelt out;
 * secrets are hidden.
 */
function shellWord(word: string): string {
	const given = word.toWellFormed();
	const seen = given.replaceAll(unseen, '');
	const clean = cleanLines(given);
	const isWhole = clean === seen && withoutSecretForms(seen) === seen;
	const shown = isWhole ? given : clean;
	if (/^[\w.,:/@%+=-]+$/.test(shown)) {
		return shown;
	}
	return `'${shown
		.replaceAll("'", String.raw`'\''`)
		.replaceAll(/<(?=[a-z!/?])/gi, "<''")
		.replaceAll(unseen, (character) => `'"$(printf '${octal(character)}')"'`)}'`;
}

const octal = (character: string): string =>
	[...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');

type Flags = ReadonlyArray<readonly [name: string, value: string | number | null]>;

/** Results of 0.1.0 do not keep the words: what they say of the settings; undefined for a tap. */
function wordsOfEarlier(results: Results): readonly string[] | undefined {
	const {plan, targets, simulated, search} = results;
	if (plan.load === 'tap') {
		return undefined;
	}
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
		isBatch ? 'batch' : 'run',
		...(plan.preset === null ? [] : [plan.preset]),
		...(simulated ? ['--demo'] : []),
		...(search === undefined ? [] : ['--search']),
		...flags.flatMap(([name, value]) => (value === null ? [] : [name, String(value)])),
	];
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

/** Bucket and role are not known: placeholders. */
function flagsOfBatch({plan, simulated}: Results): Flags {
	return [
		['--max-tokens', typedMaxTokens(plan)],
		['--s3', simulated ? null : 's3://YOUR-BUCKET/YOUR-PREFIX'],
		['--role-arn', simulated ? null : 'arn:aws:iam::YOUR-ACCOUNT:role/YOUR-ROLE'],
	];
}

/** As a flag it would override the variants' own values. */
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
