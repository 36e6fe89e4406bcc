import {chmod, mkdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {build} from 'esbuild';
import {buildJsonSchemaLibrary, bundleOptions, entryPoints, shortcuts} from './bundle-options.ts';
import {joinChunks} from './join-chunks.ts';
import {buildLibrary, buildTypes} from './library.ts';
import {publishedFiles} from './published.ts';
import {billOfMaterials, thirdPartyNotices} from './third-parties.ts';

/** Makes `dist/`: one code-split bundle that carries all its dependencies, flat, with their licences. */

const root = path.resolve(import.meta.dirname, '../..');
const dist = path.join(root, 'dist');
/** Everything is made here first, so that `dist/` is always complete for a program that runs or packs it. */
const staging = path.join(root, 'node_modules/.cache/bedrock-top', String(process.pid));

const result = await build({
	absWorkingDir: root,
	entryPoints,
	outdir: path.join(staging, 'new'),
	...bundleOptions,
	plugins: shortcuts,
	metafile: true,
});
await joinChunks(path.join(staging, 'new'), result.metafile);
const jsonSchema = await buildJsonSchemaLibrary(root, path.join(staging, 'new'));
const library = await buildLibrary(root, path.join(staging, 'new'));
await buildTypes(root, path.join(staging, 'new'), staging);
const inputs = [result, jsonSchema, library].flatMap(({metafile}) => Object.keys(metafile.inputs));
const {version} = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {version: string};
const texts = {
	...publishedFiles(version),
	'THIRD-PARTY-NOTICES.txt': await thirdPartyNotices(root, inputs),
	'sbom.cdx.json': await billOfMaterials(root, inputs),
};
for (const [name, text] of Object.entries(texts)) {
	await writeFile(path.join(staging, 'new', name), text);
}
await chmod(path.join(staging, 'new/cli.js'), 0o755);

await mkdir(dist, {recursive: true});
await rename(dist, path.join(staging, 'old'));
await rename(path.join(staging, 'new'), dist);
await rm(staging, {recursive: true});
