import path from 'node:path';
import {type BuildResult, build, type Plugin} from 'esbuild';

/**
 * The validator of JSON Schema in a file of its own. Few presets need it, and it has to be there at once when one does: a
 * CommonJS file is the one thing that a module can load without waiting.
 */

const fileName = 'json-schema-library.cjs';

/** All that source/prompts/json-schema.ts asks of the packages. */
const contents = `
	import formats from 'ajv-formats';
	export {Ajv} from 'ajv';
	export {Ajv2019} from 'ajv/dist/2019.js';
	export {Ajv2020} from 'ajv/dist/2020.js';
	export default formats.default;
`;

/** Has the program look for the validator in that file, instead of carrying its text wherever answers are judged. */
export const apartJsonSchema: Plugin = {
	name: 'apart-json-schema',
	setup({onResolve}) {
		onResolve({filter: /^ajv(?:-formats|\/|$)/}, ({kind}) =>
			kind === 'require-call' ? {path: `./${fileName}`, external: true} : undefined,
		);
	},
};

/** @param root Folder of package.json. */
export async function buildJsonSchemaLibrary(
	root: string,
	folder: string,
): Promise<BuildResult<{metafile: true}>> {
	return build({
		absWorkingDir: root,
		stdin: {contents, resolveDir: root},
		outfile: path.join(folder, fileName),
		bundle: true,
		minify: true,
		format: 'cjs',
		platform: 'node',
		target: 'node22',
		legalComments: 'none',
		logLevel: 'warning',
		metafile: true,
	});
}
