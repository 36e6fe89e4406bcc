import type {Fault} from '../faults/script.ts';
import {ServiceError, throttlingError, validationError} from '../wire/service-error.ts';

/** What the service says of an unexpected error, in an answer or in the middle of one. */
const unexpectedError =
	'The system encountered an unexpected error during processing. Try your request again.';

const streamMessages: Readonly<Record<Fault['exception'], string>> = {
	internalServerException: unexpectedError,
	modelStreamErrorException: unexpectedError,
	modelTimeoutException: 'Model has timed out in processing the request. Try your request again.',
	serviceUnavailableException: 'Bedrock is unable to process your request.',
	throttlingException: 'Too many requests, please wait before trying again.',
	validationException: 'The model returned the following errors: Malformed input request.',
};

/** Message of an exception in the middle of a stream. */
export const streamMessage = (exception: Fault['exception']): string => streamMessages[exception];

/** The error that a fault answers with instead of the model; undefined for faults that meet the answer on its way. */
export const errorOfFault = (fault: Fault, modelId: string, isStream: boolean): ServiceError | undefined => {
	switch (fault.kind) {
		case 'throttle-requests':
			return throttlingError('requests', modelId);
		case 'throttle-tokens':
			return throttlingError('tokens', modelId);
		case 'throttle-day':
			return throttlingError('day', modelId);
		case 'overloaded':
			return throttlingError('overloaded', modelId);
		case 'unavailable':
			return new ServiceError('ServiceUnavailableException', 'Bedrock is unable to process your request.');
		case 'internal':
			return new ServiceError('InternalServerException', unexpectedError);
		case 'access-denied':
			return new ServiceError(
				'AccessDeniedException',
				"You don't have access to the model with the specified model ID.",
			);
		case 'validation':
			return validationError('Malformed input request, please reformat your input and try again.');
		case 'stream-error':
			return isStream
				? undefined
				: new ServiceError('ModelErrorException', unexpectedError, {
						details: {originalStatusCode: 500, resourceName: modelId},
					});
		case 'cut':
		case 'stall':
			return undefined;
	}
};
