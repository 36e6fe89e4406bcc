import {findOtherModel} from '../catalog/other-models.ts';
import {parseBody} from '../families/prompt.ts';
import {assertShape} from '../families/shape.ts';
import {validationError} from '../wire/service-error.ts';
import type {Operation} from './operation.ts';

/**
 * Refuses models that make embeddings, images or scores, as the service does where it is asked for text.
 * @throws ServiceError where the model is one of them.
 */
export const refuseOtherModels = (modelId: string, operation: Operation, body: Buffer): void => {
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
			// The one answer that the service would not give.
			throw validationError(`The simulator answers with text only, and ${model.id} does not.`);
	}
};
