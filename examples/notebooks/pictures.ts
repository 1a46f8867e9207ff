/**
 * The pictures of the notebooks. Nothing in here is about libp2p: each function takes plain data and returns SVG or HTML, which a
 * cell shows with `tslab.display.svg(…)` or `.html(…)`.
 */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

export const INK = '#1f2328';
export const FAINT = '#636c76';
export const GRID = '#e4e8ec';
export const BLUE = '#2f6fd0';
export const GREEN = '#1a7f37';
export const RED = '#cf222e';
export const AMBER = '#9a6700';
export const VIOLET = '#8250df';

const FONT = 'DejaVu Sans, Verdana, sans-serif';

/** A chart of Observable Plot, 760 wide, on white. Its options are those of `Plot.plot`. */
export function chart(options: Plot.PlotOptions): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const drawn = Plot.plot({
    // Enough of a document for Plot, and not enough for TypeScript.
    document: document as never,
    width: 760,
    marginLeft: 60,
    marginBottom: 46,
    ...options,
    style: {
      background: 'white',
      color: INK,
      fontFamily: FONT,
      fontSize: '12px',
      ...(options.style as object),
    },
  });
  drawn.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return shortNumbers(drawn.outerHTML);
}
export { Plot };

/** A table of rows; the names of the first row's fields are its head. */
export function table(rows: readonly Readonly<Record<string, string | number>>[]): string {
  const heads = Object.keys(rows[0] ?? {});
  const cells = (row: Readonly<Record<string, string | number>>) =>
    heads.map(
      (head) =>
        `<td${typeof row[head] === 'number' ? ' align="right"' : ''}>${xml(String(row[head] ?? ''))}</td>`,
    );
  return [
    '<table>',
    `<tr>${heads.map((head) => `<th>${xml(head)}</th>`).join('')}</tr>`,
    ...rows.map((row) => `<tr>${cells(row).join('')}</tr>`),
    '</table>',
  ].join('\n');
}

export interface Message {
  /** Which of the two sends it. */
  readonly from: string;
  readonly sentAt: number;
  readonly at: number;
  readonly label: string;
  readonly color?: string;
  readonly dashed?: boolean;
}
export interface Happening {
  readonly who: string;
  readonly at: number;
  readonly label: string;
  readonly color?: string;
}

/** Who sends what to whom, time going down: one line a message, what happens to somebody beside the lane. */
export function sequence(
  between: readonly [string, string],
  messages: readonly Message[],
  happenings: readonly Happening[] = [],
  { pxPerMs = 1, tickMs = 100 } = {},
): string {
  const [left, right] = between;
  const [leftX, rightX, top] = [190, 590, 64];
  const laneOf = (who: string) => (who === left ? leftX : rightX);
  const y = (ms: number) => top + ms * pxPerMs;
  const endMs = Math.max(0, ...messages.map(({ at }) => at), ...happenings.map(({ at }) => at));
  const parts: string[] = [];
  for (let ms = 0; ms <= endMs; ms += tickMs) {
    parts.push(`<path d="M${leftX} ${y(ms)}H${rightX}" stroke="${GRID}"/>`);
    parts.push(text(8, y(ms) + 4, `${ms} ms`, { fill: FAINT, size: 11 }));
  }
  for (const who of between) {
    const x = laneOf(who);
    parts.push(`<path d="M${x} ${top - 14}V${y(endMs) + 24}" stroke="${INK}" stroke-width="1.5"/>`);
    parts.push(text(x, top - 24, who, { anchor: 'middle', size: 15, weight: 'bold' }));
  }
  const taken = new Set<string>();
  for (const { from, sentAt, at, label, color = BLUE, dashed = false } of messages) {
    const key = `${from}/${sentAt}`;
    const below = taken.has(key);
    taken.add(key);
    const [x1, x2] = from === left ? [leftX, rightX] : [rightX, leftX];
    const [y1, y2] = [y(sentAt), y(at)];
    const angle = Math.atan2(y2 - y1, Math.abs(x2 - x1)) * (from === left ? 1 : -1);
    const degrees = (angle * 180) / Math.PI;
    const toward = from === left ? 1 : -1;
    const tip = (spread: number) =>
      `${short(x2 - toward * 10 * Math.cos(angle) + spread * Math.sin(angle) * 4)} ${short(y2 - toward * 10 * Math.sin(angle) - spread * 4)}`;
    parts.push(
      `<path d="M${x1} ${short(y1)}L${x2} ${short(y2)}" stroke="${color}" stroke-width="1.5"${dashed ? ' stroke-dasharray="4 4"' : ''}/>`,
      `<path d="M${tip(1)}L${x2} ${short(y2)}L${tip(-1)}Z" fill="${color}"/>`,
    );
    const [midX, midY] = [(x1 + x2) / 2, (y1 + y2) / 2 + (below ? 14 : -5)];
    parts.push(
      `<g transform="translate(${short(midX)} ${short(midY)})rotate(${short(degrees)})">${text(0, 0, label, { anchor: 'middle', fill: color, halo: true })}</g>`,
    );
  }
  const last = new Map<string, number>();
  for (const { who, at, label, color = INK } of [...happenings].sort((a, b) => a.at - b.at)) {
    const x = laneOf(who);
    const toward = who === left ? -1 : 1;
    const place = Math.max(y(at), (last.get(who) ?? -Infinity) + 15);
    last.set(who, place);
    parts.push(`<circle cx="${x}" cy="${short(y(at))}" r="3.5" fill="${color}"/>`);
    parts.push(
      text(x + toward * 10, place + 4, label, {
        anchor: who === left ? 'end' : 'start',
        fill: color,
        size: 11,
      }),
    );
  }
  return svg(780, Math.max(y(endMs), ...last.values()) + 30, parts);
}

export interface Marble {
  readonly at: number;
  /** One or two characters in the marble. */
  readonly label: string;
  readonly color: string;
}
export interface MarbleRow {
  readonly label: string;
  readonly marbles: readonly Marble[];
  /** Work between two times, drawn as a thick line. */
  readonly bars?: readonly { readonly from: number; readonly to: number; readonly color: string }[];
  /** Where its line begins; 0 if left out. */
  readonly from?: number;
  /** Where its line ends, and whether in order (a stroke), with an error (a cross), or because nobody looks any more; without, it goes on. */
  readonly ends?: { readonly at: number; readonly how: 'completes' | 'errors' | 'stops' };
  /** Set apart from the rows above. */
  readonly result?: boolean;
}

/** Streams as marble diagrams: a line each, time to the right. */
export function marbles(
  rows: readonly MarbleRow[],
  {
    untilMs,
    tickMs,
    legend,
  }: { readonly untilMs: number; readonly tickMs: number; readonly legend?: string },
): string {
  const [labelX, startX, endX, rowPx] = [12, 278, 735, 42];
  const x = (ms: number) => short(startX + (ms / untilMs) * (endX - startX));
  const parts: string[] = [];
  let y = 40;
  const bottom = y + rows.length * rowPx + rows.filter(({ result }) => result).length * 14 - 12;
  for (let ms = 0; ms <= untilMs; ms += tickMs) {
    parts.push(`<path d="M${x(ms)} 26V${bottom}" stroke="${GRID}"/>`);
    parts.push(
      text(x(ms), 18, untilMs < 10_000 ? `${ms} ms` : `${ms / 1000} s`, {
        anchor: 'middle',
        fill: FAINT,
        size: 11,
      }),
    );
  }
  for (const row of rows) {
    if (row.result) y += 14;
    const lineEnd = row.ends?.at ?? untilMs;
    parts.push(text(labelX, y + 4, row.label, { weight: row.result ? 'bold' : 'normal' }));
    parts.push(`<path d="M${x(row.from ?? 0)} ${y}H${x(lineEnd)}" stroke="${FAINT}" stroke-width="1.2"/>`);
    if (row.ends === undefined) parts.push(`<path d="M${x(untilMs)} ${y - 4}l7 4l-7 4Z" fill="${FAINT}"/>`);
    for (const { from, to, color } of row.bars ?? [])
      parts.push(
        `<path d="M${x(from)} ${y}H${x(to)}" stroke="${color}" stroke-width="7" stroke-opacity="0.35"/>`,
      );
    if (row.ends?.how === 'completes')
      parts.push(`<path d="M${x(lineEnd)} ${y}h18m0 -12v24" stroke="${INK}" stroke-width="2.5"/>`);
    if (row.ends?.how === 'errors')
      parts.push(
        `<path d="M${x(lineEnd) - 8} ${y - 8}l16 16m0-16l-16 16" stroke="${RED}" stroke-width="3"/>`,
      );
    for (const { at, label, color } of row.marbles) {
      parts.push(
        `<circle cx="${x(at)}" cy="${y}" r="11" fill="${color}" stroke="white" stroke-width="1.5"/>`,
      );
      parts.push(text(x(at), y + 4, label, { anchor: 'middle', fill: 'white', size: 12, weight: 'bold' }));
    }
    y += rowPx;
  }
  if (legend !== undefined) parts.push(text(labelX, bottom + 14, legend, { fill: FAINT, size: 11 }));
  return svg(760, bottom + (legend === undefined ? 12 : 30), parts);
}

interface TextStyle {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly fill?: string;
  readonly size?: number;
  readonly weight?: 'normal' | 'bold';
  readonly halo?: boolean;
}
function text(
  x: number,
  y: number,
  words: string,
  { anchor = 'start', fill = INK, size = 12, weight = 'normal', halo = false }: TextStyle = {},
): string {
  const style = `${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}${weight === 'normal' ? '' : ' font-weight="bold"'}`;
  const around = halo ? ' stroke="white" stroke-width="4" paint-order="stroke" stroke-linejoin="round"' : '';
  return `<text x="${short(x)}" y="${short(y)}" fill="${fill}" font-size="${size}"${style}${around}>${xml(words)}</text>`;
}

function svg(width: number, height: number, parts: readonly string[]): string {
  const size = `width="${width}" height="${Math.ceil(height)}" viewBox="0 0 ${width} ${Math.ceil(height)}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="${FONT}" fill="none">`,
    '<rect width="100%" height="100%" fill="white"/>',
    ...parts,
    '</svg>',
  ].join('\n');
}

/** At most two decimals: enough for the eye, and the same on every machine. */
function short(value: number): number {
  return Math.round(value * 100) / 100;
}
function shortNumbers(drawn: string): string {
  return drawn.replace(/\d+\.\d{3,}/g, (digits) => String(short(Number(digits))));
}

/** Also what would change the direction of text, or cannot be in XML at all. */
function xml(words: string): string {
  return words
    .replace(/[\p{Cc}\p{Cf}]/gu, '·')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}
