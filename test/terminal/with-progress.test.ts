import {expect, it} from 'vitest';
import {withProgress} from '../../source/terminal/with-progress.ts';

const streamOf = (isTTY: boolean) => {
	let text = '';
	const stream = {
		isTTY,
		write(part: string) {
			text += part;
			return true;
		},
	};
	return {stream: stream as unknown as NodeJS.WriteStream, text: () => text};
};

it('what is waited for is said on a terminal, and taken back when it is over', async () => {
	const {stream, text} = streamOf(true);
	const {promise, resolve} = Promise.withResolvers<number>();
	const result = withProgress(stream, 'Writing ...', promise);
	expect(text()).toBe('Writing ...');
	resolve(7);
	expect(await result).toBe(7);
	expect(text()).toBe('Writing ...\r\u001B[K');
});

it('a fault takes it back too', async () => {
	const {stream, text} = streamOf(true);
	await expect(withProgress(stream, 'Writing ...', Promise.reject(new Error('disk full')))).rejects.toThrow(
		'disk full',
	);
	expect(text()).toContain('\u001B[K');
});

it('nothing is said where lines stay', async () => {
	const {stream, text} = streamOf(false);
	await withProgress(stream, 'Writing ...', Promise.resolve());
	expect(text()).toBe('');
});
