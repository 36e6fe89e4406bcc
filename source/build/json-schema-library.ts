import path from 'node:path';
import {type BuildResult, build, type Plugin} from 'esbuild';

/**
 * Bundles the validator of JSON Schema as a separate CommonJS file. Few presets need it, and those need it synchronously,
 * which only CommonJS allows.
 */

const fileName = 'json-schema-library.cjs';

/** The parts of the packages that source/prompts/json-schema.ts uses. */
const contents = `
	import formats from 'ajv-formats';
	export {Ajv} from 'ajv';
	export {Ajv2019} from 'ajv/dist/2019.js';
	export {Ajv2020} from 'ajv/dist/2020.js';
	export default formats.default;
`;

/** Makes the program load the validator from that file, instead of bundling it with each thread that checks answers. */
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
