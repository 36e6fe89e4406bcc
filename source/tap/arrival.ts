import type {RequestFacts} from '../bedrock/request-facts.ts';
import type {Clock} from '../domain/clock.ts';
import {callerOf} from './client-book.ts';
import type {Incoming} from './listener.ts';
import type {TappedCall, Traffic} from './traffic.ts';

/** A call arrives, and it is found out who sent it. */

const notYet = Promise.resolve('not yet' as const);

/** A call, which is counted once `known` has resolved: the program that opened its connection is found meanwhile. */
export async function arrive(
	incoming: Incoming,
	{index, model, facts}: {readonly index: number; readonly model: string; readonly facts: RequestFacts},
	{traffic}: {readonly traffic: Traffic},
): Promise<{readonly call: TappedCall; readonly known: Promise<void>}> {
	const program = await Promise.race([incoming.program, notYet]);
	const isKnown = program !== 'not yet';
	const caller = callerOf(incoming, isKnown ? program : undefined);
	const call = traffic.arrive(caller, index, model, facts);
	if (isKnown) {
		traffic.known(call, caller);
	}
	const whenKnown = async (): Promise<void> =>
		traffic.known(call, callerOf(incoming, await incoming.program));
	return {call, known: isKnown ? Promise.resolve() : whenKnown()};
}

/** Milliseconds that a request waits for its client's lane, which may have the name of its program. */
const lanePatienceMs = 20;

/** Waits until it is known who sent a call, but not for long. */
export async function orLate(known: Promise<void>, clock: Pick<Clock, 'after'>): Promise<void> {
	const {promise: late, resolve} = Promise.withResolvers<void>();
	const cancel = clock.after(lanePatienceMs, resolve);
	await Promise.race([known, late]);
	cancel();
}
