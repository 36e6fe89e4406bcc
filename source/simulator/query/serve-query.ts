import type {Json} from '../families/prompt.ts';
import type {Exchange} from '../wire/exchange.ts';
import {serviceOf} from '../wire/region.ts';
import {ServiceError} from '../wire/service-error.ts';
import {readForm} from './query-input.ts';

/** Services of the query protocol: which of them is meant is seen from the version, signed or not. */

/** Answers one action of a service. */
export type QueryHandler = (exchange: Exchange, action: string, input: Json) => Promise<void> | void;

/** By the version of the service. */
export type QueryServices = Readonly<Record<string, QueryHandler>>;

/** What is asked for stands in the body, or in the URL where there is no body. */
const formOf = async ({method, query, readBody}: Exchange): Promise<URLSearchParams> => {
	const body = method === 'POST' ? (await readBody()).toString('utf8') : '';
	return body === '' ? query : new URLSearchParams(body);
};

/** @throws ServiceError for a service or an action that is not served. */
export const serveQuery = async (exchange: Exchange, services: QueryServices): Promise<void> => {
	const {Action, Version, ...input} = readForm(await formOf(exchange));
	const [action, version] = [String(Action ?? ''), String(Version ?? '')];
	const serve = Object.hasOwn(services, version) ? services[version] : undefined;
	if (serve === undefined) {
		throw notServed(
			action,
			serviceOf(exchange.headers, exchange.query) ?? `a service of the version ${version}`,
		);
	}
	await serve(exchange, action, input);
};

/** An action that the simulator does not know. */
export const notServed = (action: string, service: string): ServiceError =>
	new ServiceError('UnknownOperationException', `The simulator does not serve ${action} of ${service}.`);
