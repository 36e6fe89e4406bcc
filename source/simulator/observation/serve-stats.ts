import {sendJson} from '../runtime/replies.ts';
import type {Simulation} from '../runtime/simulation.ts';
import type {Exchange} from '../wire/exchange.ts';
import {assertReset} from '../wire/visitor.ts';
import {longestLog} from './stats.ts';

/** `GET /__stats`, with `?log=N` only the last N entries of the log. */
export const serveStats = async (exchange: Exchange, simulation: Simulation): Promise<void> => {
	const logLength = Number(exchange.query.get('log') ?? longestLog);
	const {stats, buckets, mantle, time} = simulation;
	const nowMs = time.now();
	const snapshot = stats.snapshot(buckets, nowMs, Number.isNaN(logLength) ? longestLog : logLength);
	sendJson(exchange.reply, 200, {...snapshot, mantleBuckets: mantle.report(nowMs)}, {});
};

/** `POST /__reset`: statistics, buckets, caches and the script of faults begin again. @throws ServiceError without the header that it needs. */
export const serveReset = async (exchange: Exchange, simulation: Simulation): Promise<void> => {
	assertReset(exchange);
	await exchange.readBody();
	simulation.reset();
	sendJson(exchange.reply, 200, {reset: true}, {});
};
