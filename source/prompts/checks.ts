import type {Answer} from '../domain/backend.ts';
import type {Check, Item, ItemVerdict, Task, Variant} from '../domain/task.ts';
import {compileSchema, type SchemaValidator} from './json-schema.ts';
import {unpackAnswers} from './packing.ts';

type Schema = Readonly<Record<string, unknown>>;

/** By identity: a preset's schemas are the same objects during a run. */
const validators = new WeakMap<Schema, SchemaValidator>();

const validatorOf = (schema: Schema): SchemaValidator => {
	const validator = validators.get(schema) ?? compileSchema(schema);
	validators.set(schema, validator);
	return validator;
};

/** Models like to wrap JSON into a Markdown fence; the fence is not part of the value. */
const withoutFence = (text: string): string =>
	text.replace(/^```[a-z]*\s*\n?/i, '').replace(/\n?```\s*$/, '');

const matchesSchema = (answer: string, schema: Schema): boolean => {
	try {
		return validatorOf(schema)(JSON.parse(withoutFence(answer.trim())));
	} catch {
		return false;
	}
};

/** Whether an answer, trimmed, meets a check. Case counts. */
export function meetsCheck(answer: string, check: Check): boolean {
	const text = answer.trim();
	if ('contains' in check) {
		return text.includes(check.contains);
	}
	if ('regex' in check) {
		return new RegExp(check.regex, 'u').test(text);
	}
	if ('oneOf' in check) {
		return check.oneOf.includes(text);
	}
	if ('equals' in check) {
		return text === check.equals.trim();
	}
	if ('jsonSchema' in check) {
		return matchesSchema(text, check.jsonSchema);
	}
	return [...text].length <= check.maxCharacters;
}

/** Whether a check runs a pattern of the user, which may take any time. Others take time by the length of the answer. */
export function isPattern(check: Check): boolean {
	return 'regex' in check || 'jsonSchema' in check;
}

/** All checks of an item: those of the task, and the equality that a known right answer implies. */
function checksOf(checks: readonly Check[], item: Item | undefined): readonly Check[] {
	return item?.expected === undefined ? checks : [...checks, {equals: item.expected}];
}

/** The parts of a task that answers are judged by. */
export type Judged = Pick<Answer, 'text' | 'isTruncated' | 'isRefused' | 'unfit'>;

/** Whether a variant offers tools: then a tool call is an answer. */
function hasTools({parameters}: Pick<Variant, 'parameters'>): boolean {
	return ['toolConfig', 'tools', 'tool_config'].some((key) => key in parameters);
}

/** Why nothing of an answer is useful, whatever its text; undefined where it is whole. */
const flawOf = (
	{isRefused, isTruncated, unfit}: Judged,
	variant: Pick<Variant, 'parameters'>,
): ItemVerdict['kind'] | undefined => {
	if (isRefused) {
		return 'refused';
	}
	if (isTruncated) {
		return 'truncated';
	}
	return unfit === 'tool-call' && hasTools(variant) ? undefined : unfit;
};

/** Result of the patterns of a task for a text. */
export type PatternResult = {
	readonly isMet: boolean;
	/** Why the check could not finish: then it is not met. */
	readonly reason?: string | undefined;
};

/** Checks texts by the patterns of a task, in another thread and in bounded time. It always answers, in the order of the texts. */
export type PatternChecker = {
	readonly check: (texts: readonly string[]) => Promise<readonly PatternResult[]>;
	readonly close: () => void;
};

/** An answer that is judged, or the texts that patterns must check first. */
type Judgement =
	| {readonly kind: 'judged'; readonly verdicts: readonly ItemVerdict[]}
	| {
			readonly kind: 'open';
			/** The texts to check. */
			readonly texts: readonly string[];
			/** @param results One for each text. */
			readonly conclude: (results: readonly PatternResult[]) => readonly ItemVerdict[];
	  };

/** Judges by all checks but patterns. */
const judgeItem = (answer: string, task: Pick<Task, 'checks'>, item: Item | undefined): ItemVerdict => {
	const checks = checksOf(task.checks, item);
	const hasPassed =
		answer.trim() !== '' && checks.every((check) => isPattern(check) || meetsCheck(answer, check));
	return {item, kind: hasPassed ? 'useful' : 'check-failed', answer, checked: checks.length > 0};
};

const judgeItems = (
	answer: Judged,
	task: Pick<Task, 'checks'>,
	items: readonly Item[],
	variant: Pick<Variant, 'parameters'>,
): readonly ItemVerdict[] => {
	const flaw = flawOf(answer, variant);
	const withFlaw = (verdict: ItemVerdict): ItemVerdict =>
		flaw === undefined ? verdict : {...verdict, kind: flaw};
	if (items.length <= 1) {
		return [withFlaw(judgeItem(answer.text, task, items[0]))];
	}
	const answers = unpackAnswers(answer.text, items.length);
	return items.map((item, index) => {
		const part = answers[index];
		const isMissing = part === undefined && flaw !== 'refused';
		return isMissing
			? {item, kind: 'unparsed', answer: undefined, checked: checksOf(task.checks, item).length > 0}
			: withFlaw(judgeItem(part ?? '', task, item));
	});
};

const isUseful = ({kind}: ItemVerdict): boolean => kind === 'useful';

/**
 * Judges the answer to one request, item by item, as far as possible without patterns. An empty, refused, truncated or
 * malformed answer is never useful, and no pattern checks it.
 */
export function beginJudgement(
	answer: Judged,
	task: Pick<Task, 'checks'>,
	items: readonly Item[],
	variant: Pick<Variant, 'parameters'>,
): Judgement {
	const verdicts = judgeItems(answer, task, items, variant);
	const open = task.checks.some(isPattern) ? verdicts.filter(isUseful) : [];
	if (open.length === 0) {
		return {kind: 'judged', verdicts};
	}
	return {
		kind: 'open',
		texts: open.map((verdict) => verdict.answer ?? ''),
		conclude(results) {
			const rest = [...results];
			return verdicts.map((verdict) => {
				const result = isUseful(verdict) ? rest.shift() : undefined;
				return result === undefined || result.isMet
					? verdict
					: {
							...verdict,
							kind: 'check-failed',
							...(result.reason === undefined ? {} : {reason: result.reason}),
						};
			});
		},
	};
}

/** Whether a text meets all patterns among some checks, in this thread: it may take any time. */
export function meetsPatterns(text: string, checks: readonly Check[]): boolean {
	return checks.filter(isPattern).every((check) => meetsCheck(text, check));
}

/** Judges an answer at once, patterns included: they may take any time. */
export function judgeAnswer(
	answer: Judged,
	task: Pick<Task, 'checks'>,
	items: readonly Item[],
	variant: Pick<Variant, 'parameters'>,
): readonly ItemVerdict[] {
	const judgement = beginJudgement(answer, task, items, variant);
	return judgement.kind === 'judged'
		? judgement.verdicts
		: judgement.conclude(judgement.texts.map((text) => ({isMet: meetsPatterns(text, task.checks)})));
}
