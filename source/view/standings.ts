import type {Goal} from '../domain/run-spec.ts';
import type {Snapshot} from '../domain/snapshot.ts';
import type {Verdict} from '../domain/verdict.ts';

/** How a verdict is shown beside the variants, on the screen and in print. */

/** The verdict of a target for a goal; undefined where there is none yet. */
export function verdictFor(
	snapshot: Pick<Snapshot, 'verdicts'> | undefined,
	target: number,
	goal: Goal,
): Verdict | undefined {
	return snapshot?.verdicts.find((verdict) => verdict.target === target && verdict.goal === goal);
}

/** Whether a variant is what to use. */
export function isRecommended(verdict: Verdict | undefined, name: string): boolean {
	return (verdict?.basis === 'winner' || verdict?.basis === 'tie') && verdict.recommended === name;
}

/** Where a variant stands, in a word or two; empty where there is nothing to choose. */
export function standingWord(verdict: Verdict | undefined, name: string): string {
	if (verdict === undefined || verdict.basis === 'only' || verdict.basis === 'none') {
		return '';
	}
	if (isRecommended(verdict, name)) {
		return verdict.basis === 'winner' ? '★ best' : '★ use';
	}
	const place = verdict.leaders.indexOf(name);
	if (place === -1) {
		return 'out';
	}
	return verdict.basis === 'tie' ? 'equal' : place === 0 ? 'ahead' : 'in';
}
