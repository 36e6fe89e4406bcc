import path from 'node:path';

/**
 * Short names for result files, unlike each other: the folder of a `results.json`, else the file's own name.
 *
 * @param files As the user typed them.
 */
export function runNames(files: readonly string[]): readonly string[] {
	const short = files.map((file) => {
		const {name, base, dir} = path.parse(file);
		const folder = path.basename(path.resolve(dir));
		return base === 'results.json' && folder !== '' ? folder : name;
	});
	const isClear = new Set(short).size === short.length;
	return isClear
		? short
		: files.map((file, index) => (files.indexOf(file) === index ? file : `${file} (${index + 1})`));
}
