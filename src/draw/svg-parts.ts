/** The pieces of a dial's picture: its colours, its marks, and text that is safe in XML. */
import type { Mark } from './dial-marks.js';

/** Viewers choose the font, so this is the widest of the usual monospaced ones at 12 px. */
export const CHAR_PX = 7.3;

const LIGHT = {
  bg: '#ffffff',
  ink: '#1f2328',
  faint: '#636c76',
  grid: '#e4e8ec',
  band: '#e6f6ea',
  connects: '#6cb6ff',
  secures: '#2f6fd0',
  muxes: '#17408f',
  good: '#1a7f37',
  bad: '#cf222e',
  off: '#9a6700',
};
const DARK: typeof LIGHT = {
  bg: '#14181d',
  ink: '#e6edf3',
  faint: '#98a1ab',
  grid: '#272d35',
  band: '#16301f',
  connects: '#2f6fb0',
  secures: '#58a6ff',
  muxes: '#b5d8ff',
  good: '#3fb950',
  bad: '#f85149',
  off: '#d29922',
};

function inks(c: typeof LIGHT): string {
  const of = (ink: string, classes: string): string =>
    `${classes
      .split(' ')
      .map((name) => `.rx-dial .${name}`)
      .join(',')}{fill:${ink}}`;
  const lines = (ink: string, classes: string): string => of(ink, classes).replaceAll('{fill', '{stroke');
  return [
    of(c.bg, 'bg'),
    of(c.ink, 'label title'),
    of(c.faint, 'faint'),
    of(c.band, 'band'),
    of(c.connects, 'connects continues'),
    of(c.secures, 'secures'),
    of(c.muxes, 'muxes'),
    of(c.good, 'good answer'),
    of(c.bad, 'bad'),
    of(c.off, 'off'),
    lines(c.grid, 'grid'),
    lines(c.faint, 'waits asking asks branch'),
    lines(c.off, 'held cancelled'),
    lines(c.good, 'connected'),
    lines(c.bad, 'failed'),
  ].join('');
}
const STYLE = [
  '.rx-dial text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}',
  '.rx-dial .title{font-weight:bold;font-size:14px}.rx-dial .strong{font-weight:bold}',
  '.rx-dial .end{text-anchor:end}.rx-dial .mid{text-anchor:middle}',
  '.rx-dial .line{fill:none;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}',
  '.rx-dial .mark{stroke-width:2}.rx-dial .grid{stroke-width:1}',
  '.rx-dial .waits{stroke-dasharray:0.1 5}.rx-dial .held{stroke-dasharray:5 4}.rx-dial .asking{stroke-dasharray:2 4}',
].join('');

/** Standalone: colours are its own, light or dark as the viewer prefers. Class names start below `rx-dial`, for pages that inline it. */
export function styleSheet(): string {
  return `<style>${STYLE}${inks(LIGHT)}@media (prefers-color-scheme:dark){${inks(DARK)}}</style>`;
}

/** At most one decimal, so that the same dial is the same document everywhere. */
export function px(value: number): string {
  return String(Number(value.toFixed(1)));
}

/** Fit for content and attributes. Characters that XML does not know at all were escaped with the words. */
export function xml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

export function textAt(classes: string, x: number, y: number, text: string): string {
  return text === '' ? '' : `<text class="${classes}" x="${px(x)}" y="${px(y)}">${xml(text)}</text>`;
}

const BAR_PX = 10;
const BARS: ReadonlySet<Mark> = new Set<Mark>(['connects', 'secures', 'muxes']);
/** What is narrower cannot be seen, a line even less than a bar. */
const MIN_BAR_PX = 0.5;
const MIN_LINE_PX = 4;

/** A stretch of time: a bar of work, or a line of waiting. */
export function stretchAt(mark: Mark, fromX: number, toX: number, y: number): string {
  if (toX - fromX < (BARS.has(mark) ? MIN_BAR_PX : MIN_LINE_PX)) return '';
  if (!BARS.has(mark)) return `<path class="line ${mark}" d="M${px(fromX + 1)} ${px(y)}H${px(toX - 1)}"/>`;
  return `<rect class="${mark}" x="${px(fromX)}" y="${px(y - BAR_PX / 2)}" width="${px(toX - fromX)}" height="${px(BAR_PX)}"/>`;
}

const ON_THE_SPOT: Readonly<Partial<Record<Mark, string>>> = {
  asks: '<circle class="bg" r="5"/><circle class="line asks" r="3.5"/>',
  answer: '<circle class="answer" r="4"/>',
};
const BEHIND: Readonly<Partial<Record<Mark, string>>> = {
  connected: '<path class="line mark connected" d="M-4 0.5L-1 4L5-4"/>',
  failed: '<path class="line mark failed" d="M-4-4L4 4M4-4L-4 4"/>',
  cancelled: '<path class="line cancelled" d="M-5 0A5 5 0 1 0 5 0A5 5 0 1 0-5 0M-3.5 3.5L3.5-3.5"/>',
  continues: '<path class="continues" d="M-7-5L0 0L-7 5Z"/>',
};
/** How far behind its bar an end's mark stands: on it, it would hide the short ones. */
const BEHIND_PX = 8;

export function momentAt(mark: Mark, x: number, y: number): string {
  const spot = ON_THE_SPOT[mark];
  const at = spot === undefined ? x + BEHIND_PX : x;
  return `<g transform="translate(${px(at)} ${px(y)})">${spot ?? BEHIND[mark] ?? ''}</g>`;
}

/** One entry of a legend: the mark as it is drawn, to the left of its meaning. */
export function sampleAt(mark: Mark, x: number, y: number): string {
  if (BEHIND[mark] !== undefined) return momentAt(mark, x + SAMPLE_PX / 2 - BEHIND_PX, y);
  return ON_THE_SPOT[mark] === undefined
    ? stretchAt(mark, x, x + SAMPLE_PX, y)
    : momentAt(mark, x + SAMPLE_PX / 2, y);
}
export const SAMPLE_PX = 20;
