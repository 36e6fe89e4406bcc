/** Says on a terminal what is waited for, and takes it back afterwards; says nothing where lines stay. */
export const withProgress = async <T>(
	stream: NodeJS.WriteStream,
	words: string,
	work: Promise<T>,
): Promise<T> => {
	if (!stream.isTTY) {
		return work;
	}
	stream.write(words);
	try {
		return await work;
	} finally {
		stream.write('\r\u001B[K');
	}
};
