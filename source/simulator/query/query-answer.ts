import type {Json} from '../families/prompt.ts';
import {type Element, xmlDocument} from '../wire/xml.ts';

/** Writes the answers of the query protocol. */

/** Fields that need more than their value tells. */
export type FieldKinds = {
	/** Numbers that are moments, in seconds since 1970. */
	readonly isMoment: (key: string) => boolean;
	/** Objects that are maps from any key to a value, and not structures. */
	readonly isMap: (key: string) => boolean;
};

const plainFields: FieldKinds = {isMoment: () => false, isMap: () => false};

const elementOf = (name: string, value: unknown, key: string, kinds: FieldKinds): Element => {
	if (Array.isArray(value)) {
		return [name, value.map((each) => elementOf('member', each, key, kinds))];
	}
	if (typeof value === 'number' && kinds.isMoment(key)) {
		return [name, new Date(value * 1000).toISOString()];
	}
	if (typeof value !== 'object' || value === null) {
		return [name, String(value)];
	}
	return [
		name,
		kinds.isMap(key)
			? Object.entries(value).map(
					([entry, each]): Element => [
						'entry',
						[
							['key', entry],
							['value', String(each)],
						],
					],
				)
			: elementsOf(value, kinds),
	];
};

const elementsOf = (value: object, kinds: FieldKinds): readonly Element[] =>
	Object.entries(value)
		.filter(([, each]) => each !== undefined)
		.map(([key, each]) => elementOf(key, each, key, kinds));

/** The result of an action. */
export const queryResult = (
	action: string,
	result: Json,
	{namespace, requestId}: {readonly namespace: string; readonly requestId: string},
	kinds: FieldKinds = plainFields,
): string =>
	xmlDocument(
		`${action}Response`,
		[
			[`${action}Result`, elementsOf(result, kinds)],
			['ResponseMetadata', [['RequestId', requestId]]],
		],
		namespace,
	);

/** An error. @param isOfCaller Whether the caller is to blame. */
export const queryError = (
	{code, message, isOfCaller = true}: {code: string; message: string; isOfCaller?: boolean},
	requestId: string,
	namespace?: string,
): string =>
	xmlDocument(
		'ErrorResponse',
		[
			[
				'Error',
				[
					['Type', isOfCaller ? 'Sender' : 'Receiver'],
					['Code', code],
					['Message', message],
				],
			],
			['RequestId', requestId],
		],
		namespace,
	);

/** An error of EC2, which has a form of its own. */
export const computeError = (code: string, message: string, requestId: string): string =>
	xmlDocument('Response', [
		[
			'Errors',
			[
				[
					'Error',
					[
						['Code', code],
						['Message', message],
					],
				],
			],
		],
		['RequestID', requestId],
	]);
