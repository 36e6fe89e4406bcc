import type {InferenceRequest} from '../../domain/backend.ts';
import {familyOf} from '../families/registry.ts';
import type {JsonObject} from '../json.ts';
import {converseRequest} from '../methods/converse-request.ts';

/** Form of the records of a batch. */
export type BatchForm = 'Converse' | 'InvokeModel';

/**
 * Body of a record. Batch inference takes neither caching nor a tier, and the job names the model.
 * @returns Plain data, to be written as `modelInput`.
 */
export const modelInput = (request: InferenceRequest, form: BatchForm): JsonObject => {
	const plain = {...request, cache: false, tier: undefined};
	if (form === 'InvokeModel') {
		return familyOf(request.baseModel).build(plain, false);
	}
	const {modelId, performanceConfig, ...body} = converseRequest(plain);
	return body;
};
