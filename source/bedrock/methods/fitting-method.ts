import type {Method} from '../../domain/backend.ts';
import type {Target} from '../../domain/target.ts';
import {UserError} from '../../domain/user-error.ts';
import {type Catalogue, emptyCatalogue} from '../identify/catalogue.ts';

/** The method that takes the place of one that streams. */
const whole: Readonly<Partial<Record<Method, Method>>> = {
	'converse-stream': 'converse',
	'invoke-stream': 'invoke',
};

export type FittingMethod = {
	readonly method: Method;
	/** Why it is another than was wished for; undefined where it is the same. */
	readonly remark: string | undefined;
};

type Called = Pick<Target, 'model' | 'baseModel'>;

/** @throws UserError (exit 2) for a model whose answers are no text: no method can call it. */
const assertText = (targets: readonly Called[], catalogue: Catalogue): void => {
	for (const {model, baseModel} of targets) {
		const modalities = catalogue.model(baseModel)?.outputModalities ?? [];
		if (modalities.length > 0 && !modalities.includes('TEXT')) {
			throw new UserError(`${model} answers with ${modalities.join(' and ').toLowerCase()}, not with text.`, {
				exitCode: 2,
				hint: 'Name a model of text with -m MODEL; "bedrock-top models" lists them.',
			});
		}
	}
};

/**
 * The method by which all models of a run can be called, as far as the Region's list of models says: where one does not
 * stream, whole answers are asked of all, so that they stay comparable. Nothing is said against what is not listed.
 *
 * @param isTyped The method was asked for in so many words: then it is not replaced.
 * @throws UserError (exit 2) where the typed method does not go with a model, or no method does.
 */
export function fittingMethod(
	method: Method,
	isTyped: boolean,
	targets: readonly Called[],
	catalogue: Catalogue = emptyCatalogue,
): FittingMethod {
	assertText(targets, catalogue);
	const instead = whole[method];
	const silent = targets.filter(({baseModel}) => catalogue.model(baseModel)?.isStreaming === false);
	if (instead === undefined || silent.length === 0) {
		return {method, remark: undefined};
	}
	const names = silent.map(({model}) => model).join(', ');
	const verb = silent.length === 1 ? 'does' : 'do';
	if (isTyped) {
		throw new UserError(`--method ${method}: ${names} ${verb} not stream.`, {
			exitCode: 2,
			hint: `Use --method ${instead}, or leave it out.`,
		});
	}
	const called =
		silent.length === targets.length ? (silent.length === 1 ? 'it is' : 'they are') : 'all models are';
	return {
		method: instead,
		remark: `${names} ${verb} not stream: ${called} called by ${instead}, which shows no time to first token.`,
	};
}
