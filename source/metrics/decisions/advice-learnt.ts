import type {Advice} from '../../domain/snapshot.ts';
import {amount, type Subject} from './advice-lines.ts';

/** What `--max-tokens auto` came to: the value, the risk of a cut answer, and the rate it allows. */
export const learntAdvice = ({figures, maxTokens, learntMaxTokens}: Subject): readonly Advice[] => {
	const {name, requests, maxTokensAdvice} = figures;
	if (learntMaxTokens === undefined || requests.succeeded === 0) {
		return [];
	}
	const {value, truncationRisk, sustainablePerMinute} = maxTokensAdvice;
	const learnt =
		learntMaxTokens === maxTokens
			? `${name}: auto keeps ${amount(maxTokens)} max tokens`
			: `${name}: auto learnt ${amount(learntMaxTokens)} max tokens instead of ${amount(maxTokens)}`;
	if (requests.truncated > 0) {
		const fate =
			learntMaxTokens === maxTokens ? 'are not useful' : `were asked again with ${amount(maxTokens)}`;
		const cut = `${requests.truncated} of ${requests.succeeded} answers were cut off and ${fate}`;
		return [{kind: 'max-tokens', text: `${learnt}; ${cut}.`, usefulPerMinute: null}];
	}
	if (value === null || truncationRisk === null) {
		const few = `${requests.succeeded} answers are too few to tell the risk of a cut`;
		return [{kind: 'max-tokens', text: `${learnt}; ${few}.`, usefulPerMinute: null}];
	}
	const rate =
		sustainablePerMinute === null
			? ''
			: `, and the quota then allows ${amount(sustainablePerMinute)} useful items a minute`;
	const text = `${learnt}; ${amount(value)} fits its answers (risk of a cut ${amount(truncationRisk * 100)} %)${rate}.`;
	return [{kind: 'max-tokens', text, usefulPerMinute: sustainablePerMinute}];
};
