/** Stop reasons of an unfinished answer. Every family has its own word. */
const truncated = new Set([
	'maxtokens',
	'maxoutputtokens',
	'length',
	'maxlength',
	'modellength',
	'modelcontextwindowexceeded',
	'errorlimit',
]);

/** Stop reasons of an answer that the model or a filter refused. */
const refused = new Set([
	'refusal',
	'contentfiltered',
	'contentfilter',
	'guardrailintervened',
	'errortoxic',
	'safety',
	'blocked',
]);

/** Services have a handful of words; others are judged each time. */
const maxRemembered = 100;
const maxRememberedLength = 60;

/** Stop reasons of an answer that calls a tool first. */
const toolCalls = new Set(['tooluse', 'toolcall', 'toolcalls', 'functioncall', 'pauseturn']);

type Judgement = {
	readonly isTruncation: boolean;
	readonly isRefusal: boolean;
	readonly unfit: 'malformed' | 'tool-call' | undefined;
};

const judgements = new Map<string, Judgement>();

/** Whether the answer was cut off by its token limit or the context window. */
export function isTruncation(stopReason: string): boolean {
	return judge(stopReason).isTruncation;
}

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

/** Whether the model refused the answer, or a guardrail or content filter blocked or altered it. */
export function isRefusal(stopReason: string): boolean {
	return judge(stopReason).isRefusal;
}

/** Why the output is not an answer: the service calls it malformed, or it calls a tool. */
export function unfitness(stopReason: string): 'malformed' | 'tool-call' | undefined {
	return judge(stopReason).unfit;
}
