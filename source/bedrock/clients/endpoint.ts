import {UserError} from '../../domain/user-error.ts';
import {redacted} from '../failures/redact.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const variables = ['AWS_ENDPOINT_URL_BEDROCK_RUNTIME', 'AWS_ENDPOINT_URL'] as const;

/** Domains of AWS's own endpoints, private ones in a VPC included. */
const awsDomains =
	/(?:^|\.)(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|api\.aws|api\.amazonwebservices\.com\.cn)$/i;

const parsed = (url: string): URL | undefined => {
	const result = URL.canParse(url) ? new URL(url) : undefined;
	return result?.protocol === 'http:' || result?.protocol === 'https:' ? result : undefined;
};

/** Whether a text is a URL of the kind that an endpoint can have. */
export const isWebAddress = (text: string): boolean => parsed(text) !== undefined;

/** The URL if it is not AWS's, without user, password and query; null otherwise. */
export const foreignEndpoint = (url: string): string | null => {
	const endpoint = parsed(url);
	if (endpoint === undefined || awsDomains.test(endpoint.hostname)) {
		return null;
	}

	return `${endpoint.origin}${endpoint.pathname === '/' ? '' : endpoint.pathname}`;
};

/**
 * The endpoint that `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` or `AWS_ENDPOINT_URL` sets, if it is not AWS's.
 *
 * @throws UserError (exit 1) when a variable holds no URL: the SDK would only fail at the first call.
 */
export const endpointInEnvironment = (environment: Environment): string | null => {
	if (environment.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true') {
		return null;
	}

	const name = variables.find((variable) => Boolean(environment[variable]));
	const url = name === undefined ? undefined : environment[name];
	if (name === undefined || url === undefined) {
		return null;
	}

	if (parsed(url) === undefined) {
		throw new UserError(`${name} is "${redacted(url, [])}", which is no URL.`, {
			exitCode: 1,
			hint: 'Write it with its scheme, as in http://127.0.0.1:8080, or unset it.',
		});
	}

	return foreignEndpoint(url);
};
