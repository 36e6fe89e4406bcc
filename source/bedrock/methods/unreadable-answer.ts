import type {ResponseHeaders} from './response-headers.ts';

/** The service answered 200 and nothing: no text, no stop reason, no body. */
export class EmptyAnswer extends Error {
	constructor() {
		super('The answer is empty.');
		this.name = 'EmptyAnswer';
	}
}

/** The service answered 200 with something that is no answer of any known shape. */
export class UnreadableAnswer extends Error {
	/** Where the SDK's own errors have it. */
	declare readonly $response: object | undefined;

	/** @param response What was answered, where it is at hand: a page of a proxy tells its name. */
	constructor(response?: {readonly headers: ResponseHeaders; readonly bodyText: string}) {
		super('The answer has none of the known shapes.');
		this.name = 'UnreadableAnswer';
		const value = response === undefined ? undefined : {statusCode: 200, ...response};
		Object.defineProperty(this, '$response', {value, enumerable: false});
	}
}
