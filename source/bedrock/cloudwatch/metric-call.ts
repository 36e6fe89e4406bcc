import type {CloudWatchClient} from '@aws-sdk/client-cloudwatch';
import type {FailureClass} from '../../domain/failure.ts';
import type {UsageFailure, UsageFailureKind} from '../../domain/usage-source.ts';
import {failureOf} from '../failures/failure-of.ts';
import {headersFor} from '../methods/response-headers.ts';

/** The AWS clients, as far as the metrics need them; `Clients` fits. */
export type MetricClients = {
	readonly cloudwatch: () => Promise<CloudWatchClient>;
	/** Values that must never be shown. */
	readonly secrets: () => readonly string[];
};

/** How one call went. */
export type CallOutcome<Answer> =
	| {readonly kind: 'answered'; readonly answer: Answer; readonly clockAheadMs: number | undefined}
	| {readonly kind: 'failed'; readonly failure: UsageFailure};

const kindOf = (failureClass: FailureClass): UsageFailureKind => {
	switch (failureClass) {
		case 'access-denied':
			return 'denied';
		case 'throttled-requests':
		case 'throttled-tokens':
		case 'throttled-day':
		case 'overloaded':
			return 'throttled';
		case 'credentials':
			return 'credentials';
		case 'network':
		case 'timeout':
			return 'network';
		default:
			return 'other';
	}
};

/** Clocks of two machines are told apart from here on: the header has whole seconds. */
const leastSkewMs = 5000;

/** By how much the service's clock is ahead, by the `Date` of an answer that came between two moments of ours. */
const clockAheadOf = (date: string | undefined, sentMs: number, cameMs: number): number | undefined => {
	const told = Date.parse(date ?? '');
	if (Number.isNaN(told)) {
		return undefined;
	}
	const isBetween = told > sentMs - leastSkewMs && told < cameMs + leastSkewMs;
	return isBetween ? 0 : Math.round(told - (sentMs + cameMs) / 2);
};

/** Sends one command. Never rejects. @param epoch Milliseconds since 1970. */
export const sendMetricCommand = async <Command, Answer extends object>(
	clients: MetricClients,
	action: string,
	command: Command,
	send: (client: CloudWatchClient, command: Command) => Promise<Answer>,
	{epoch, signal}: {readonly epoch: () => number; readonly signal: AbortSignal},
): Promise<CallOutcome<Answer>> => {
	const sentMs = epoch();
	try {
		const answer = await send(await clients.cloudwatch(), command);
		return {kind: 'answered', answer, clockAheadMs: clockAheadOf(headersFor(answer).date, sentMs, epoch())};
	} catch (error) {
		const {class: failureClass, message} = failureOf(error, {action}, {secrets: clients.secrets(), signal});
		return {kind: 'failed', failure: {action, kind: kindOf(failureClass), message}};
	}
};
