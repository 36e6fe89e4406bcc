import type {Method} from './backend.ts';

/** Silence after which an attempt is given up, in milliseconds. */
export type Silence = {
	/** From the request to the first data of an answer. */
	readonly beforeFirstMs: number;
	/** From one piece of an answer to the next. */
	readonly betweenMs: number;
};

const minuteMs = 60_000;

/** A model may think for an hour before an answer that comes at once; a stream sends data long before. */
const whole: Silence = {beforeFirstMs: 60 * minuteMs, betweenMs: 60 * minuteMs};
const stream: Silence = {beforeFirstMs: 5 * minuteMs, betweenMs: 2 * minuteMs};

const silences: Readonly<Record<Method, Silence>> = {
	converse: whole,
	'converse-stream': stream,
	invoke: whole,
	'invoke-stream': stream,
};

/** The silence that ends an attempt. @param typedMs Of `--timeout`; undefined: as the method needs it. */
export function silenceOf(method: Method, typedMs: number | undefined): Silence {
	return typedMs === undefined ? silences[method] : {beforeFirstMs: typedMs, betweenMs: typedMs};
}

/** Longest silence of a small call: a list, a count, a job. */
export const callSilenceMs = 20_000;

/** Time limit of a provider of credentials, which may have to ask the user. */
export const credentialsMs = 2 * minuteMs;

/** Longest silence while an object is sent or fetched. */
export const transferSilenceMs = 2 * minuteMs;

/** How long answers are awaited after the time of a run is over or it was stopped, in milliseconds. */
export const answerGraceMs = 10_000;

/** How long requests in flight of a tap may take to finish once it ends, in milliseconds. */
export const drainMs = 60_000;
