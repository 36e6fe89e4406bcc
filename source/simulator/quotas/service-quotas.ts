import {randomUUID} from 'node:crypto';
import {accountId} from '../catalog/profiles.ts';
import {callerArn, deniedMessage} from '../control-plane/identity.ts';
import {isJson, type Json} from '../families/prompt.ts';
import type {Simulation} from '../simulation.ts';
import {type Exchange, type Reply, regionOf} from '../wire/exchange.ts';
import type {QuotaRow} from './bucket-quotas.ts';
import {
	type IncreaseRequest,
	type IncreaseRequests,
	illegalArgument,
	noSuchResource,
	QuotaError,
	stateOf,
} from './increase-requests.ts';
import {quotaRows} from './quota-rows.ts';

/** Service Quotas: JSON 1.1, the action in the header `X-Amz-Target`. */

export const serviceQuotasTarget = 'ServiceQuotasV20190624';

const maxPageLength = 100;

/** The only service whose quotas are simulated. */
const service = {ServiceCode: 'bedrock', ServiceName: 'Amazon Bedrock'} as const;

const arnOf = ({code}: QuotaRow, region: string, account: string): string =>
	`arn:aws:servicequotas:${region}:${account}:bedrock/${code}`;

const quotaBody = (row: QuotaRow, value: number, region: string, account: string): Json => ({
	...service,
	QuotaArn: arnOf(row, region, account),
	QuotaCode: row.code,
	QuotaName: row.name,
	Value: value,
	Unit: 'None',
	Adjustable: row.isAdjustable,
	GlobalQuota: false,
	...(row.isPerMinute ? {Period: {PeriodValue: 1, PeriodUnit: 'MINUTE'}} : {}),
	...(account === '' ? {} : {QuotaAppliedAtLevel: 'ACCOUNT'}),
});

const appliedQuotas = (rows: readonly QuotaRow[], region: string): readonly Json[] =>
	rows.flatMap((row) => (row.applied === undefined ? [] : [quotaBody(row, row.applied, region, accountId)]));

const defaultQuotas = (rows: readonly QuotaRow[], region: string): readonly Json[] =>
	rows.map((row) => quotaBody(row, row.defaultValue, region, ''));

/** One page of a list, under a name. */
const page = (name: string, all: readonly Json[], input: Json): Json => {
	const size = input.MaxResults ?? maxPageLength;
	if (typeof size !== 'number' || size < 1 || size > maxPageLength) {
		throw illegalArgument(`MaxResults ${size} is not between 1 and ${maxPageLength}.`);
	}
	const start = input.NextToken === undefined ? 0 : Number(Buffer.from(String(input.NextToken), 'base64url'));
	if (!Number.isInteger(start) || start < 0 || start > all.length) {
		throw new QuotaError('InvalidPaginationTokenException', 'The pagination token is not valid.');
	}
	const end = start + size;
	return {
		[name]: all.slice(start, end),
		...(end < all.length ? {NextToken: Buffer.from(String(end)).toString('base64url')} : {}),
	};
};

const single = (quotas: readonly Json[], input: Json): Json => {
	const quota = quotas.find((candidate) => candidate.QuotaCode === input.QuotaCode);
	if (quota === undefined) {
		throw noSuchResource('service quota');
	}
	return {Quota: quota};
};

const assertService = ({ServiceCode: code}: Json): void => {
	if (code !== service.ServiceCode) {
		throw noSuchResource('service');
	}
};

const rowOf = (rows: readonly QuotaRow[], {QuotaCode: code}: Json): QuotaRow => {
	const row = rows.find((candidate) => candidate.code === code);
	if (row === undefined) {
		throw noSuchResource('service quota');
	}
	return row;
};

const requestBody = (request: IncreaseRequest, nowMs: number): Json => {
	const {status, caseId, updatedAtMs} = stateOf(request, nowMs);
	const {quota, region} = request;
	return {
		Id: request.id,
		...(caseId === undefined ? {} : {CaseId: caseId}),
		...service,
		QuotaCode: quota.code,
		QuotaName: quota.name,
		DesiredValue: request.desiredValue,
		Status: status,
		Created: request.createdAtMs / 1000,
		LastUpdated: updatedAtMs / 1000,
		Requester: JSON.stringify({accountId, callerArn}),
		QuotaArn: arnOf(quota, region, accountId),
		GlobalQuota: false,
		Unit: 'None',
		QuotaRequestedAtLevel: 'ACCOUNT',
	};
};

/** The account that an action works on. */
type QuotaAccount = {
	readonly rows: readonly QuotaRow[];
	readonly requests: IncreaseRequests;
	readonly region: string;
	readonly nowMs: number;
};

/** Makes the handler of Service Quotas over the account's quotas. */
export function createServiceQuotas({
	options,
	scenario,
	time,
	increases,
}: Simulation): (exchange: Exchange, action: string) => Promise<void> {
	const rows = quotaRows(options);
	return async ({readBody, headers, reply}, action) => {
		const input = parseInput(await readBody());
		const name = `servicequotas:${action}`;
		try {
			if (scenario.denied?.includes(name)) {
				throw new QuotaError('AccessDeniedException', deniedMessage(name));
			}
			const account = {rows, requests: increases, region: regionOf(headers), nowMs: time.now()};
			send(reply, 200, act(action, input, account));
		} catch (error) {
			if (!(error instanceof QuotaError)) {
				throw error;
			}
			send(reply, 400, {__type: error.type, Message: error.message});
		}
	};
}

const parseInput = (body: Buffer): Json => {
	try {
		const input: unknown = JSON.parse(body.toString('utf8'));
		return isJson(input) ? input : {};
	} catch {
		return {};
	}
};

const send = (reply: Reply, status: number, body: Json): void => {
	const bytes = Buffer.from(JSON.stringify(body));
	reply.head(status, {
		'content-type': 'application/x-amz-json-1.1',
		'content-length': String(bytes.length),
		'x-amzn-requestid': randomUUID(),
	});
	reply.end(bytes);
};

const act = (action: string, input: Json, account: QuotaAccount): Json => {
	const {rows, requests, region, nowMs} = account;
	switch (action) {
		case 'ListServices':
			return page('Services', [service], input);
		case 'ListServiceQuotas':
			assertService(input);
			return page('Quotas', appliedQuotas(rows, region), input);
		case 'ListAWSDefaultServiceQuotas':
			assertService(input);
			return page('Quotas', defaultQuotas(rows, region), input);
		case 'GetServiceQuota':
			assertService(input);
			return single(appliedQuotas(rows, region), input);
		case 'GetAWSDefaultServiceQuota':
			assertService(input);
			return single(defaultQuotas(rows, region), input);
		case 'RequestServiceQuotaIncrease':
			return requestIncrease(input, account);
		case 'GetRequestedServiceQuotaChange': {
			const request = requests.find(String(input.RequestId));
			if (request === undefined || request.region !== region) {
				throw noSuchResource('service quota increase request');
			}
			return {RequestedQuota: requestBody(request, nowMs)};
		}
		case 'ListRequestedServiceQuotaChangeHistory':
			if (input.ServiceCode !== undefined) {
				assertService(input);
			}
			return history({...input, QuotaCode: undefined}, account);
		case 'ListRequestedServiceQuotaChangeHistoryByQuota':
			assertService(input);
			rowOf(rows, input);
			return history(input, account);
		default:
			throw new QuotaError(
				'UnknownOperationException',
				`The simulator does not serve ${action} of Service Quotas.`,
			);
	}
};

const requestIncrease = (input: Json, {rows, requests, region, nowMs}: QuotaAccount): Json => {
	assertService(input);
	const quota = rowOf(rows, input);
	const {DesiredValue: desiredValue} = input;
	if (typeof desiredValue !== 'number') {
		throw illegalArgument('DesiredValue is required.');
	}
	return {RequestedQuota: requestBody(requests.make(quota, {region, desiredValue, nowMs}), nowMs)};
};

/** Requests of the account, or of one quota. */
const history = (input: Json, {requests, region, nowMs}: QuotaAccount): Json => {
	const found = requests
		.all(region)
		.filter(({quota}) => input.QuotaCode === undefined || quota.code === input.QuotaCode)
		.map((request) => requestBody(request, nowMs))
		.filter(({Status: status}) => input.Status === undefined || status === input.Status);
	return page('RequestedQuotas', found, input);
};
