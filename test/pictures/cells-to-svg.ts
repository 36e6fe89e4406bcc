import type headless from '@xterm/headless';

/**
 * Draws what a terminal showed over time as an animated SVG: CSS alone, no script. Rows that stay are drawn once; without
 * animation (a reader that prefers none, or draws only stills) it shows the last frame.
 */

const cellWidth = 8.4;
const rowHeight = 18;
const padding = 12;
/** Height of the bar with the command line. */
const barHeight = 30;

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

const cubeSteps = [0, 95, 135, 175, 215, 255];

/** A colour of the palette of 256. */
const colourOf = (index: number): string => {
	if (index < 16) {
		return palette[index] ?? foreground;
	}
	const channels =
		index < 232
			? [36, 6, 1].map((step) => cubeSteps[Math.floor((index - 16) / step) % 6] ?? 0)
			: Array.from({length: 3}, () => 8 + (index - 232) * 10);
	return `#${channels.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
};

/** What a row looks like: its SVG, with the names of its styles. */
type Row = string;

/** Gives each style a short class name. */
const createStyles = () => {
	const names = new Map<string, string>();
	return {
		nameOf(style: string): string {
			const name = names.get(style) ?? `c${names.size}`;
			names.set(style, name);
			return name;
		},
		css: () => [...names].map(([style, name]) => `.${name}{${style}}`).join(''),
	};
};

type Styles = ReturnType<typeof createStyles>;

const styleOf = (cell: headless.IBufferCell): string => {
	const color = cell.isFgPalette() ? colourOf(cell.getFgColor()) : foreground;
	return [
		`fill:${cell.isInverse() ? background : color}`,
		cell.isBold() ? 'font-weight:bold' : '',
		cell.isDim() ? 'opacity:.65' : '',
	]
		.filter((part) => part !== '')
		.join(';');
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

const number = (value: number): string => String(Number(value.toFixed(1)));

const runSvg = ({column, style, isInverse, text}: Run, row: number, styles: Styles): string => {
	const blanks = isInverse ? 0 : text.length - text.trimStart().length;
	const shown = isInverse ? text : text.trim();
	const x = number(padding + (column + blanks) * cellWidth);
	const y = barHeight + padding + row * rowHeight;
	const width = number([...shown].length * cellWidth);
	const block = isInverse
		? `<rect x="${x}" y="${y}" width="${width}" height="${rowHeight}" fill="${foreground}"/>`
		: '';
	return `${block}<text x="${x}" y="${y + 13}" textLength="${width}" class="${styles.nameOf(style)}">${escapeXml(shown)}</text>`;
};

/** A frame of a terminal, with how long it is shown. */
export type Frame = {readonly rows: ReadonlyArray<readonly Run[]>; readonly ms: number};

/** What a terminal shows now. */
export const rowsOf = (terminal: headless.Terminal): Frame['rows'] =>
	Array.from({length: terminal.rows}, (_unused, row) => runsOf(terminal, row));

/** A row that stays the same from one frame to another. */
type Span = {readonly row: Row; readonly from: number; readonly to: number};

const spansOf = (rows: readonly Row[]): readonly Span[] => {
	const spans: Span[] = [];
	for (const [index, row] of rows.entries()) {
		const last = spans.at(-1);
		if (last?.row === row) {
			spans[spans.length - 1] = {...last, to: index + 1};
		} else {
			spans.push({row, from: index, to: index + 1});
		}
	}
	return spans.filter(({row}) => row !== '');
};

type Picture = {
	readonly command: string;
	readonly title: string;
	readonly description: string;
	readonly columns: number;
};

/** Frames of a terminal as an animated SVG document. @param frames At least one; all of the same size. */
export const animatedSvg = (
	frames: readonly Frame[],
	{command, title, description, columns}: Picture,
): string => {
	const styles = createStyles();
	const rowCount = frames[0]?.rows.length ?? 0;
	const width = Math.ceil(2 * padding + columns * cellWidth);
	const height = barHeight + 2 * padding + rowCount * rowHeight;
	const starts = frames.map((_, index) => frames.slice(0, index).reduce((sum, {ms}) => sum + ms, 0));
	const total = frames.reduce((sum, {ms}) => sum + ms, 0);
	const percent = (frame: number): string =>
		frame >= frames.length ? '100%' : `${number(((starts[frame] ?? 0) / total) * 100)}%`;
	const keyframes = new Map<string, string>();
	const drawn = Array.from({length: rowCount}, (_unused, row) =>
		spansOf(frames.map(({rows}) => (rows[row] ?? []).map((run) => runSvg(run, row, styles)).join('')))
			.map(({row: svg, from, to}) => {
				if (from === 0 && to === frames.length) {
					return svg;
				}
				const name = `k${from}-${to}`;
				const before = from === 0 ? '' : '0%{visibility:hidden}';
				const after = to === frames.length ? '' : `${percent(to)}{visibility:hidden}`;
				keyframes.set(name, `@keyframes ${name}{${before}${percent(from)}{visibility:visible}${after}}`);
				return `<g class="a ${to === frames.length ? '' : 'h'}" style="animation-name:${name}">${svg}</g>`;
			})
			.join(''),
	);
	const css = [
		'text{white-space:pre}',
		styles.css(),
		`.a{animation:${number(total / 1000)}s step-end infinite}.h{visibility:hidden}`,
		'@media (prefers-reduced-motion:reduce){.a{animation:none}}',
		...keyframes.values(),
	].join('');
	const font = 'font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,\'DejaVu Sans Mono\',monospace"';
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">`,
		`<title id="title">${escapeXml(title)}</title><desc id="description">${escapeXml(description)}</desc>`,
		`<style>${css}</style>`,
		`<rect width="${width}" height="${height}" rx="8" fill="${background}"/>`,
		`<g ${font} font-size="14" xml:space="preserve">`,
		`<text x="${padding}" y="22" fill="${palette[8]}">$ <tspan fill="${foreground}">${escapeXml(command)}</tspan></text>`,
		...drawn.filter((row) => row !== ''),
		'</g></svg>',
		'',
	].join('\n');
};
