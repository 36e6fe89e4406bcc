import {isSimple} from '../../text/simple-text.ts';

/**
 * What Ink's Output is given (ink-patch.ts) in front of its own drawing: rows on which lines of simple characters stand side by
 * side are those lines, one after the other. Ink puts every character into a cell of its own and takes the cells
 * together again; on a screen of lines that are finished already that was about half of an update.
 */

/** What Ink draws in a paint, in its order. */
type Operation =
	| {
			readonly type: 'write';
			readonly x: number;
			readonly y: number;
			readonly text: string;
			/** Applied to each line with its index: the styles of a text node. */
			readonly transformers: ReadonlyArray<(line: string, index: number) => string>;
	  }
	| {readonly type: 'clip' | 'unclip'};

type Rows = {
	/** By row of the frame; undefined: Ink has to draw it. */
	readonly rows: ReadonlyArray<string | undefined>;
	/** What it has to draw there. */
	readonly rest: readonly Operation[];
};

type Piece = Extract<Operation, {type: 'write'}> & {readonly cells: number | undefined};
type Row = {readonly pieces: Piece[]; text: string; cells: number; isQuick: boolean};

/** The rows of a frame that need no drawing, and what is left to draw. */
export function quickRows(operations: readonly Operation[], height: number): Rows {
	const rows = Array.from({length: height}, (): Row => ({pieces: [], text: '', cells: 0, isQuick: true}));
	for (const operation of operations) {
		const pieces = piecesOf(operation);
		if (pieces === undefined) {
			return {rows: [], rest: operations};
		}
		for (const piece of pieces) {
			const row = rows[piece.y];
			if (row !== undefined && piece.text !== '') {
				add(piece, row);
			}
		}
	}
	return {
		rows: rows.map(({isQuick, text}) => (isQuick ? text.trimEnd() : undefined)),
		rest: rows.flatMap(({isQuick, pieces}) => (isQuick ? [] : pieces)),
	};
}

function add(piece: Piece, row: Row): void {
	row.pieces.push(piece);
	const {x, text, cells} = piece;
	// What is drawn over something else, an overlay, is a matter of cells.
	if (cells === undefined || x < row.cells) {
		row.isQuick = false;
		return;
	}
	row.text += ' '.repeat(x - row.cells) + text;
	row.cells = x + cells;
}

/** The lines of an operation as single operations; undefined where they depend on each other or on others. */
function piecesOf(operation: Operation): readonly Piece[] | undefined {
	if (operation.type !== 'write') {
		return undefined;
	}
	const pieces: Piece[] = [];
	for (const [index, line] of operation.text.split('\n').entries()) {
		const text = operation.transformers.reduce((styled, transform) => transform(styled, index), line);
		const {cells, isClosed} = measured(text);
		if (!isClosed || !measured(line).isClosed) {
			return undefined;
		}
		pieces.push({...operation, y: operation.y + index, text, transformers: [], cells});
	}
	return pieces;
}

type Measured = {
	/** Undefined where a character does not take one cell. */
	readonly cells: number | undefined;
	/** Whether it opens whatever it closes, and closes whatever it opens. */
	readonly isClosed: boolean;
};

const keptLines = 1000;
let known = new Map<string, Measured>();

function measured(line: string): Measured {
	let found = known.get(line);
	if (found === undefined) {
		if (known.size >= keptLines) {
			known = new Map();
		}
		found = measure(line);
		known.set(line, found);
	}
	return found;
}

const escapeCharacter = '\u001B';
/** The attributes that the themes use (themes.ts): bold, inverse, the 16 and the 256 colours, and what ends each. */
const attribute = /\u001B\[(?:([17])|(3[0-7]|9[0-7]|38;5;\d{1,3})|(22|27|39))m/g;

function measure(line: string): Measured {
	if (!line.includes(escapeCharacter)) {
		return {cells: isSimple(line) ? line.length : undefined, isClosed: true};
	}
	const open = new Set<string>();
	let strayEnds = 0;
	const bare = line.replaceAll(attribute, (_, weight?: string, color?: string, end = '') => {
		if (end !== '') {
			strayEnds += open.delete(end) ? 0 : 1;
		} else if (color !== undefined) {
			open.add('39');
		} else if (weight !== undefined) {
			open.add(weight === '1' ? '22' : '27');
		}
		return '';
	});
	return {
		cells: isSimple(bare) ? bare.length : undefined,
		// The effect of any other sequence is not known.
		isClosed: open.size === 0 && strayEnds === 0 && !bare.includes(escapeCharacter),
	};
}
