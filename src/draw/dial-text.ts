/** A dial as text: a line an address, time to the right. */
import { dialTimeline, type DialTimeline, type TimelineRow, type ToldDialEvent } from './dial-timeline.js';
import { axisMsOf, legendOf, rowsInSight, shownOf, ticksOf, widthOf, type Mark } from './dial-marks.js';
import {
  because,
  cutEnd,
  fit,
  hasFailed,
  noteOf,
  reasonsOf,
  shortAddr,
  summaryOf,
  titleOf,
  wrap,
} from './dial-words.js';

/** With less there is no room for an address, a bar and a note; more shows nothing, and would let a slip fill memory. */
const COLUMNS = { least: 40, usual: 100, most: 1000 };
/** Addresses get at most this share of a line, notes that one, and the bars the rest. */
const LABEL_SHARE = 0.4;
const NOTE_SHARE = 0.3;
const TICK_COLUMNS = 7;
const MAX_INDENTS = 3;
const GAP = '  ';

type Ink = 'plain' | 'dim' | 'bold' | 'cyan' | 'blue' | 'green' | 'red' | 'yellow';
const ANSI: Readonly<Record<Exclude<Ink, 'plain'>, number>> = {
  dim: 2,
  bold: 1,
  cyan: 36,
  blue: 34,
  green: 32,
  red: 31,
  yellow: 33,
};
type Span = readonly [text: string, ink: Ink];
type Line = readonly Span[];

interface Glyphs {
  readonly marks: Readonly<Record<Mark, string>>;
  readonly winner: string;
  readonly answerOf: string;
  readonly cut: string;
  readonly ruler: readonly [first: string, between: string, tick: string];
}
const UNICODE: Glyphs = {
  marks: {
    waits: '·',
    held: ':',
    connects: '─',
    secures: '═',
    muxes: '≡',
    asks: '?',
    asking: '╌',
    answer: '!',
    connected: '✓',
    failed: '✗',
    cancelled: '⊘',
    continues: '▸',
  },
  winner: '★',
  answerOf: '↳',
  cut: '…',
  ruler: ['├', '─', '┴'],
};
const ASCII: Glyphs = {
  marks: {
    waits: '.',
    held: ':',
    connects: '-',
    secures: '=',
    muxes: '#',
    asks: '?',
    asking: '~',
    answer: '!',
    connected: '+',
    failed: 'x',
    cancelled: '/',
    continues: '>',
  },
  winner: '*',
  answerOf: '>',
  cut: '~',
  ruler: ['|', '_', '|'],
};
const INKS: Readonly<Record<Mark, Ink>> = {
  waits: 'dim',
  held: 'yellow',
  connects: 'cyan',
  secures: 'blue',
  muxes: 'blue',
  asks: 'cyan',
  asking: 'dim',
  answer: 'green',
  connected: 'green',
  failed: 'red',
  cancelled: 'yellow',
  continues: 'cyan',
};

/** How a dial is drawn as text. */
export interface DialTextOptions {
  /** Columns of the longest line, from 40 to 1,000; 100 if left out. */
  readonly width?: number | undefined;
  /** ANSI colours; none if left out. */
  readonly colour?: boolean | undefined;
  /** Nothing but ASCII. */
  readonly ascii?: boolean | undefined;
}

/**
 * One dial (the first of which `events` tell) as lines of text: who waited, connected, secured and won when, and in a last
 * line how it ended; after a failure also why. At most 50 addresses are drawn, the rest counted. What came from others
 * is escaped. Takes events in any order and number; never throws.
 */
export function drawDial(events: readonly ToldDialEvent[], options: DialTextOptions = {}): string {
  const glyphs = options.ascii === true ? ASCII : UNICODE;
  return linesOf(pageOf(dialTimeline(events), glyphs, widthOf(options.width, COLUMNS)))
    .map((line) => painted(trimmed(line), options.colour === true))
    .join('\n')
    .replaceAll(UNICODE.cut, glyphs.cut);
}

/** What is drawn, and where. */
interface Page {
  readonly timeline: DialTimeline;
  readonly rows: readonly TimelineRow[];
  readonly more: string | undefined;
  readonly glyphs: Glyphs;
  readonly width: number;
  readonly label: number;
  readonly chart: number;
  readonly time: number;
  readonly note: number;
}

function pageOf(timeline: DialTimeline, glyphs: Glyphs, width: number): Page {
  const { rows, more } = rowsInSight(timeline.rows);
  const notes = rows.map((row) => noteOf(row, timeline));
  const longest = (texts: readonly string[]): number => Math.max(0, ...texts.map(({ length }) => length));
  const labels = [titleOf(timeline), ...rows.map((row) => labelOf(row, timeline, glyphs))];
  const label = Math.min(longest(labels), Math.floor(width * LABEL_SHARE));
  // With the space behind it, if there are times at all.
  const time = longest(notes.map((said) => said.time && `${said.time} `));
  const note = Math.min(time + longest(notes.map(({ words }) => words)), Math.floor(width * NOTE_SHARE));
  const chart = width - label - note - 3 * GAP.length;
  return { timeline, rows, more, glyphs, width, label, time, note, chart };
}

function labelOf({ addr, depth }: TimelineRow, { peer }: DialTimeline, { answerOf }: Glyphs): string {
  const indent = depth === 0 ? '' : `${'  '.repeat(Math.min(depth, MAX_INDENTS) - 1)}${answerOf} `;
  return indent + shortAddr(addr, peer);
}

function linesOf(page: Page): Line[] {
  const { timeline, rows, more, width } = page;
  const spread = (text: string, ink: Ink, indent = '    '): Line[] =>
    wrap(text, width, indent).map((line) => [[line, ink]]);
  const charts = rows.map((row) => chartOf(row, page));
  return [
    ...(rows.length === 0 ? [] : axisLines(page)),
    ...rows.map((row, at) => rowLine(row, charts[at] ?? [], page)),
    ...(more === undefined ? [] : spread(`  ${UNICODE.cut} ${more}`, 'dim')),
    ...(rows.length === 0 ? [] : [[]]),
    ...spread(summaryOf(timeline), SUMMARY_INKS[timeline.outcome]),
    ...reasonsOf(timeline).flatMap((reason) => spread(`  ${reason}`, 'plain')),
    ...legendLines(new Set(charts.flat()), page),
  ];
}
const SUMMARY_INKS: Readonly<Record<DialTimeline['outcome'], Ink>> = {
  connected: 'green',
  reused: 'green',
  failed: 'red',
  cancelled: 'yellow',
  running: 'bold',
};

function columnOf(ms: number, { timeline, chart }: Page): number {
  const axisMs = axisMsOf(timeline);
  return Math.round((Math.min(ms, axisMs) / axisMs) * (chart - 1));
}

function axisLines(page: Page): Line[] {
  const { timeline, chart, label: labelColumns, note, glyphs } = page;
  const [first, between, tick] = glyphs.ruler;
  const ruler = new Array<string>(chart).fill(between);
  let labels = '';
  for (const { atMs, label } of ticksOf(axisMsOf(timeline), Math.floor(chart / TICK_COLUMNS))) {
    const column = columnOf(atMs, page);
    ruler[column] = column === 0 ? first : tick;
    // A label may stand over the notes, but not beyond them, and not on its neighbour.
    const fits =
      column + label.length <= chart + GAP.length + note && (column === 0 || labels.length < column);
    if (fits) labels = labels.padEnd(column) + label;
  }
  const title = fit(titleOf(timeline), labelColumns).padEnd(labelColumns);
  return [
    [
      [GAP + title + GAP, 'bold'],
      [labels, 'dim'],
    ],
    [[' '.repeat(labelColumns + 2 * GAP.length) + ruler.join(''), 'dim']],
  ];
}

function rowLine(row: TimelineRow, cells: readonly Cell[], page: Page): Line {
  const { timeline, glyphs, chart, label, time, note } = page;
  const head: Line = [
    [(row.won ? glyphs.winner : '').padEnd(GAP.length), 'green'],
    [fit(labelOf(row, timeline, glyphs), label).padEnd(label) + GAP, row.won ? 'bold' : 'plain'],
  ];
  if (row.state === 'refused') {
    const why = `refused: ${because(row.code ?? '', row.message ?? '')}`;
    return [...head, [cutEnd(why, chart + GAP.length + note), 'dim']];
  }
  const said = noteOf(row, timeline);
  const noteInk = row.won ? 'bold' : hasFailed(row) ? 'red' : 'dim';
  return [
    ...head,
    ...cells.map((mark): Span => (mark === undefined ? [' ', 'plain'] : [glyphs.marks[mark], INKS[mark]])),
    [GAP + cutEnd(said.time.padStart(time - 1).padEnd(time) + said.words, note), noteInk],
  ];
}

type Cell = Mark | undefined;
function chartOf(row: TimelineRow, page: Page): Cell[] {
  const cells = new Array<Cell>(page.chart).fill(undefined);
  const { stretches, moments } = shownOf(row, page.timeline.spanMs);
  for (const { mark, fromMs, toMs } of stretches)
    cells.fill(mark, columnOf(fromMs, page), columnOf(toMs, page));
  for (const { mark, atMs } of moments) cells[columnOf(atMs, page)] = mark;
  return cells;
}

function legendLines(drawn: ReadonlySet<Cell>, { glyphs, width }: Page): Line[] {
  const lines: string[] = [];
  for (const [mark, meaning] of legendOf(drawn)) {
    const entry = `${glyphs.marks[mark]} ${meaning}`;
    const longer = `${lines.at(-1) ?? ''}${GAP}${entry}`;
    if (lines.length === 0 || longer.length > width) lines.push(entry);
    else lines[lines.length - 1] = longer;
  }
  return lines.map((line) => [[line, 'dim']]);
}

function trimmed(line: Line): Line {
  const kept = line.findLastIndex(([text]) => text.trim() !== '');
  return line.slice(0, kept + 1).map(([text, ink], at) => [at === kept ? text.trimEnd() : text, ink]);
}

/** One escape sequence a stretch of the same ink. */
function painted(line: Line, colour: boolean): string {
  const runs: [text: string, ink: Ink][] = [];
  for (const [text, ink] of line) {
    const last = runs.at(-1);
    if (last?.[1] === ink) last[0] += text;
    else runs.push([text, ink]);
  }
  const print = ([text, ink]: Span): string =>
    colour && ink !== 'plain' && text.trim() !== '' ? `\x1b[${String(ANSI[ink])}m${text}\x1b[0m` : text;
  return runs.map(print).join('');
}
