import {itemFingerprint, variantFingerprint} from '../../domain/fingerprint.ts';
import type {RunConfig} from '../../domain/run-config.ts';
import type {Item} from '../../domain/task.ts';
import {UserError} from '../../domain/user-error.ts';
import {type Answered, type AnsweredLine, type AskedLine, partsOf} from '../../reports/answer-lines.ts';
import type {Results} from '../../reports/results-schema.ts';
import {formatCount} from '../../text/numbers.ts';

/** Checks whether a run can be resumed, and what has changed since. */

/** @param folder As the user knows it. */
export function refuse(folder: string, reason: string, hint: string, cause?: unknown): UserError {
	return new UserError(`--resume ${folder}: ${reason}.`, {exitCode: 2, hint, cause});
}

/** Checks that the load asks each item once. @throws UserError (exit 2). */
export function assertItemwise(folder: string, {load, task, variants, isBalanced}: RunConfig): void {
	if (load.shape !== 'measure' || isBalanced) {
		throw refuse(
			folder,
			`a ${isBalanced ? 'balanced' : load.shape} load does not ask the items one by one`,
			'Resume with --load measure.',
		);
	}
	if (task.chat !== undefined) {
		throw refuse(folder, 'a conversation cannot be resumed', 'Run it again into another folder.');
	}
	if (task.items.length === 0) {
		throw refuse(folder, 'this task has no items', 'Name the preset that the run was made with.');
	}
	const sizes = new Set(variants.map(({itemsPerRequest}) => itemsPerRequest));
	if (sizes.size > 1) {
		throw refuse(
			folder,
			'its variants carry different numbers of items per request',
			'Resume them one by one with --variants.',
		);
	}
}

/** Checks that the folder belongs to this preset, task, variants and models. @throws UserError (exit 2). */
export function assertSame(
	folder: string,
	config: RunConfig,
	earlier: readonly Results[],
	answered: {readonly variants: readonly string[]; readonly models: readonly string[]},
): void {
	for (const {plan} of earlier) {
		if (plan.preset !== config.preset || plan.task !== config.task.task) {
			const name = plan.preset ?? 'a task of the command line';
			throw refuse(folder, `it was made with ${name}, or with another task`, 'Repeat its command line.');
		}
	}
	const compare = (word: string, known: readonly string[], asked: readonly string[]): void => {
		const foreign = asked.find((name) => !known.includes(name));
		if (known.length > 0 && foreign !== undefined) {
			const list = [...new Set(known)].join(', ');
			throw refuse(folder, `the ${word} "${foreign}" was not part of it`, `It has: ${list}.`);
		}
	};
	const names = config.variants.map(({name}) => name);
	const variants = earlier.flatMap((results) => results.variants.map(({name}) => name));
	const models = earlier.flatMap((results) => results.targets.map(({model}) => model));
	compare('variant', variants, names);
	compare('model', models, config.models);
	if (earlier.length === 0) {
		compare('variant', names, answered.variants);
		compare('model', config.models, answered.models);
	}
}

/** Answers that give only the position of their item may belong to any row by now. @throws UserError (exit 2). */
export function assertRecognised(folder: string, {unknown}: Answered): void {
	if (unknown > 0) {
		throw refuse(
			folder,
			'answers.jsonl does not say which item each answer belongs to (an older version wrote only positions)',
			'Run it again into another folder: by position alone a row could be asked twice or skipped.',
		);
	}
}

/** Refuses a variant whose prompt has changed since: answers of both would be mixed. @throws UserError (exit 2). */
export function assertSameVariants(
	folder: string,
	config: RunConfig,
	lines: readonly AnsweredLine[],
	asked: readonly AskedLine[],
): void {
	for (const [name, parts] of Object.entries(partsOf(config))) {
		const own = variantFingerprint(parts);
		const others = lines.filter(
			(line) =>
				line.variant === name && line.variantFingerprint !== undefined && line.variantFingerprint !== own,
		);
		if (others.length > 0) {
			const before = asked.findLast(({variants}) => variants[name] !== undefined)?.variants[name] ?? {};
			const changed = Object.keys(parts).filter((part) => before[part] !== parts[part]);
			throw refuse(
				folder,
				`the variant "${name}" has changed since its ${others.length} ${others.length === 1 ? 'answer' : 'answers'} (${changed.join(', ') || 'its prompt'})`,
				'Undo the change, or run it into another folder.',
			);
		}
	}
}

const shownRows = 3;

const rowsText = (count: number, indexes: readonly number[], word: string): readonly string[] => {
	const rows = indexes.slice(0, shownRows).map((index) => index + 1);
	const more = indexes.length > shownRows ? ', ...' : '';
	const where = rows.length === 0 ? '' : ` (${rows.length === 1 ? 'row' : 'rows'} ${rows.join(', ')}${more})`;
	return count === 0 ? [] : [`${formatCount(count)} ${word}${where}`];
};

/** How the items have changed since, in sentences; none where nothing has. */
export function changesOf(
	items: readonly Item[],
	answered: Answered,
	asked: readonly AskedLine[],
): readonly string[] {
	const now = new Map(items.map((item) => [itemFingerprint(item), item.index]));
	const before = new Map(
		asked.flatMap((line) => line.items.map(([index, print]) => [print, index] as const)),
	);
	const gone = [...new Set([...before.keys(), ...answered.fingerprints])].filter((print) => !now.has(print));
	const goneRows = new Set(gone.map((print) => before.get(print)));
	// Without a record of what was asked, an item without an answer may be new or not.
	const fresh = before.size === 0 ? [] : [...now].filter(([print]) => !before.has(print));
	const changed = fresh.filter(([, index]) => goneRows.has(index)).map(([, index]) => index);
	const added = fresh.filter(([, index]) => !goneRows.has(index)).map(([, index]) => index);
	const parts = [
		...rowsText(added.length, added, 'new'),
		...rowsText(changed.length, changed, 'changed'),
		...rowsText(gone.length - changed.length, [], 'gone'),
	];
	const isKept = gone.some((print) => answered.fingerprints.has(print));
	return [
		...(parts.length === 0 ? [] : [`The items have changed since: ${parts.join(', ')}.`]),
		...(isKept ? ['Their answers stay in answers.jsonl.'] : []),
		...(answered.byText === 0
			? []
			: [
					`Answers without a fingerprint (an older version wrote them) were matched by their text: ${formatCount(answered.byText)}.`,
				]),
	];
}
