import type {Model} from '../catalog/model.ts';
import {familyOf} from '../families/registry.ts';
import {converseDialect} from './converse-dialect.ts';
import type {Dialect} from './dialect.ts';
import {invokeDialect} from './invoke-dialect.ts';

/** An operation of the runtime that asks a model. */
export type Operation = {
	readonly name: 'InvokeModel' | 'InvokeModelWithResponseStream' | 'Converse' | 'ConverseStream';
	readonly isStream: boolean;
	readonly dialectOf: (model: Model) => Dialect;
};

const ofFamily = (model: Model): Dialect => invokeDialect(familyOf(model.family));

/** The operations by the last part of their path. */
export const operations: Readonly<Record<string, Operation>> = {
	invoke: {name: 'InvokeModel', isStream: false, dialectOf: ofFamily},
	'invoke-with-response-stream': {
		name: 'InvokeModelWithResponseStream',
		isStream: true,
		dialectOf: ofFamily,
	},
	converse: {name: 'Converse', isStream: false, dialectOf: () => converseDialect},
	'converse-stream': {name: 'ConverseStream', isStream: true, dialectOf: () => converseDialect},
};
