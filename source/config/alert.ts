import {UserError} from '../domain/user-error.ts';
import {type Alert, alertFigures, alertOperators} from '../metrics/decisions/alert.ts';

const form = /^\s*([a-z]+)\s*(<=|>=|==|!=|<|>)\s*(\d+(?:\.\d+)?)\s*%?\s*$/;

/**
 * Reads `--alert "tokens>80"`: percent of a limit that is in use.
 * @throws UserError (exit 2) that quotes what was typed.
 */
export const readAlert = (text: string): Alert => {
	const [, typed = '', operator, bound] = form.exec(text) ?? [];
	const figure = alertFigures.find((each) => each === typed);
	const known = alertOperators.find((each) => each === operator);
	if (figure === undefined || known === undefined) {
		throw new UserError(`--alert: "${text}" is not of the form FIGURE OP PERCENT.`, {
			exitCode: 2,
			hint: `Figures are ${alertFigures.join(', ')}, in percent of their limit: --alert "tokens>80".`,
		});
	}
	return {text: text.trim(), figure, operator: known, bound: Number(bound)};
};
