import type {AnswerRecord} from '../engine/attempts/answer-record.ts';

/** Says once in a run that an answer could not be checked, and why. */
export const createCheckWarning = (warn: (text: string) => void): ((record: AnswerRecord) => void) => {
	let hasWarned = false;
	return ({variant, verdicts}) => {
		const reason = hasWarned ? undefined : verdicts.find((verdict) => verdict.reason !== undefined)?.reason;
		if (reason !== undefined) {
			hasWarned = true;
			warn(
				`An answer of ${variant} counts as check failed: ${reason}. Make the regex or the JSON schema simpler; answers.jsonl names each such answer.`,
			);
		}
	};
};
