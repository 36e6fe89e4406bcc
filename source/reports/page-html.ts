import {cleanLines, cleanText} from '../text/width.ts';
import {type Block, type Page, type PageSection, pictureName, type TableBlock} from './page.ts';

/** Pages as one self-contained HTML file each: no script, nothing from elsewhere, text of others as text. */

/** Drawn SVGs by the names of their files. */
export type Pictures = ReadonlyMap<string, string>;

/** The whole file. */
export function htmlOf(page: Page, pictures: Pictures): string {
	const {title, warning, sections} = page;
	const body = [
		`<h1>${inline(title)}</h1>`,
		...(warning === undefined ? [] : [blockHtml({type: 'warning', text: warning}, pictures)]),
		contents(sections),
		...sections.map((section, index) => sectionHtml(section, index, pictures)),
	];
	return `${head(title)}<body>\n<main>\n${body.join('\n')}\n</main>\n</body>\n</html>\n`;
}

/** A block is written once, also where its size was asked for before. */
const written = new WeakMap<Block, string>();

/** Bytes that blocks take in a file. */
export function htmlBytes(blocks: readonly Block[]): number {
	return blocks.reduce((sum, block) => sum + Buffer.byteLength(blockHtml(block, new Map())) + 1, 0);
}

const policy = "default-src 'none'; style-src 'unsafe-inline'";

const head = (title: string): string =>
	`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${inline(title)}</title>
<style>
${styles}
</style>
</head>
`;

/** One line of text of anybody. */
function inline(text: string): string {
	return escapeHtml(cleanText(text));
}

function escapeHtml(text: string): string {
	return text
		.replaceAll('&', '&amp;')
		.replaceAll('<', '&lt;')
		.replaceAll('>', '&gt;')
		.replaceAll('"', '&quot;')
		.replaceAll("'", '&#39;');
}

/** Where the sections are; a short page needs no list of them. */
function contents(sections: readonly PageSection[]): string {
	return sections.length < 4
		? ''
		: `<nav>${sections.map(({heading}, index) => `<a href="#s${index + 1}">${inline(heading)}</a>`).join(' ')}</nav>`;
}

function sectionHtml(
	{heading, blocks, isLead, isFolded}: PageSection,
	index: number,
	pictures: Pictures,
): string {
	const content = blocks.map((block) => blockHtml(block, pictures)).join('\n');
	const id = `s${index + 1}`;
	return isFolded
		? `<details class="section" id="${id}"><summary><h2>${inline(heading)}</h2></summary>\n${content}\n</details>`
		: `<section${isLead ? ' class="lead"' : ''} id="${id}">\n<h2>${inline(heading)}</h2>\n${content}\n</section>`;
}

function blockHtml(block: Block, pictures: Pictures): string {
	if (block.type === 'pictures') {
		return picturesHtml(block.files, pictures);
	}
	const html = written.get(block) ?? ownHtml(block);
	written.set(block, html);
	return html;
}

function ownHtml(block: Exclude<Block, {type: 'pictures'}>): string {
	switch (block.type) {
		case 'lines':
			return block.lines.map((line) => `<p>${inline(line)}</p>`).join('\n');
		case 'warning':
			return `<p class="warning"><strong>${inline(block.text)}</strong></p>`;
		case 'list':
			return `<ul>\n${block.items.map((item) => `<li>${inline(item)}</li>`).join('\n')}\n</ul>`;
		case 'facts':
			return `<dl>\n${block.facts.map(([name, text]) => `<dt>${inline(name)}</dt><dd>${inline(text)}</dd>`).join('\n')}\n</dl>`;
		case 'table':
			return tableHtml(block);
		case 'code':
			return `<pre class="code">${escapeHtml(cleanLines(block.text))}</pre>`;
		case 'quote':
			return `<div class="quote${block.isBad ? ' bad' : ''}"><p>${inline(block.label)}</p><pre>${escapeHtml(cleanLines(block.text))}</pre></div>`;
		case 'details':
			return `<details${block.isBad ? ' class="bad"' : ''}><summary>${inline(block.summary)}</summary>\n${block.blocks.map(ownHtml).join('\n')}\n</details>`;
	}
}

/** A figure, an interval, money or the sign for what is not known: such columns are aligned to the right. */
const figure = /^(?:[~<≤≥+-]?\$?\d[^a-z]*(?:[a-zµ%]{1,4}\b.*)?|–|)$/i;

function tableHtml({header, rows, marked = []}: TableBlock): string {
	const isFigures = header.map(
		(_, column) => column > 0 && rows.every((row) => figure.test(row[column] ?? '')),
	);
	const cell = (name: 'th' | 'td', text: string, column: number): string =>
		`<${name}${isFigures[column] ? ' class="n"' : ''}>${inline(text)}</${name}>`;
	const line = (cells: readonly string[], index: number): string =>
		`<tr${marked.includes(index) ? ' class="marked"' : ''}>${cells.map((text, column) => cell('td', text, column)).join('')}</tr>`;
	return `<div class="wide"><table>\n<thead><tr>${header.map((text, column) => cell('th', text, column)).join('')}</tr></thead>\n<tbody>\n${rows.map(line).join('\n')}\n</tbody>\n</table></div>`;
}

/** What is not drawn, or left out, is named. */
function picturesHtml(files: readonly string[], pictures: Pictures): string {
	const figures = files.flatMap((file, index) => {
		const svg = pictures.get(file);
		return svg === undefined ? [] : [`<figure>${inlineSvg(svg, `p${index + 1}-`)}</figure>`];
	});
	const others = files.filter((file) => !pictures.has(file));
	const rest =
		others.length === 0
			? ''
			: `<p>Beside this file: ${others.map((file) => `${inline(pictureName(file))} (${inline(file)})`).join(', ')}.</p>`;
	return `<div class="pictures">${figures.join('\n')}</div>${rest}`;
}

/** A drawing within a page, where identifiers are shared with the other drawings. */
function inlineSvg(svg: string, prefix: string): string {
	return svg.replaceAll(/<[^>]+>/g, (tag) =>
		tag
			.replace(/ xmlns(?::\w+)?="[^"]*"/g, '')
			.replaceAll(/ id="([^"]*)"/g, ` id="${prefix}$1"`)
			.replaceAll(/url\(#([^)"]*)\)/g, `url(#${prefix}$1)`)
			.replaceAll(
				/ aria-labelledby="([^"]*)"/g,
				(_, ids: string) =>
					` aria-labelledby="${ids
						.split(' ')
						.map((id) => prefix + id)
						.join(' ')}"`,
			),
	);
}

const styles = `:root{color-scheme:light dark;--ground:#fff;--ink:#1f2328;--quiet:#57606a;--line:#d5dae0;--panel:#f6f8fa;--bad:#a8430a;--mark:#eaf5ef;--warn:#fff4d6}
@media (prefers-color-scheme:dark){:root{--ground:#16191d;--ink:#e4e8ec;--quiet:#a3acb6;--line:#3a414a;--panel:#1f242a;--bad:#ff9d6b;--mark:#1d3129;--warn:#3d3211}figure svg:not([aria-labelledby*=heat-map]){filter:invert(.9) hue-rotate(180deg)}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
main{max-width:1440px;margin:0 auto;padding:20px 16px 60px}
h1{font-size:1.5em;line-height:1.25;margin:0 0 12px;overflow-wrap:anywhere}
h2{font-size:1.15em;margin:0 0 10px;overflow-wrap:anywhere}
section,details.section{margin:28px 0 0}
p,ul,dl{margin:0 0 10px;max-width:85ch;overflow-wrap:anywhere}
ul{padding-left:20px}
.lead p:first-of-type{font-size:1.3em;line-height:1.35;font-weight:600}
.warning{background:var(--warn);border-radius:6px;padding:8px 12px}
nav{display:flex;flex-wrap:wrap;gap:4px 14px;font-size:.9em}
a{color:inherit;text-decoration-color:var(--quiet)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px}
dt{color:var(--quiet)}
dd{margin:0;min-width:0}
.wide{overflow-x:auto;margin:0 0 14px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.93em}
th,td{padding:5px 10px;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--quiet);font-weight:600;vertical-align:bottom}
td{max-width:60ch;overflow-wrap:anywhere;min-width:13ch}
td.n{min-width:0}
th.n,td.n{text-align:right;white-space:nowrap;overflow-wrap:normal}
tr.marked td{background:var(--mark);font-weight:600}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,620px),1fr));gap:16px;align-items:start}
figure{margin:0;justify-self:start;max-width:100%;overflow-x:auto;border:1px solid var(--line);border-radius:6px}
figure svg{display:block;max-width:100%;min-width:600px;height:auto}
summary{cursor:pointer;overflow-wrap:anywhere}
summary h2{display:inline}
details:not(.section){border-bottom:1px solid var(--line);padding:5px 0}
details.bad>summary{color:var(--bad)}
details[open]:not(.section){padding-bottom:12px}
details.section>summary+*{margin-top:10px}
.quote p{margin:8px 0 2px;color:var(--quiet)}
.quote.bad p{color:var(--bad)}
pre{margin:0;padding:8px 12px;background:var(--panel);border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media print{:root{--ground:#fff;--ink:#000;--quiet:#444;--line:#bbb;--panel:#f4f4f4;--bad:#000;--mark:#eee;--warn:#eee}body{font-size:10pt}main{padding:0;max-width:none}nav{display:none}figure,tr,.quote{break-inside:avoid}h2{break-after:avoid}figure{border:0}figure svg{min-width:0;filter:none}.pictures{display:block}.wide{overflow:visible}table{font-size:8pt}th,td{padding:3px 5px;min-width:0}td:not(.n){overflow-wrap:break-word}td.n,th.n{white-space:normal}details.bad::details-content{content-visibility:visible;display:block}details.section:not([open]){display:none}}
@page{margin:14mm}`;
