import type {Answer} from '../domain/backend.ts';
import type {Check, FailedCheck, Item, ItemVerdict, JudgeCheck, Task, Variant} from '../domain/task.ts';
import {unpackAnswers} from './compose.ts';
import {compileSchema, type SchemaValidator} from './json-schema.ts';

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

const schemaFault = (text: string, schema: Schema): string | undefined => {
	let value: unknown;
	try {
		value = JSON.parse(withoutFence(text));
	} catch {
		return 'it is not JSON';
	}
	try {
		return validatorOf(schema)(value);
	} catch {
		return 'it does not meet the schema';
	}
};

/** Characters of what is quoted of a check. */
const quotedLength = 200;

const quoted = (text: string): string =>
	text.length > quotedLength ? `${text.slice(0, quotedLength)}...` : text;

/** What keeps an answer, trimmed, from meeting a check; undefined where it meets it. Case counts. */
function faultOf(answer: string, check: Check): FailedCheck | undefined {
	const text = answer.trim();
	const failed = (name: FailedCheck['check'], isMet: boolean, why: () => string): FailedCheck | undefined =>
		isMet ? undefined : {check: name, why: quoted(why())};
	if ('contains' in check) {
		return failed('contains', text.includes(check.contains), () => `wanted in it: ${check.contains}`);
	}
	if ('regex' in check) {
		return failed('regex', new RegExp(check.regex, 'u').test(text), () => `wanted: /${check.regex}/`);
	}
	if ('oneOf' in check) {
		return failed('oneOf', check.oneOf.includes(text), () => `wanted one of: ${check.oneOf.join(', ')}`);
	}
	if ('equals' in check) {
		return failed('equals', text === check.equals.trim(), () => `wanted: ${check.equals.trim()}`);
	}
	if ('jsonSchema' in check) {
		const fault = schemaFault(text, check.jsonSchema);
		return failed('jsonSchema', fault === undefined, () => fault ?? '');
	}
	if ('judge' in check) {
		return undefined;
	}
	const {length} = [...text];
	return failed(
		'maxCharacters',
		length <= check.maxCharacters,
		() => `${length} characters, at most ${check.maxCharacters}`,
	);
}

/** Whether an answer, trimmed, meets a check. Case counts. */
export function meetsCheck(answer: string, check: Check): boolean {
	return faultOf(answer, check) === undefined;
}

/** Whether a check runs a pattern of the user, which may take any time. Others take time by the length of the answer. */
export function isPattern(check: Check): boolean {
	return 'regex' in check || 'jsonSchema' in check;
}

/** The checks of a task that an LLM makes. They take requests, and come after all others. */
export function judgesOf(checks: readonly Check[]): readonly JudgeCheck[] {
	return checks.flatMap((check) => ('judge' in check ? [check.judge] : []));
}

/** Whether an item has anything to check: a check of the task, or a known right answer, which its answer must equal. */
const hasChecks = (checks: readonly Check[], item: Item | undefined): boolean =>
	checks.length > 0 || item?.expected !== undefined;

/** The parts of a task that say what a useful answer is. */
type Rules = Pick<Task, 'checks' | 'expectedIn'>;

/** The part of an answer that is compared with what is expected. */
const comparedPart = (answer: string, {expectedIn}: Rules): string => {
	const text = answer.trim();
	return expectedIn === 'last-line' ? text.slice(text.lastIndexOf('\n') + 1).trim() : text;
};

/** The first check but patterns that an answer does not meet; a known right answer comes last. */
const firstFault = (answer: string, rules: Rules, item: Item | undefined): FailedCheck | undefined => {
	if (answer.trim() === '') {
		return {check: 'answered', why: 'the answer is empty'};
	}
	for (const check of rules.checks) {
		const fault = isPattern(check) ? undefined : faultOf(answer, check);
		if (fault !== undefined) {
			return fault;
		}
	}
	const expected = item?.expected?.trim();
	return expected === undefined || comparedPart(answer, rules) === expected
		? undefined
		: {check: 'expected', why: `expected: ${quoted(expected)}`};
};

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
	/** Of a pattern that is not met. */
	readonly failed?: FailedCheck | undefined;
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
const judgeItem = (answer: string, task: Rules, item: Item | undefined): ItemVerdict => {
	const failed = firstFault(answer, task, item);
	const checked = hasChecks(task.checks, item);
	return failed === undefined
		? {item, kind: 'useful', answer, checked}
		: {item, kind: 'check-failed', answer, checked, failed};
};

const judgeItems = (
	answer: Judged,
	task: Rules,
	items: readonly Item[],
	variant: Pick<Variant, 'parameters'>,
): readonly ItemVerdict[] => {
	const flaw = flawOf(answer, variant);
	const withFlaw = (verdict: ItemVerdict): ItemVerdict =>
		flaw === undefined ? verdict : {...verdict, kind: flaw, failed: undefined};
	if (items.length <= 1) {
		return [withFlaw(judgeItem(answer.text, task, items[0]))];
	}
	const answers = unpackAnswers(answer.text, items.length);
	return items.map((item, index) => {
		const part = answers[index];
		const isMissing = part === undefined && flaw !== 'refused';
		return isMissing
			? {item, kind: 'unparsed', answer: undefined, checked: hasChecks(task.checks, item)}
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
	task: Rules,
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
							...(result.failed === undefined ? {} : {failed: result.failed}),
						};
			});
		},
	};
}

/** Checks a text by all patterns among some checks, in this thread: it may take any time. */
export function checkPatterns(text: string, checks: readonly Check[]): PatternResult {
	for (const check of checks.filter(isPattern)) {
		const failed = faultOf(text, check);
		if (failed !== undefined) {
			return {isMet: false, failed};
		}
	}
	return {isMet: true};
}

/** Judges an answer at once, patterns included: they may take any time. */
export function judgeAnswer(
	answer: Judged,
	task: Rules,
	items: readonly Item[],
	variant: Pick<Variant, 'parameters'>,
): readonly ItemVerdict[] {
	const judgement = beginJudgement(answer, task, items, variant);
	return judgement.kind === 'judged'
		? judgement.verdicts
		: judgement.conclude(judgement.texts.map((text) => checkPatterns(text, task.checks)));
}
