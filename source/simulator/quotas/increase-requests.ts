import {createHash, randomUUID} from 'node:crypto';
import type {QuotaRow} from './bucket-quotas.ts';

/** Requests for quota increases, and the errors of Service Quotas. */
export class QuotaError extends Error {
	readonly type: string;

	constructor(type: string, message: string) {
		super(message);
		this.name = 'QuotaError';
		this.type = type;
	}
}

export function illegalArgument(message: string): QuotaError {
	return new QuotaError('IllegalArgumentException', message);
}

/** @param what Such as "service quota". */
export function noSuchResource(what: string): QuotaError {
	return new QuotaError(
		'NoSuchResourceException',
		`The request failed because the specified ${what} does not exist.`,
	);
}

/**
 * Requests for an increase. As with most quotas of Bedrock people decide about them, so that each becomes a case
 * after a while; a simulated one is never decided, and the quota stays as it is.
 */

/** A request for an increase of one quota. */
export type IncreaseRequest = {
	readonly id: string;
	readonly region: string;
	readonly quota: QuotaRow;
	readonly desiredValue: number;
	readonly createdAtMs: number;
};

/** How long a request waits before it becomes a case. */
const pendingMs = 60_000;

/** State of a request. */
type IncreaseState = {
	readonly status: 'PENDING' | 'CASE_OPENED';
	readonly caseId: string | undefined;
	readonly updatedAtMs: number;
};

export function stateOf({id, createdAtMs}: IncreaseRequest, nowMs: number): IncreaseState {
	return nowMs - createdAtMs < pendingMs
		? {status: 'PENDING', caseId: undefined, updatedAtMs: createdAtMs}
		: {status: 'CASE_OPENED', caseId: caseIdOf(id), updatedAtMs: createdAtMs + pendingMs};
}

/** Cases have numbers. */
const caseIdOf = (id: string): string =>
	String(createHash('md5').update(id).digest().readUIntBE(0, 6)).padStart(15, '1');

/** A double as Java writes it, which is the form in the service's messages. */
const doubleText = (value: number): string => {
	if (value < 1e7) {
		return Number.isInteger(value) ? `${value}.0` : String(value);
	}
	const [mantissa = '', exponent = ''] = value.toExponential().split('e+');
	return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${exponent}`;
};

const assertIncrease = ({isAdjustable, defaultValue, applied}: QuotaRow, desiredValue: number): void => {
	if (!isAdjustable) {
		throw illegalArgument('The request failed because the specified quota is not adjustable.');
	}
	if (desiredValue <= defaultValue) {
		throw illegalArgument(
			`You must provide a quota value greater than the default quota value of ${doubleText(defaultValue)}`,
		);
	}
	if (desiredValue <= (applied ?? defaultValue)) {
		throw illegalArgument('You must provide a quota value greater than the current quota value');
	}
};

export type IncreaseRequests = {
	/** @throws QuotaError for what the service refuses. */
	readonly make: (
		quota: QuotaRow,
		request: {readonly region: string; readonly desiredValue: number; readonly nowMs: number},
	) => IncreaseRequest;
	readonly find: (id: string) => IncreaseRequest | undefined;
	/** The newest first. */
	readonly all: (region: string) => readonly IncreaseRequest[];
	readonly clear: () => void;
};

export function createIncreaseRequests(): IncreaseRequests {
	const requests: IncreaseRequest[] = [];
	return {
		make(quota, {region, desiredValue, nowMs}) {
			assertIncrease(quota, desiredValue);
			if (requests.some((each) => each.region === region && each.quota.code === quota.code)) {
				throw new QuotaError(
					'ResourceAlreadyExistsException',
					'Only one open service quota increase request is allowed per quota.',
				);
			}
			const id = `${randomUUID().replaceAll('-', '')}${randomUUID().slice(0, 8)}`;
			const request = {id, region, quota, desiredValue, createdAtMs: nowMs};
			requests.push(request);
			return request;
		},
		find: (id) => requests.find((request) => request.id === id),
		all: (region) => requests.filter((request) => request.region === region).toReversed(),
		clear() {
			requests.length = 0;
		},
	};
}
