import type {InferenceRequest} from '../../domain/backend.ts';
import type {ErrorFacts} from './facts.ts';

/**
 * What CountTokens, which is free, tells about the requests to come. A server need not know the call, a caller need not be
 * allowed it and a model need not support it: only words that the service was seen to use of a model or of a caller who is
 * refused everywhere count. Everything else says nothing.
 */

/** Signatures and tokens are checked before anything else, for every call alike. */
const badCredentials = new Set([
	'UnrecognizedClientException',
	'ExpiredTokenException',
	'InvalidSignatureException',
	'CredentialsProviderError',
]);
const badKey = /^(?:Authentication failed: Please make sure your API Key is valid|Bearer Token has expired)/;

/** Asked of the account once, whichever way its models are called. */
const missingForm = /^Model use case details have not been submitted for this account/;

const unknownModel = 'The provided model identifier is invalid.';
const retiredModel =
	/^Could not resolve the foundation model from|has reached the end of its life|marked by provider as Legacy/;
const deniedModel =
	/^You don.t have access to the model with the specified model ID|^Model access is denied due to/;

/**
 * Whether the refusal of a count means that the requests of this model would be refused as well.
 * @param request What was counted: always by its base model. Only a model that is called by that ID too is refused with it; a
 * profile may lead to Regions that have the model.
 * @param isListed The Region lists the base model, so its ID is a valid one.
 */
export const isModelRefused = (
	{name, message, status, isPage}: ErrorFacts,
	{model, baseModel}: Pick<InferenceRequest, 'model' | 'baseModel'>,
	isListed: boolean,
): boolean => {
	if (isPage) {
		return false;
	}
	if (badCredentials.has(name) || (name === 'AccessDeniedException' && badKey.test(message))) {
		return true;
	}
	if (name === 'ResourceNotFoundException' && missingForm.test(message)) {
		return true;
	}
	if (model !== baseModel || baseModel.startsWith('arn:')) {
		return false;
	}
	switch (name) {
		case '':
		case 'ValidationException':
			return status === 400 && message === unknownModel && !isListed;
		case 'ResourceNotFoundException':
			return retiredModel.test(message);
		case 'AccessDeniedException':
			return deniedModel.test(message);
		default:
			return false;
	}
};
