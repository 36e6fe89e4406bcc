/** Width and height of an image, read from the beginning of its file. */

export type ImageSize = {readonly width: number; readonly height: number};

const png = (bytes: Buffer): ImageSize | undefined =>
	bytes.length >= 24 && bytes.readUInt32BE(0) === 0x89504e47
		? {width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20)}
		: undefined;

const gif = (bytes: Buffer): ImageSize | undefined =>
	bytes.length >= 10 && bytes.toString('latin1', 0, 3) === 'GIF'
		? {width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8)}
		: undefined;

/** The frame headers of a JPEG; C4, C8 and CC are other segments. */
const isFrame = (marker: number): boolean =>
	marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

const jpeg = (bytes: Buffer): ImageSize | undefined => {
	if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) {
		return undefined;
	}
	let at = 2;
	while (at + 9 <= bytes.length && bytes[at] === 0xff) {
		if (isFrame(bytes[at + 1] ?? 0)) {
			return {width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5)};
		}
		at += 2 + bytes.readUInt16BE(at + 2);
	}
	return undefined;
};

const webp = (bytes: Buffer): ImageSize | undefined => {
	if (bytes.length < 30 || bytes.toString('latin1', 8, 12) !== 'WEBP') {
		return undefined;
	}
	switch (bytes.toString('latin1', 12, 16)) {
		case 'VP8X':
			return {width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1};
		case 'VP8 ':
			return {width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff};
		case 'VP8L': {
			const packed = bytes.readUInt32LE(21);
			return {width: (packed & 0x3fff) + 1, height: ((packed >> 14) & 0x3fff) + 1};
		}
		default:
			return undefined;
	}
};

/** @returns undefined where it is none of PNG, GIF, JPEG and WebP. */
export const imageSize = (bytes: Buffer): ImageSize | undefined =>
	png(bytes) ?? gif(bytes) ?? jpeg(bytes) ?? webp(bytes);
