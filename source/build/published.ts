import {resultsJsonSchema} from '../reports/results-schema.ts';
import {typeDeclaration} from './json-schema-types.ts';
import {manPage} from './man-page.ts';

/** Files of `dist/` that are for others than the program itself: name -> text. */
export const publishedFiles = (version: string): Readonly<Record<string, string>> => {
	const schema = resultsJsonSchema();
	return {
		'results.schema.json': `${JSON.stringify(schema, null, '\t')}\n`,
		'results.d.ts': [
			typeDeclaration('Results', schema),
			'/** The figures of one variant on one target. */',
			"export type VariantResults = Results['variants'][number];",
			'/** A model as it was called, with its quota. */',
			"export type TargetResults = Results['targets'][number];",
			'',
		].join('\n'),
		'bedrock-top.1': manPage(version),
	};
};
