/** Bytes of a text in UTF-8: the most tokens that it can have. */
export const utf8Bytes = (text: string): number => {
	let bytes = text.length;
	for (let index = 0; index < text.length; index++) {
		const unit = text.charCodeAt(index);
		// Each half of a pair makes two bytes of its four.
		const isHalf = unit >= 0xd800 && unit < 0xe000;
		bytes += unit < 0x80 ? 0 : unit < 0x800 || isHalf ? 1 : 2;
	}
	return bytes;
};
