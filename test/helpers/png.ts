import {inflateSync} from 'node:zlib';

/** Reads pictures as rsvg-convert writes them: 8 bits per channel, RGB or RGBA, not interlaced. */

type Picture = {
	readonly width: number;
	readonly height: number;
	readonly channels: number;
	readonly bytes: Uint8Array;
};

const paeth = (left: number, up: number, corner: number): number => {
	const guess = left + up - corner;
	const [dl, du, dc] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
	return dl <= du && dl <= dc ? left : du <= dc ? up : corner;
};

/** Undoes the filters of lines of so many bytes, each after the number of its filter. */
function unfiltered(data: Uint8Array, line: number, channels: number): Uint8Array {
	const bytes = new Uint8Array((data.length / (line + 1)) * line);
	const at = (x: number, y: number): number => (x < 0 || y < 0 ? 0 : (bytes[y * line + x] ?? 0));
	for (const [index, raw] of data.entries()) {
		const [x, y] = [(index % (line + 1)) - 1, Math.floor(index / (line + 1))];
		if (x >= 0) {
			const [left, up, corner] = [at(x - channels, y), at(x, y - 1), at(x - channels, y - 1)];
			const guesses = [0, left, up, (left + up) >> 1, paeth(left, up, corner)];
			bytes[y * line + x] = raw + (guesses[data[index - x - 1] ?? 0] ?? 0);
		}
	}
	return bytes;
}

function readPng(file: Buffer): Picture {
	const width = file.readUInt32BE(16);
	const height = file.readUInt32BE(20);
	const [depth, kind] = [file[24], file[25]];
	if (depth !== 8 || (kind !== 2 && kind !== 6)) {
		throw new Error(`a PNG of ${depth} bits, kind ${kind}`);
	}
	const channels = kind === 6 ? 4 : 3;
	const parts: Buffer[] = [];
	for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
		if (file.toString('latin1', at + 4, at + 8) === 'IDAT') {
			parts.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
		}
	}
	const bytes = unfiltered(inflateSync(Buffer.concat(parts)), width * channels, channels);
	return {width, height, channels, bytes};
}

/** Places near the border that are not white, at most ten. @param margin Pixels that count as border. */
export function inkAtBorder(file: Buffer, margin: number): readonly string[] {
	const {width, height, channels, bytes} = readPng(file);
	const found: string[] = [];
	for (let y = 0; y < height && found.length < 10; y++) {
		for (let x = 0; x < width; x++) {
			const isBorder = x < margin || y < margin || x >= width - margin || y >= height - margin;
			const at = (y * width + x) * channels;
			if (isBorder && bytes.subarray(at, at + 3).some((value) => value < 250)) {
				found.push(`${x},${y}`);
			}
		}
	}
	return found;
}
