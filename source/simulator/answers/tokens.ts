/**
 * The simulator's tokenizer. No vendor's: a token is up to five letters, up to three digits or up to two other signs,
 * with one space before it, a template's own mark such as <|eot_id|>, or a run of white space. English prose comes to about four characters a token. The
 * simulator is the service here, so what it counts is exact by definition.
 */
const tokenPattern = /<\|[a-z_]+\|>|\s?[\p{L}\p{M}]{1,5}|\s?\p{N}{1,3}|\s?[^\s\p{L}\p{M}\p{N}]{1,2}|\s+/gu;

/** The tokens of a text; put together they are the text. */
export const tokenize = (text: string): readonly string[] => text.match(tokenPattern) ?? [];

/** Number of tokens of a text. */
export const countTokens = (text: string): number => tokenize(text).length;
