/** What both drawings of a dial say. Text that came from others is escaped here. */
import { quote } from '../core/errors.js';
import type { DialTimeline, RowState, TimelineRow } from './dial-timeline.js';

/** As many different reasons as still fit under the drawing of a failed dial. */
const MAX_REASONS = 12;
/** Longer parts of an address are keys and hashes; their last characters tell them apart. */
const LONG_PART = /\/[A-Za-z0-9_=-]{24,}(?=\/|$)/g;
const KEPT_CHARS = 6;

/** What stands beside a row: when it ended, and how. */
export function noteOf(row: TimelineRow, { outcome }: DialTimeline): { time: string; words: string } {
  const endedMs = row.state === 'known' ? row.answeredMs.at(-1) : row.endedMs;
  const time = endedMs === undefined || row.state === 'refused' ? '' : duration(endedMs);
  return { time, words: ENDINGS[row.state](row, outcome === 'running') };
}
const ENDINGS: Readonly<Record<RowState, (row: TimelineRow, running: boolean) => string>> = {
  known: (row) => (row.answeredMs.length === 0 ? 'not planned' : answersIn(row)),
  waiting: (_, running) => (running ? 'waiting' : 'not dialed'),
  dialing: (_, running) => (running ? 'dialing' : 'goes on'),
  connected: ({ won }) => (won ? 'won' : 'connected'),
  failed: ({ code }) => harmless(code ?? 'failed'),
  cancelled: ({ attemptedMs }) => (attemptedMs === undefined ? 'not dialed' : 'cancelled'),
  refused: () => 'refused',
};

/** An address, or a name that has no answer. */
export function hasFailed({ state, code, answers }: TimelineRow): boolean {
  return state === 'failed' || (state === 'known' && code !== undefined && answers === 0);
}

function answersIn({ answers, code }: TimelineRow): string {
  return code === undefined || answers > 0 ? counted(answers, 'answer') : harmless(code);
}

/** Who won when, or how else it ended, and what became of the addresses. */
export function summaryOf(timeline: DialTimeline): string {
  const { outcome, endedMs, spanMs, rows, peer } = timeline;
  const after = `after ${duration(endedMs ?? spanMs)}`;
  const winner = rows.find(({ won }) => won);
  const counts = countsOf(rows).join(', ') || 'no addresses';
  const ends = {
    connected: winner === undefined ? `connected ${after}` : `${shortAddr(winner.addr, peer)} won ${after}`,
    reused: `a connection that was there already was used ${after}`,
    failed: `failed ${after}`,
    cancelled: `cancelled ${after}`,
    running: `still running ${after}`,
  };
  return `${ends[outcome]}: ${counts}`;
}

export function countsOf(rows: readonly TimelineRow[]): string[] {
  const inState = (state: RowState): number => rows.filter((row) => row.state === state).length;
  const dialed = rows.filter(({ attemptedMs }) => attemptedMs !== undefined).length;
  const counts: readonly (readonly [number, string])[] = [
    [dialed, 'dialed'],
    [inState('failed'), 'failed'],
    [rows.filter((row) => row.state === 'cancelled' && row.attemptedMs !== undefined).length, 'cancelled'],
    [inState('dialing'), 'under way'],
    [rows.filter(isLeftOut).length, 'not dialed'],
    [inState('refused'), 'refused'],
  ];
  const names = rows.filter(isName).length;
  return [
    ...counts.filter(([count]) => count > 0).map(([count, word]) => `${String(count)} ${word}`),
    ...(names === 0 ? [] : [counted(names, 'name')]),
  ];
}

function isName({ answeredMs, state }: TimelineRow): boolean {
  return answeredMs.length > 0 && state === 'known';
}

function isLeftOut(row: TimelineRow): boolean {
  return row.attemptedMs === undefined && row.state !== 'refused' && !isName(row);
}

/** Why a dial failed: its own reason if it has one, then each reason that addresses gave, with who gave it. */
export function reasonsOf(timeline: DialTimeline): string[] {
  const { outcome, code, message } = timeline;
  if (outcome !== 'failed') return [];
  const given = givenReasons(timeline);
  // Of a dial without a reason of its own, the addresses' reasons are the reason.
  const own = code !== undefined && (code !== 'ERR_DIAL_FAILED' || given.length === 0);
  const reasons = own ? [because(code, message ?? ''), ...given] : given;
  if (reasons.length <= MAX_REASONS) return reasons;
  return [...reasons.slice(0, MAX_REASONS), `and ${counted(reasons.length - MAX_REASONS, 'more reason')}`];
}

function givenReasons({ rows, peer }: DialTimeline): string[] {
  const givers = new Map<string, { readonly first: string; others: number }>();
  for (const { code, message = '', state, addr } of rows) {
    if (code === undefined || state === 'connected') continue;
    const reason = because(code, message);
    const known = givers.get(reason);
    if (known === undefined) givers.set(reason, { first: shortAddr(addr, peer), others: 0 });
    else known.others += 1;
  }
  return [...givers].map(([reason, { first, others }]) =>
    others === 0 ? `${first}: ${reason}` : `${first} and ${counted(others, 'other')}: ${reason}`,
  );
}

/** A code and the first line of its message; of a dial's message the other lines are its addresses'. */
export function because(code: string, message: string): string {
  const [line = ''] = message.split('\n', 1);
  return line === '' ? harmless(code) : `${harmless(code)}, ${harmless(line)}`;
}

function counted(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** An address as one reads it: without the peer that all of them lead to, and of keys and hashes only the end. */
export function shortAddr(addr: string, peer: string): string {
  const suffix = `/p2p/${peer}`;
  const own = peer !== '' && addr.endsWith(suffix) ? addr.slice(0, -suffix.length) : addr;
  return harmless((own === '' ? addr : own).replace(LONG_PART, (part) => `/…${part.slice(-KEPT_CHARS)}`));
}

/** Whose dial it is. */
export function titleOf({ peer }: DialTimeline): string {
  return peer === '' ? 'dial' : `dial ${shortAddr(`/${peer}`, '').slice(1)}`;
}

/** Others' text, fit for a terminal and for measuring: printable ASCII, each character one column, and our own `…`. */
export function harmless(text: string): string {
  return quote(text)
    .slice(1, -1)
    .replace(/\\(["\\])/g, '$1')
    .replace(/[^ -~…]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Cut in the middle, where an address says least. */
export function fit(text: string, columns: number): string {
  if (text.length <= columns) return text;
  const head = Math.floor((columns - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (columns - 1 - head))}`;
}

export function cutEnd(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}

/** Lines of at most `columns`, broken at spaces where there are any; all but the first are indented. */
export function wrap(text: string, columns: number, indent: string): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > columns) {
    const space = rest.lastIndexOf(' ', columns);
    const end = space > columns / 2 ? space : columns;
    lines.push(rest.slice(0, end));
    rest = indent + rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

/** `7.5 ms`, `340 ms`, `1.25 s`: three digits or so, as many as a reader uses. */
export function duration(ms: number): string {
  if (ms < 1000) return `${rounded(ms, ms < 10 ? 1 : 0)} ms`;
  return `${rounded(ms / 1000, ms < 10_000 ? 2 : 1)} s`;
}

function rounded(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
