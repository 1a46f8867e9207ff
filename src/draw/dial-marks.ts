/** What both drawings of a dial show: which rows, what in them when, and the axis under it. */
import type { DialTimeline, TimelineRow } from './dial-timeline.js';
import { countsOf, hasFailed } from './dial-words.js';

/** A drawing is for reading: more rows than this are counted, not drawn. */
const MAX_ROWS = 50;

/** What a drawing marks, and what that means, in the order of a legend. `held`: due, but kept back. */
const MEANINGS = {
  waits: 'waits',
  held: 'held back',
  connects: 'connects',
  secures: 'secures',
  muxes: 'muxes',
  asks: 'asks for a name',
  asking: '',
  answer: 'answer',
  connected: 'connected',
  failed: 'failed',
  cancelled: 'cancelled',
  continues: 'goes on',
} as const;
export type Mark = keyof typeof MEANINGS;
export interface Stretch {
  readonly mark: Mark;
  readonly fromMs: number;
  readonly toMs: number;
}
export interface Moment {
  readonly mark: Mark;
  readonly atMs: number;
}

/** What a row shows: stretches of time, and moments on top of them. */
export function shownOf(
  row: TimelineRow,
  spanMs: number,
): { readonly stretches: readonly Stretch[]; readonly moments: readonly Moment[] } {
  const endMs = row.endedMs ?? spanMs;
  return {
    stretches: [...askingOf(row), ...waitingOf(row, endMs), ...stagesOf(row, endMs)],
    moments: [...answersOf(row), ...endOf(row, endMs)],
  };
}

function askingOf({ bornMs, answeredMs }: TimelineRow): Stretch[] {
  const toMs = answeredMs.at(-1);
  return toMs === undefined ? [] : [{ mark: 'asking', fromMs: bornMs, toMs }];
}

function answersOf(row: TimelineRow): Moment[] {
  const { bornMs, answeredMs } = row;
  if (answeredMs.length === 0) return [];
  const mark = hasFailed(row) ? 'failed' : 'answer';
  return [{ mark: 'asks', atMs: bornMs }, ...answeredMs.map((atMs): Moment => ({ mark, atMs }))];
}

/** The worker keeps back what is due for a limit's sake, or while another secures its connection. @source go-libp2p swarm, WORK-7 */
function waitingOf({ state, bornMs, delayMs, attemptedMs }: TimelineRow, endMs: number): Stretch[] {
  if (delayMs === undefined || state === 'refused') return [];
  const toMs = attemptedMs ?? endMs;
  const dueMs = Math.max(bornMs, Math.min(delayMs, toMs));
  return [
    { mark: 'waits', fromMs: bornMs, toMs: dueMs },
    { mark: 'held', fromMs: dueMs, toMs },
  ];
}

function stagesOf({ attemptedMs, connectedMs, securedMs }: TimelineRow, endMs: number): Stretch[] {
  if (attemptedMs === undefined) return [];
  const securingMs = connectedMs ?? securedMs ?? endMs;
  const muxingMs = securedMs ?? endMs;
  return [
    { mark: 'connects', fromMs: attemptedMs, toMs: securingMs },
    { mark: 'secures', fromMs: securingMs, toMs: muxingMs },
    { mark: 'muxes', fromMs: muxingMs, toMs: endMs },
  ];
}

function endOf({ state, attemptedMs }: TimelineRow, atMs: number): Moment[] {
  if (attemptedMs === undefined) return [];
  const ends = state === 'connected' || state === 'failed' || state === 'cancelled';
  return [{ mark: ends ? state : 'continues', atMs }];
}

/** The marks that were drawn, with their meanings. */
export function legendOf(drawn: ReadonlySet<Mark | undefined>): (readonly [Mark, string])[] {
  // The keys of the record are the marks: it is a literal.
  const entries = Object.entries(MEANINGS) as [Mark, string][];
  return entries.filter(([mark, meaning]) => drawn.has(mark) && meaning !== '');
}

/** The rows to draw: the first ones, and the winner in any case; and what became of the others, in words. */
export function rowsInSight(rows: readonly TimelineRow[]): {
  readonly rows: readonly TimelineRow[];
  readonly more: string | undefined;
} {
  if (rows.length <= MAX_ROWS) return { rows, more: undefined };
  const winnerAt = rows.findIndex(({ won }) => won);
  const inSight = (at: number): boolean =>
    winnerAt < MAX_ROWS ? at < MAX_ROWS : at < MAX_ROWS - 1 || at === winnerAt;
  const hidden = rows.filter((_, at) => !inSight(at));
  return {
    rows: rows.filter((_, at) => inSight(at)),
    more: `and ${String(hidden.length)} more: ${countsOf(hidden).join(', ')}`,
  };
}

/** A dial that took no time still gets an axis. */
export function axisMsOf({ spanMs }: DialTimeline): number {
  return Math.max(1, spanMs);
}

/** Round moments from 0 to `axisMs`: steps of 1, 2 or 5 times a power of ten, at most `most` of them. */
export function ticksOf(axisMs: number, most: number): { readonly atMs: number; readonly label: string }[] {
  const least = axisMs / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= least) ?? least;
  const label = (ms: number): string => {
    if (ms === 0) return '0';
    return axisMs >= 2000 ? `${String(ms / 1000)} s` : `${String(ms)} ms`;
  };
  return Array.from({ length: Math.floor(axisMs / step) + 1 }, (_, at) => {
    const atMs = Number((at * step).toPrecision(6));
    return { atMs, label: label(atMs) };
  });
}
