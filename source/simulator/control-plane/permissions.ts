import {accountId} from '../catalog/profiles.ts';
import type {Scenario} from '../scenario.ts';
import {ServiceError} from '../wire/service-error.ts';

/** Whoever calls: the simulator looks at no key. */
export const callerArn = `arn:aws:iam::${accountId}:user/simulated`;

/** What IAM says to a caller without the permission. */
export const deniedMessage = (action: string): string =>
	`User: ${callerArn} is not authorized to perform: ${action} because no identity-based policy allows the ${action} action`;

/** @throws ServiceError where the scenario denies the action. */
export const assertAllowed = ({denied}: Scenario, action: string): void => {
	if (denied?.includes(action)) {
		throw new ServiceError('AccessDeniedException', deniedMessage(action));
	}
};
