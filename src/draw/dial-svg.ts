/** A dial as a picture: the rows of the text drawing, in a standalone SVG without fonts, scripts or links. */
import { axisMsOf, legendOf, rowsInSight, shownOf, ticksOf, widthOf, type Mark } from './dial-marks.js';
import { dialTimeline, type DialTimeline, type TimelineRow, type ToldDialEvent } from './dial-timeline.js';
import {
  because,
  cutEnd,
  fit,
  harmless,
  hasFailed,
  noteOf,
  reasonsOf,
  shortAddr,
  summaryOf,
  titleOf,
  wrap,
} from './dial-words.js';
import {
  CHAR_PX,
  SAMPLE_PX,
  momentAt,
  px,
  sampleAt,
  stretchAt,
  styleSheet,
  textAt,
  xml,
} from './svg-parts.js';

/** With less there is no room for an address, a bar and a note; no screen shows more. */
const WIDTHS_PX = { least: 480, usual: 960, most: 10_000 };
/** Addresses get at most this share of the width, notes that one, and the bars the rest. */
const LABEL_SHARE = 0.36;
const NOTE_SHARE = 0.28;
const MARGIN_PX = 20;
/** In front of the addresses, for the winner's star. */
const STAR_PX = 16;
const GAP_PX = 20;
const ROW_PX = 24;
const LINE_PX = 18;
const TICK_PX = 64;
const INDENT_CHARS = 2;
const MAX_INDENTS = 3;

/** How a dial is drawn as SVG. */
export interface DialSvgOptions {
  /** Width in px, from 480 to 10,000; 960 if left out. The height follows from the rows. */
  readonly width?: number | undefined;
}

/**
 * One dial (the first of which `events` tell) as a standalone SVG document, light or dark as its viewer prefers. It shows
 * what `drawDial` shows, is the same for the same events, and escapes what came from others. Takes events in any order
 * and number; never throws.
 */
export function drawDialSvg(events: readonly ToldDialEvent[], options: DialSvgOptions = {}): string {
  const page = pageOf(dialTimeline(events), widthOf(options.width, WIDTHS_PX));
  const { timeline, width } = page;
  const blocks = [headOf, chartOf, footOf, legendPart];
  const parts: string[] = [];
  let y = MARGIN_PX;
  for (const block of blocks) {
    const drawn = block(page, y);
    parts.push(...drawn.parts);
    y = drawn.bottom;
  }
  const size = `width="${px(width)}" height="${px(y + MARGIN_PX)}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="rx-dial" role="img" ${size} viewBox="0 0 ${px(width)} ${px(y + MARGIN_PX)}">`,
    `<title>${xml(titleOf(timeline))}</title>`,
    `<desc>${xml([summaryOf(timeline), ...reasonsOf(timeline)].join('; '))}</desc>`,
    styleSheet(),
    `<rect class="bg" ${size} rx="8"/>`,
    ...parts.filter((part) => part !== ''),
    '</svg>',
    '',
  ].join('\n');
}

/** What is drawn, and where. */
interface Page {
  readonly timeline: DialTimeline;
  readonly rows: readonly TimelineRow[];
  readonly more: string | undefined;
  readonly width: number;
  readonly labelChars: number;
  readonly timeChars: number;
  readonly wordChars: number;
  readonly fromX: number;
  readonly toX: number;
}
/** A part of the page, and where the next one may begin. */
interface Block {
  readonly parts: readonly string[];
  readonly bottom: number;
}

function pageOf(timeline: DialTimeline, width: number): Page {
  const { rows, more } = rowsInSight(timeline.rows);
  const longest = (texts: readonly string[]): number => Math.max(0, ...texts.map(({ length }) => length));
  const most = (share: number): number => Math.floor((width * share) / CHAR_PX);
  const labels = rows.map((row) =>
    shortAddr(row.addr, timeline.peer).padStart(INDENT_CHARS * indentsOf(row)),
  );
  const indentChars = INDENT_CHARS * Math.max(0, ...rows.map(indentsOf));
  const notes = rows.map((row) => noteOf(row, timeline));
  const labelChars = Math.min(longest(labels) + indentChars, most(LABEL_SHARE));
  const timeChars = longest(notes.map(({ time }) => time));
  const wordChars = Math.min(longest(notes.map(({ words }) => words)), most(NOTE_SHARE) - timeChars);
  const fromX = MARGIN_PX + STAR_PX + labelChars * CHAR_PX + GAP_PX;
  const toX = width - MARGIN_PX - (timeChars + 1 + wordChars) * CHAR_PX - GAP_PX;
  return { timeline, rows, more, width, labelChars, timeChars, wordChars, fromX, toX };
}

function indentsOf({ depth }: TimelineRow): number {
  return Math.min(depth, MAX_INDENTS);
}

function xOf(ms: number, { timeline, fromX, toX }: Page): number {
  const axisMs = axisMsOf(timeline);
  return fromX + (Math.min(ms, axisMs) / axisMs) * (toX - fromX);
}

function paragraph(classes: string, text: string, { width }: Page, top: number): Block {
  const lines = wrap(text, Math.floor((width - 2 * MARGIN_PX) / CHAR_PX), '    ');
  return {
    parts: lines.map((line, at) => textAt(classes, MARGIN_PX, top + LINE_PX * at + 12, line)),
    bottom: top + LINE_PX * lines.length,
  };
}

function headOf(page: Page, top: number): Block {
  const { outcome } = page.timeline;
  const ink = { connected: 'good', reused: 'good', failed: 'bad', cancelled: 'off', running: 'label' }[
    outcome
  ];
  const summary = paragraph(ink, summaryOf(page.timeline), page, top + ROW_PX);
  return {
    ...summary,
    parts: [textAt('title', MARGIN_PX, top + 13, titleOf(page.timeline)), ...summary.parts],
  };
}

function chartOf(page: Page, top: number): Block {
  if (page.rows.length === 0) return { parts: [], bottom: top };
  const rowsTop = top + ROW_PX + 8;
  const bottom = rowsTop + ROW_PX * page.rows.length;
  const ticks = ticksOf(axisMsOf(page.timeline), Math.max(2, Math.floor((page.toX - page.fromX) / TICK_PX)));
  const axis = ticks.flatMap(({ atMs, label }) => {
    const x = xOf(atMs, page);
    return [
      textAt('faint mid', x, rowsTop - 8, label),
      `<path class="line grid" d="M${px(x)} ${px(rowsTop - 2)}V${px(bottom)}"/>`,
    ];
  });
  return { parts: [...axis, ...page.rows.map((row, at) => rowOf(row, page, rowsTop + ROW_PX * at))], bottom };
}

function rowOf(row: TimelineRow, page: Page, top: number): string {
  const shown = row.state === 'refused' ? refusedPart : barsPart;
  const parts = [
    ...(row.won ? [wonPart(page, top)] : []),
    labelPart(row, page, top),
    ...shown(row, page, top),
  ];
  return `<g><title>${xml(harmless(row.addr))}</title>${parts.join('')}</g>`;
}

const baselineOf = (top: number): number => top + ROW_PX / 2 + 4;

function wonPart({ width }: Page, top: number): string {
  const band = `<rect class="band" x="${px(MARGIN_PX - 6)}" y="${px(top)}" width="${px(width - 2 * MARGIN_PX + 12)}" height="${px(ROW_PX)}" rx="4"/>`;
  return band + textAt('good', MARGIN_PX, baselineOf(top), '★');
}

function labelPart(row: TimelineRow, { timeline, labelChars }: Page, top: number): string {
  const indentChars = INDENT_CHARS * indentsOf(row);
  const x = MARGIN_PX + STAR_PX + indentChars * CHAR_PX;
  const branch = `<path class="line branch" d="M${px(x - 10)} ${px(top + 3)}V${px(top + ROW_PX / 2)}H${px(x - 4)}"/>`;
  const label = fit(shortAddr(row.addr, timeline.peer), labelChars - indentChars);
  return (
    (indentChars === 0 ? '' : branch) + textAt(row.won ? 'label strong' : 'label', x, baselineOf(top), label)
  );
}

function refusedPart(
  { code = '', message = '' }: TimelineRow,
  { width, fromX }: Page,
  top: number,
): string[] {
  const chars = Math.floor((width - MARGIN_PX - fromX) / CHAR_PX);
  const why = cutEnd(`refused: ${because(code, message)}`, chars);
  const ground = `<rect class="bg" x="${px(fromX)}" y="${px(top)}" width="${px(why.length * CHAR_PX)}" height="${px(ROW_PX)}"/>`;
  return [ground, textAt('faint', fromX, baselineOf(top), why)];
}

function barsPart(row: TimelineRow, page: Page, top: number): string[] {
  const { timeline, timeChars, wordChars } = page;
  const y = top + ROW_PX / 2;
  const { stretches, moments } = shownOf(row, timeline.spanMs);
  const { time, words } = noteOf(row, timeline);
  const timeX = page.toX + GAP_PX + timeChars * CHAR_PX;
  const ink = row.won ? 'label strong' : hasFailed(row) ? 'bad' : 'faint';
  return [
    ...stretches.map(({ mark, fromMs, toMs }) => stretchAt(mark, xOf(fromMs, page), xOf(toMs, page), y)),
    ...moments.map(({ mark, atMs }) => momentAt(mark, xOf(atMs, page), y)),
    textAt(`${ink} end`, timeX, baselineOf(top), time),
    textAt(ink, timeX + CHAR_PX, baselineOf(top), cutEnd(words, wordChars)),
  ];
}

/** What was cut, and after a failure why. */
function footOf(page: Page, top: number): Block {
  const parts: string[] = [];
  let bottom = top + GAP_PX / 2;
  const say = (classes: string, text: string): void => {
    const drawn = paragraph(classes, text, page, bottom);
    parts.push(...drawn.parts);
    bottom = drawn.bottom;
  };
  if (page.more !== undefined) say('faint', `… ${page.more}`);
  for (const reason of reasonsOf(page.timeline)) say('label', reason);
  return { parts, bottom };
}

function legendPart(page: Page, top: number): Block {
  const marks = page.rows.flatMap((row) => {
    const { stretches, moments } = shownOf(row, page.timeline.spanMs);
    const seen = stretches.filter(({ fromMs, toMs }) => xOf(toMs, page) - xOf(fromMs, page) >= 1);
    return [...seen, ...moments].map(({ mark }) => mark);
  });
  const entries = legendOf(new Set<Mark>(marks));
  if (entries.length === 0) return { parts: [], bottom: top };
  let x = MARGIN_PX;
  let y = top + ROW_PX / 2 + 4;
  const parts = entries.flatMap(([mark, meaning]) => {
    const entryPx = SAMPLE_PX + 6 + meaning.length * CHAR_PX;
    if (x + entryPx > page.width - MARGIN_PX) [x, y] = [MARGIN_PX, y + LINE_PX];
    const drawn = [sampleAt(mark, x, y), textAt('faint', x + SAMPLE_PX + 6, y + 4, meaning)];
    x += entryPx + GAP_PX;
    return drawn;
  });
  return { parts, bottom: y + 8 };
}
