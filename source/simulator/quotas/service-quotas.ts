import {randomUUID} from 'node:crypto';
import {accountId} from '../catalog/profiles.ts';
import {deniedMessage} from '../control-plane/permissions.ts';
import {isJson, type Json} from '../families/prompt.ts';
import type {Exchange, Reply} from '../wire/exchange.ts';
import {regionOf} from '../wire/region.ts';
import type {Overrides} from './limits.ts';
import type {QuotaRow} from './quota-row.ts';
import {quotaRows} from './quota-rows.ts';

/** Service Quotas: JSON 1.1, the action in the header `X-Amz-Target`. */

export const serviceQuotasTarget = 'ServiceQuotasV20190624';

const longestPage = 100;

type Answer = {readonly status: number; readonly body: Json};

const failure = (type: string, message: string): Answer => ({
	status: 400,
	body: {__type: type, Message: message},
});

const quotaBody = (row: QuotaRow, value: number, region: string, account: string): Json => ({
	ServiceCode: 'bedrock',
	ServiceName: 'Amazon Bedrock',
	QuotaArn: `arn:aws:servicequotas:${region}:${account}:bedrock/${row.code}`,
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

const page = (quotas: readonly Json[], input: Json): Answer => {
	const size = input.MaxResults ?? longestPage;
	if (typeof size !== 'number' || size < 1 || size > longestPage) {
		return failure('IllegalArgumentException', `MaxResults ${size} is not between 1 and ${longestPage}.`);
	}
	const start = input.NextToken === undefined ? 0 : Number(Buffer.from(String(input.NextToken), 'base64url'));
	if (!Number.isInteger(start) || start < 0 || start > quotas.length) {
		return failure('InvalidPaginationTokenException', 'The pagination token is not valid.');
	}
	const end = start + size;
	const listed = quotas.slice(start, end);
	return {
		status: 200,
		body: {
			Quotas: listed,
			...(end < quotas.length ? {NextToken: Buffer.from(String(end)).toString('base64url')} : {}),
		},
	};
};

const single = (quotas: readonly Json[], input: Json): Answer => {
	const quota = quotas.find((candidate) => candidate.QuotaCode === input.QuotaCode);
	return quota === undefined
		? failure(
				'NoSuchResourceException',
				'The request failed because the specified service quota does not exist.',
			)
		: {status: 200, body: {Quota: quota}};
};

const act = (action: string, input: Json, rows: readonly QuotaRow[], region: string): Answer => {
	if (input.ServiceCode !== 'bedrock') {
		return failure(
			'NoSuchResourceException',
			'The request failed because the specified service does not exist.',
		);
	}
	switch (action) {
		case 'ListServiceQuotas':
			return page(appliedQuotas(rows, region), input);
		case 'ListAWSDefaultServiceQuotas':
			return page(defaultQuotas(rows, region), input);
		case 'GetServiceQuota':
			return single(appliedQuotas(rows, region), input);
		case 'GetAWSDefaultServiceQuota':
			return single(defaultQuotas(rows, region), input);
		default:
			return failure('UnknownOperationException', '');
	}
};

const send = (reply: Reply, {status, body}: Answer): void => {
	const bytes = Buffer.from(JSON.stringify(body));
	reply.head(status, {
		'content-type': 'application/x-amz-json-1.1',
		'content-length': String(bytes.length),
		'x-amzn-requestid': randomUUID(),
	});
	reply.end(bytes);
};

const parseInput = (body: Buffer): Json => {
	try {
		const input: unknown = JSON.parse(body.toString('utf8'));
		return isJson(input) ? input : {};
	} catch {
		return {};
	}
};

/** Makes the handler of Service Quotas over the account's quotas. */
export const createServiceQuotas = (
	overrides: Overrides,
	denied: readonly string[] = [],
): ((exchange: Exchange, action: string) => Promise<void>) => {
	const rows = quotaRows(overrides);
	return async (exchange, action) => {
		const input = parseInput(await exchange.readBody());
		const name = `servicequotas:${action}`;
		const answer = denied.includes(name)
			? failure('AccessDeniedException', deniedMessage(name))
			: act(action, input, rows, regionOf(exchange.headers));
		send(exchange.reply, answer);
	};
};
