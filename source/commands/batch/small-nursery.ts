import {setFlagsFromString} from 'node:v8';

/**
 * Leaves the space for new objects at the size that it has. V8 doubles it again and again while many are made and
 * dropped, and a batch makes some for each of its records: so it stays about 24 MB smaller (test/bench).
 */
export const keepNurserySmall = (): void => {
	setFlagsFromString('--semi-space-growth-factor=1');
};
