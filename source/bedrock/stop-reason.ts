/** Stop reasons that mean: there was more to say. Every family has a word of its own. */
const truncated = new Set([
	'maxtokens',
	'maxoutputtokens',
	'length',
	'maxlength',
	'modellength',
	'modelcontextwindowexceeded',
	'errorlimit',
]);

/** Stop reasons that mean: the model or a filter would not say it. */
const refused = new Set([
	'refusal',
	'contentfiltered',
	'contentfilter',
	'guardrailintervened',
	'errortoxic',
	'safety',
	'blocked',
]);

const normalised = (reason: string): string => reason.toLowerCase().replace(/[^a-z]/g, '');

/** Was the answer cut off by its token limit or the context window? */
export const isTruncation = (stopReason: string): boolean => truncated.has(normalised(stopReason));

/** Was the answer refused by the model, or blocked or altered by a guardrail or content filter? */
export const isRefusal = (stopReason: string): boolean => refused.has(normalised(stopReason));
