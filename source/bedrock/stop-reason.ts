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

/** Services have a handful of words; whatever else arrives is judged anew each time. */
const maxRemembered = 100;
const maxRememberedLength = 60;

/** Stop reasons that mean: a tool is to be called before there is an answer. */
const toolCalls = new Set(['tooluse', 'toolcall', 'toolcalls', 'functioncall', 'pauseturn']);

type Judgement = {
	readonly isTruncation: boolean;
	readonly isRefusal: boolean;
	readonly unfit: 'malformed' | 'tool-call' | undefined;
};

const judgements = new Map<string, Judgement>();

const judge = (stopReason: string): Judgement => {
	const known = judgements.get(stopReason);
	if (known !== undefined) {
		return known;
	}

	const word = stopReason.toLowerCase().replace(/[^a-z]/g, '');
	const unfit = word.startsWith('malformed') ? 'malformed' : toolCalls.has(word) ? 'tool-call' : undefined;
	const judgement = {isTruncation: truncated.has(word), isRefusal: refused.has(word), unfit} as const;
	if (judgements.size < maxRemembered && stopReason.length <= maxRememberedLength) {
		judgements.set(stopReason, judgement);
	}

	return judgement;
};

/** Was the answer cut off by its token limit or the context window? */
export function isTruncation(stopReason: string): boolean {
	return judge(stopReason).isTruncation;
}

/** Was the answer refused by the model, or blocked or altered by a guardrail or content filter? */
export function isRefusal(stopReason: string): boolean {
	return judge(stopReason).isRefusal;
}

/** Did it end by something other than an answer: output that the service itself calls malformed, or the call of a tool? */
export function unfitness(stopReason: string): 'malformed' | 'tool-call' | undefined {
	return judge(stopReason).unfit;
}
