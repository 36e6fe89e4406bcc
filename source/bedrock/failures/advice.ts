import type {FailureClass} from '../../domain/failure.ts';
import {
	credentialsAdvice,
	permissionAdvice,
	profileAdvice,
	requestAdvice,
	unknownModelAdvice,
} from './advice-rules.ts';
import type {ErrorFacts, FailureContext} from './error-facts.ts';

/** One sentence with the way out, for each class of failure. */
export function adviceFor(failureClass: FailureClass, facts: ErrorFacts, context: FailureContext): string {
	switch (failureClass) {
		case 'throttled-requests':
			return throttledRequestsAdvice(facts.message);
		case 'throttled-tokens':
			return 'The tokens per minute of this quota are used up, perhaps by another application of the account: lower --max-tokens, which is reserved for every request, or --share.';
		case 'throttled-day':
			return 'The tokens of this day are used up for the whole account: wait for the next day, use another model, or ask AWS Support; a new account may have been given 0.';
		case 'overloaded':
			return facts.name === 'ModelNotReadyException'
				? 'The model is being loaded, which takes minutes after a time without requests: it is tried again.'
				: 'The service has no capacity for this model just now, which is not your quota: the rate is stepped down; a cross-Region or global profile has more to draw on.';
		case 'timeout':
			return 'The answer took too long: lower --max-tokens or the concurrency.';
		case 'model-error':
			return modelErrorAdvice(facts, context);
		case 'validation':
			return requestAdvice(facts, context);
		case 'access-denied':
			return permissionAdvice(facts, context);
		case 'not-found':
			return unknownModelAdvice(facts, context);
		case 'needs-profile':
			return profileAdvice(context);
		case 'credentials':
			return credentialsAdvice(facts, context);
		case 'network':
			return networkAdvice(facts, context);
		case 'stream-cut':
			return 'The answer broke off and is tried again; if it lasts, look at proxies and load balancers on the way.';
	}
}

const throttledRequestsAdvice = (message: string): string => {
	if (/concurrent/i.test(message)) {
		return 'Too many requests are in flight at once for this model: lower --concurrency.';
	}
	return /rate exceeded|^$/i.test(message)
		? 'The service did not say which limit was met; the rate is lowered and grown back slowly.'
		: 'The requests per minute of this quota are used up, perhaps by another application of the account; the rate is lowered and grown back slowly.';
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

/** For a connection to the service that is broken, closed or leads elsewhere. */
function networkAdvice(facts: ErrorFacts, {endpoint}: FailureContext): string {
	const {code, host, status, message, isPage} = facts;
	const place = endpointWords(host, endpoint);
	const tls = tlsAdvice(facts, place);
	if (tls !== undefined) {
		return tls;
	}
	if (code === 'ERR_PROXY_TUNNEL' && !/ 407 /.test(message)) {
		return `The proxy in HTTPS_PROXY does not let a connection to ${place} through: ask who runs it, or leave the host out of it with NO_PROXY.`;
	}
	if (status === 407 || code === 'ERR_PROXY_TUNNEL') {
		return 'The proxy asks for a password: put it into HTTPS_PROXY (http://user:password@host:port).';
	}
	if (status === undefined ? isPage : status < (isPage ? 500 : 400)) {
		return `Something else answered in place of ${place}: check AWS_ENDPOINT_URL, HTTPS_PROXY and whether the network asks you to sign in.`;
	}
	if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
		return `The name of ${place} cannot be found: check the Region, the network and HTTPS_PROXY.`;
	}
	if (code === 'ECONNREFUSED') {
		return `Nothing listens at ${place}: check AWS_ENDPOINT_URL and HTTPS_PROXY.`;
	}
	return `The connection to ${place} failed: check the network${endpoint ? ', AWS_ENDPOINT_URL' : ''} and HTTPS_PROXY.`;
}

/**
 * The endpoint that was called: the host in the error may be of another service than the runtime, such as S3 or STS.
 */
const endpointWords = (host: string | undefined, endpoint: string | null | undefined): string => {
	if (endpoint && (host === undefined || URL.parse(endpoint)?.hostname === host)) {
		return `the endpoint ${endpoint}`;
	}
	return host ?? 'the AWS endpoint of the Region';
};

/** For a failed TLS connection; undefined for other failures. */
const tlsAdvice = ({code, message}: ErrorFacts, place: string): string | undefined => {
	if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
		return `The certificate of ${place} is made out to another name: something else answers there, perhaps a proxy; check HTTPS_PROXY${place.startsWith('the endpoint') ? ' and AWS_ENDPOINT_URL' : ''}.`;
	}
	if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
		return `The certificate of ${place} is not valid today: check the clock of this machine, then ask who runs what answers there.`;
	}
	if (code === 'EPROTO' || code?.startsWith('ERR_SSL')) {
		return `${capital(place)} does not speak TLS as it should: check whether its address begins with http:// or https://, and HTTPS_PROXY.`;
	}
	if (/CERT|SELF_SIGNED|UNABLE_|DEPTH_ZERO|certificate/i.test(`${code ?? ''} ${message}`)) {
		return 'Trust the certificate of the proxy or endpoint that answers: name its file in AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS.';
	}
	return undefined;
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
