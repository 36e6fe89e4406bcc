import type headless from '@xterm/headless';

/** Draws what a terminal shows as an SVG picture: one text element a row, one tspan a run of equal style. */

const cellWidth = 8.4;
const rowHeight = 18;
const padding = 12;

/** The 16 colours, chosen to be readable on the dark background of the picture. */
const palette = [
	'#2b303b',
	'#e06c75',
	'#98c379',
	'#e5c07b',
	'#61afef',
	'#c678dd',
	'#56b6c2',
	'#d7dae0',
	'#7f848e',
	'#f0808a',
	'#b3d99a',
	'#f2d49b',
	'#84c5ff',
	'#d99ce8',
	'#7fd1da',
	'#ffffff',
];
const foreground = '#d7dae0';
const background = '#1e2127';

const escapeXml = (text: string): string =>
	text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

const styleOf = (cell: headless.IBufferCell): string => {
	const color = cell.isFgPalette() ? (palette[cell.getFgColor()] ?? foreground) : foreground;
	return [
		`fill="${cell.isInverse() ? background : color}"`,
		cell.isBold() ? 'font-weight="bold"' : '',
		cell.isDim() ? 'opacity="0.65"' : '',
	]
		.filter((part) => part !== '')
		.join(' ');
};

type Run = {readonly column: number; readonly style: string; readonly isInverse: boolean; text: string};

const runsOf = (terminal: headless.Terminal, row: number): readonly Run[] => {
	const line = terminal.buffer.active.getLine(terminal.buffer.active.viewportY + row);
	const runs: Run[] = [];
	for (let column = 0; column < terminal.cols; column++) {
		const cell = line?.getCell(column);
		if (cell === undefined || cell.getWidth() === 0) {
			continue;
		}
		const style = styleOf(cell);
		const last = runs.at(-1);
		if (last?.style === style && last.isInverse === (cell.isInverse() !== 0)) {
			last.text += cell.getChars() || ' ';
		} else {
			runs.push({column, style, isInverse: cell.isInverse() !== 0, text: cell.getChars() || ' '});
		}
	}
	return runs.filter(({text, isInverse}) => isInverse || text.trim() !== '');
};

const runSvg = ({column, style, isInverse, text}: Run, row: number): string => {
	const x = padding + column * cellWidth;
	const y = padding + row * rowHeight;
	const width = [...text].length * cellWidth;
	const block = isInverse
		? `<rect x="${x}" y="${y}" width="${width}" height="${rowHeight}" fill="${foreground}"/>`
		: '';
	return `${block}<text x="${x}" y="${y + 13}" textLength="${width}" lengthAdjust="spacingAndGlyphs" xml:space="preserve" ${style}>${escapeXml(text)}</text>`;
};

/** The screen of a terminal as an SVG document. */
export const terminalSvg = (terminal: headless.Terminal, title: string, description: string): string => {
	const width = Math.ceil(2 * padding + terminal.cols * cellWidth);
	const height = 2 * padding + terminal.rows * rowHeight;
	const rows = Array.from({length: terminal.rows}, (_unused, row) =>
		runsOf(terminal, row)
			.map((run) => runSvg(run, row))
			.join(''),
	);
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">`,
		`<title id="title">${escapeXml(title)}</title><desc id="description">${escapeXml(description)}</desc>`,
		`<rect width="${width}" height="${height}" rx="8" fill="${background}"/>`,
		`<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`,
		...rows.filter((row) => row !== ''),
		'</g></svg>',
		'',
	].join('\n');
};
