import {readFileSync} from 'node:fs';
import {registerHooks} from 'node:module';
import {fileURLToPath} from 'node:url';
import {transformSync} from 'esbuild';

/** To be preloaded (`--import`): lets Node read the screen's JSX, each file by itself, so that coverage names the file. */

registerHooks({
	load(url, context, nextLoad) {
		if (!url.endsWith('.tsx')) {
			return nextLoad(url, context);
		}
		const {code} = transformSync(readFileSync(fileURLToPath(url), 'utf8'), {
			loader: 'tsx',
			format: 'esm',
			jsx: 'automatic',
		});
		return {format: 'module', source: code, shortCircuit: true};
	},
});
