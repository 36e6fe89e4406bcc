/**
 * The part of CBOR (RFC 8949) that the protocol rpc-v2-cbor needs. A moment (tag 1) is read as its number of seconds
 * since 1970; other tags are read as their content.
 */

const majorTypes = {
	unsigned: 0,
	negative: 1,
	bytes: 2,
	text: 3,
	array: 4,
	map: 5,
	tag: 6,
	simple: 7,
} as const;

/** In place of a length: "of unknown length"; of a simple value: the end of such an item. */
const indefinite = 31;
const momentTag = 1;

/** A half-precision number: sign, 5 bits of exponent, 10 of fraction. */
const halfOf = (bits: number): number => {
	const sign = bits & 0x8000 ? -1 : 1;
	const exponent = (bits >> 10) & 0x1f;
	const fraction = bits & 0x3ff;
	if (exponent === 0x1f) {
		return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
	}
	return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

/** The end of an item of unknown length. */
const end = Symbol('end');

/** @throws RangeError for anything but one item of CBOR. */
export function decodeCbor(bytes: Buffer): unknown {
	const reader = createReader(bytes);
	const value = reader.read();
	if (value === end || !reader.isAtEnd()) {
		throw new RangeError('The CBOR is not one item.');
	}
	return value;
}

const createReader = (bytes: Buffer) => {
	let at = 0;

	const skip = (length: number): number => {
		const from = at;
		at += length;
		if (at > bytes.length) {
			throw new RangeError('The CBOR ends too early.');
		}
		return from;
	};

	/** The number behind the first byte of an item; undefined: unknown length. */
	const argumentOf = (information: number): number | undefined => {
		if (information < 24) {
			return information;
		}
		switch (information) {
			case 24:
				return bytes.readUInt8(skip(1));
			case 25:
				return bytes.readUInt16BE(skip(2));
			case 26:
				return bytes.readUInt32BE(skip(4));
			case 27:
				return Number(bytes.readBigUInt64BE(skip(8)));
			case indefinite:
				return undefined;
			default:
				throw new RangeError(`CBOR has no length ${information}.`);
		}
	};

	const readSimple = (information: number): unknown => {
		switch (information) {
			case 20:
				return false;
			case 21:
				return true;
			case 22:
			case 23:
				return null;
			case 25:
				return halfOf(bytes.readUInt16BE(skip(2)));
			case 26:
				return bytes.readFloatBE(skip(4));
			case 27:
				return bytes.readDoubleBE(skip(8));
			case indefinite:
				return end;
			default:
				throw new RangeError(`CBOR has no simple value ${information}.`);
		}
	};

	/** Items up to a number of them, or up to the end. */
	const readItems = (count: number | undefined): readonly unknown[] => {
		const items: unknown[] = [];
		while (items.length !== count) {
			const item = read();
			if (item === end) {
				break;
			}
			items.push(item);
		}
		return items;
	};

	const readBytes = (length: number | undefined): Buffer => {
		if (length === undefined) {
			return Buffer.concat(readItems(undefined).map((piece) => Buffer.from(piece as string | Buffer)));
		}
		const from = skip(length);
		return bytes.subarray(from, at);
	};

	const readMap = (count: number | undefined): Readonly<Record<string, unknown>> => {
		const items = readItems(count === undefined ? undefined : count * 2);
		return Object.fromEntries(
			Array.from({length: items.length / 2}, (_unused, index) => [
				String(items[index * 2]),
				items[index * 2 + 1],
			]),
		);
	};

	const read = (): unknown => {
		const first = bytes.readUInt8(skip(1));
		const information = first & 0x1f;
		const major = first >> 5;
		if (major === majorTypes.simple) {
			return readSimple(information);
		}
		const argument = argumentOf(information);
		switch (major) {
			case majorTypes.unsigned:
				return argument;
			case majorTypes.negative:
				return -1 - (argument ?? 0);
			case majorTypes.bytes:
				return readBytes(argument);
			case majorTypes.text:
				return readBytes(argument).toString('utf8');
			case majorTypes.array:
				return readItems(argument);
			case majorTypes.map:
				return readMap(argument);
			default:
				return read();
		}
	};

	return {read, isAtEnd: (): boolean => at === bytes.length};
};

/**
 * Numbers are written as doubles: all numbers that are served in CBOR are.
 * @param isMoment Names of fields whose numbers are moments, in seconds since 1970.
 */
export function encodeCbor(value: unknown, isMoment: (key: string) => boolean = () => false): Buffer {
	const writer = createWriter(isMoment);
	writer.write(value, '');
	return writer.result();
}

const createWriter = (isMoment: (key: string) => boolean) => {
	let bytes = Buffer.allocUnsafe(1024);
	let at = 0;

	const reserve = (length: number): void => {
		if (at + length > bytes.length) {
			const larger = Buffer.allocUnsafe(Math.max(bytes.length * 2, at + length));
			bytes.copy(larger, 0, 0, at);
			bytes = larger;
		}
	};

	const head = (major: number, argument: number): void => {
		reserve(5);
		if (argument < 24) {
			at = bytes.writeUInt8((major << 5) | argument, at);
		} else {
			at = bytes.writeUInt8((major << 5) | 26, at);
			at = bytes.writeUInt32BE(argument, at);
		}
	};

	const text = (value: string): void => {
		const length = Buffer.byteLength(value);
		head(majorTypes.text, length);
		reserve(length);
		at += bytes.write(value, at);
	};

	const number = (value: number): void => {
		reserve(9);
		at = bytes.writeUInt8((majorTypes.simple << 5) | 27, at);
		at = bytes.writeDoubleBE(value, at);
	};

	const simple = (value: boolean | null): void => {
		reserve(1);
		at = bytes.writeUInt8((majorTypes.simple << 5) | (value === null ? 22 : value ? 21 : 20), at);
	};

	const map = (value: object): void => {
		const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
		head(majorTypes.map, entries.length);
		for (const [name, inner] of entries) {
			text(name);
			write(inner, name);
		}
	};

	const array = (value: readonly unknown[], key: string): void => {
		head(majorTypes.array, value.length);
		for (const each of value) {
			write(each, key);
		}
	};

	const write = (value: unknown, key: string): void => {
		if (typeof value === 'number') {
			if (isMoment(key)) {
				head(majorTypes.tag, momentTag);
			}
			number(value);
		} else if (typeof value === 'string') {
			text(value);
		} else if (Array.isArray(value)) {
			array(value, key);
		} else if (typeof value === 'object' && value !== null) {
			map(value);
		} else {
			simple(typeof value === 'boolean' ? value : null);
		}
	};

	return {write, result: (): Buffer => bytes.subarray(0, at)};
};
