/** The service answered 200 with something that is no answer of any known shape. */
export class UnreadableAnswer extends Error {
	constructor() {
		super('The answer has none of the known shapes.');
		this.name = 'UnreadableAnswer';
	}
}
