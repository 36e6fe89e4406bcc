import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, vi} from 'vitest';

/** Files and variables of AWS that a test has for itself. */
export type Home = {
	readonly path: (name: string) => string;
	/** Writes the two files and sets the variables, and nothing else of AWS is set. */
	readonly prepare: (given: {
		readonly config?: string;
		readonly credentials?: string;
		readonly environment?: Readonly<Record<string, string>>;
	}) => void;
};

/** A folder that is made before each test of a file and removed after it. */
export const awsHome = (): Home => {
	let folder = '';
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), 'credentials-'));
	});
	afterEach(() => {
		vi.unstubAllEnvs();
		rmSync(folder, {recursive: true});
	});
	return {
		path: (name) => join(folder, name),
		prepare({config = '', credentials = '', environment = {}}) {
			for (const name of Object.keys(process.env)) {
				if (/^AWS_|PROXY$/i.test(name)) {
					vi.stubEnv(name, undefined);
				}
			}
			writeFileSync(join(folder, 'config'), config);
			writeFileSync(join(folder, 'credentials'), credentials);
			const own = {
				AWS_CONFIG_FILE: join(folder, 'config'),
				AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
				AWS_EC2_METADATA_DISABLED: 'true',
				HOME: folder,
			};
			for (const [name, value] of Object.entries({...own, ...environment})) {
				vi.stubEnv(name, value);
			}
		},
	};
};
