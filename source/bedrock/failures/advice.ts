import type {FailureClass} from '../../domain/failure.ts';
import {credentialsAdvice, permissionAdvice} from './advice-access.ts';
import {networkAdvice} from './advice-network.ts';
import {profileAdvice, requestAdvice, unknownModelAdvice} from './advice-request.ts';
import type {ErrorFacts, FailureContext} from './facts.ts';

const throttledRequestsAdvice = (message: string): string => {
	if (/concurrent/i.test(message)) {
		return 'Too many requests are in flight at once for this model: lower --concurrency.';
	}

	return /rate exceeded|^$/i.test(message)
		? 'The service did not say which limit was met; the rate is lowered and grown back slowly.'
		: 'The requests a minute of this quota are used up, perhaps by another application of the account; the rate is lowered and grown back slowly.';
};

const modelErrorAdvice = ({name}: ErrorFacts, {method, endpoint}: FailureContext): string => {
	if (name === 'EmptyAnswer') {
		return 'It is tried again. If it lasts, try another model, or look at what answers there.';
	}

	if (name !== 'UnreadableAnswer') {
		return 'The model failed on this request; it is tried again. If it lasts, try another model or Region.';
	}

	return method?.startsWith('converse')
		? `What came is not an answer of Converse: look at what answers at ${endpoint ?? 'the endpoint, and at proxies on the way'}.`
		: 'Call this model with --method converse or converse-stream: its own body is not known here.';
};

/** One sentence with the way out. */
export const adviceFor = (failureClass: FailureClass, facts: ErrorFacts, context: FailureContext): string => {
	switch (failureClass) {
		case 'throttled-requests': {
			return throttledRequestsAdvice(facts.message);
		}

		case 'throttled-tokens': {
			return 'The tokens a minute of this quota are used up, perhaps by another application of the account: lower --max-tokens, which is reserved for every request, or --share.';
		}

		case 'throttled-day': {
			return 'The tokens of this day are used up for the whole account: wait for the next day, use another model, or ask AWS Support; a new account may have been given 0.';
		}

		case 'overloaded': {
			return facts.name === 'ModelNotReadyException'
				? 'The model is being loaded, which takes minutes after a time without requests: it is tried again.'
				: 'The service has no capacity for this model just now, which is not your quota: the rate is stepped down; a cross-Region or global profile has more to draw on.';
		}

		case 'timeout': {
			return 'The answer took too long: lower --max-tokens or the concurrency.';
		}

		case 'model-error': {
			return modelErrorAdvice(facts, context);
		}

		case 'validation': {
			return requestAdvice(facts, context);
		}

		case 'access-denied': {
			return permissionAdvice(facts, context);
		}

		case 'not-found': {
			return unknownModelAdvice(facts, context);
		}

		case 'needs-profile': {
			return profileAdvice(context);
		}

		case 'credentials': {
			return credentialsAdvice(facts, context);
		}

		case 'network': {
			return networkAdvice(facts, context);
		}

		case 'stream-cut': {
			return 'The answer broke off and is tried again; if it lasts, look at proxies and load balancers on the way.';
		}
	}
};
