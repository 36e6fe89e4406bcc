import type {VariantFigures} from '../../domain/figures-schema.ts';

/** What stop reasons mean, by their words: every service has its own. */
export const stopWords = {
	windowFull: /context.?window/i,
	refused: /refus|content.?filter|guardrail|safety|blocked|toxic/i,
	malformed: /^malformed/i,
	toolCall: /^(?:tool|function).?(?:use|calls?)$|^pause.?turn$/i,
} as const;

/** Answers of a variant that stopped for a reason of such words. */
export const stoppedBy = ({stopReasons}: Pick<VariantFigures, 'stopReasons'>, words: RegExp): number =>
	Object.entries(stopReasons).reduce((sum, [reason, count]) => sum + (words.test(reason) ? count : 0), 0);
