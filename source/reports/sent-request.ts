import type {Method} from '../domain/backend.ts';

/** Plain JSON, as it goes over the wire. */
export type Json = string | number | boolean | null | readonly Json[] | {readonly [key: string]: Json};
export type JsonMembers = {readonly [key: string]: Json};

/** One request as it is sent. */
export type SentRequest = {
	readonly method: Method;
	/** What is sent as `modelId`. */
	readonly model: string;
	readonly region: string;
	/** JSON body of the HTTP request. */
	readonly body: JsonMembers;
	/** What travels beside the body (headers of InvokeModel), by its name in the SDK. */
	readonly beside: Readonly<Record<string, string>>;
};
