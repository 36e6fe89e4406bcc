/**
 * Where a worker thread starts: beside the file that asks, as TypeScript in the sources (Node strips the types), as
 * JavaScript in the bundle, where all files lie in one folder.
 */
export const workerUrl = (name: string): URL =>
	new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
