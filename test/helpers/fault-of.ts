import {UserError} from '../../source/domain/user-error.ts';

/** The error for a user that an action ends with. */
export const faultOf = (action: () => unknown): UserError => {
	try {
		action();
	} catch (error) {
		if (error instanceof UserError) {
			return error;
		}
		throw error;
	}
	throw new Error('expected a fault');
};
