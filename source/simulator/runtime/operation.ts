import type {Model} from '../catalog/model.ts';
import {findOtherModel} from '../catalog/other-models.ts';
import {parseBody} from '../families/prompt.ts';
import {familyOf} from '../families/registry.ts';
import {assertShape} from '../families/shape.ts';
import {validationError} from '../wire/service-error.ts';
import type {Dialect} from './dialect.ts';
import {converseDialect, invokeDialect} from './dialects.ts';

/** An operation of the runtime that asks a model. */
export type Operation = {
	readonly name: 'InvokeModel' | 'InvokeModelWithResponseStream' | 'Converse' | 'ConverseStream';
	readonly isStream: boolean;
	readonly dialectOf: (model: Model) => Dialect;
};

const ofFamily = (model: Model): Dialect => invokeDialect(familyOf(model.family));

/** The operations by the last part of their path. */
export const operations: Readonly<Record<string, Operation>> = {
	invoke: {name: 'InvokeModel', isStream: false, dialectOf: ofFamily},
	'invoke-with-response-stream': {
		name: 'InvokeModelWithResponseStream',
		isStream: true,
		dialectOf: ofFamily,
	},
	converse: {name: 'Converse', isStream: false, dialectOf: () => converseDialect},
	'converse-stream': {name: 'ConverseStream', isStream: true, dialectOf: () => converseDialect},
};

/**
 * Refuses models of embeddings, images or scores, as the service does where it is asked for text.
 * @throws ServiceError where the model is one of them.
 */
export function refuseOtherModels(modelId: string, operation: Operation, body: Buffer): void {
	const model = findOtherModel(modelId);
	if (model === undefined) {
		return;
	}
	switch (operation.name) {
		case 'Converse':
		case 'ConverseStream':
			throw validationError(
				"This action doesn't support the model that you provided. Try again with a supported text or chat model.",
			);
		case 'InvokeModelWithResponseStream':
			throw validationError('The model is unsupported for streaming');
		case 'InvokeModel':
			assertShape(parseBody(body), model.shape);
			// The only answer that the service would not give.
			throw validationError(`The simulator answers with text only, and ${model.id} does not.`);
	}
}
