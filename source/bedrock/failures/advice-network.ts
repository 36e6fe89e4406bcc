import type {FailureContext} from './advice.ts';
import type {ErrorFacts} from './facts.ts';

/** For a way to the service that is broken, closed, or leads elsewhere. */
export const networkAdvice = (
	{code, status, message, isPage}: ErrorFacts,
	{endpoint}: FailureContext,
): string => {
	const place = endpoint ? `the endpoint ${endpoint}` : 'the Bedrock endpoint of the Region';
	if (/CERT|SELF_SIGNED|UNABLE_|DEPTH_ZERO|certificate/i.test(`${code ?? ''} ${message}`)) {
		return 'Trust the certificate of your proxy or endpoint: name its file in AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS.';
	}

	if (status === 407) {
		return 'The proxy asks for a password: put it into HTTPS_PROXY (https://user:password@host:port).';
	}

	if (status === undefined ? isPage : status < (isPage ? 500 : 400)) {
		return `Something else answered in place of ${place}: check AWS_ENDPOINT_URL, HTTPS_PROXY and whether the network asks you to sign in.`;
	}

	if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
		return `The name of ${place} cannot be found: check the Region, the network and HTTPS_PROXY.`;
	}

	return code === 'ECONNREFUSED'
		? `Nothing listens at ${place}: check AWS_ENDPOINT_URL and HTTPS_PROXY.`
		: `The connection to ${place} failed: check the network and HTTPS_PROXY.`;
};
