import {itemFingerprint} from '../../domain/fingerprint.ts';
import type {Item} from '../../domain/variant.ts';
import type {Answered} from '../../reports/answer-lines.ts';
import type {AskedLine} from '../../reports/asked-lines.ts';
import {formatCount} from '../../text/numbers.ts';

/** What a resumed run finds otherwise than it was. */

const shownRows = 3;

const rowsText = (count: number, indexes: readonly number[], word: string): readonly string[] => {
	const rows = indexes.slice(0, shownRows).map((index) => index + 1);
	const more = indexes.length > shownRows ? ', ...' : '';
	const where = rows.length === 0 ? '' : ` (${rows.length === 1 ? 'row' : 'rows'} ${rows.join(', ')}${more})`;
	return count === 0 ? [] : [`${formatCount(count)} ${word}${where}`];
};

/** Sentences; none where all is as it was. */
export const changesOf = (
	items: readonly Item[],
	answered: Answered,
	asked: readonly AskedLine[],
): readonly string[] => {
	const now = new Map(items.map((item) => [itemFingerprint(item), item.index]));
	const before = new Map(
		asked.flatMap((line) => line.items.map(([index, print]) => [print, index] as const)),
	);
	const gone = [...new Set([...before.keys(), ...answered.fingerprints])].filter((print) => !now.has(print));
	const goneRows = new Set(gone.map((print) => before.get(print)));
	// Where nobody wrote down what was asked, an item without an answer may be new or not.
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
					`Of the answers ${formatCount(answered.byText)} without a fingerprint (an older version wrote them) went by their text.`,
				]),
	];
};
