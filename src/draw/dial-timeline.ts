/** What happened in one dial, address by address, put together from its events. Pure: the drawings only place it. */
import type { DialEvent, LiveObjects } from '../core/events.js';

type Told<E> = E extends unknown ? Omit<E, keyof LiveObjects> : never;
/** A dial's event as told, or as read back from a recorder's JSON. */
export type ToldDialEvent = Told<DialEvent>;
type Of<T extends ToldDialEvent['type']> = Extract<ToldDialEvent, { readonly type: T }>;
type AddrEvent = Exclude<ToldDialEvent, Of<'dial:start' | 'dial:end'>>;

/** `known`: nobody has planned it, such as a name, or an answer that a strategy left out. */
export type RowState = 'known' | 'waiting' | 'dialing' | 'connected' | 'failed' | 'cancelled' | 'refused';

/** One address, or one name and its answers. Times are ms since the dial's start, never negative. */
export interface TimelineRow {
  readonly addr: string;
  /** The name whose answer it is; undefined if it was known otherwise. */
  readonly from: string | undefined;
  /** How many names led to it. */
  readonly depth: number;
  readonly state: RowState;
  readonly won: boolean;
  /** When it was first heard of; a name is asked for from then on. */
  readonly bornMs: number;
  /** For a name: when answers came, and how many addresses they held in all. */
  readonly answeredMs: readonly number[];
  readonly answers: number;
  /** As planned last. An address that a later call joined may have none. */
  readonly delayMs: number | undefined;
  readonly attemptedMs: number | undefined;
  readonly connectedMs: number | undefined;
  readonly securedMs: number | undefined;
  readonly endedMs: number | undefined;
  readonly code: string | undefined;
  readonly message: string | undefined;
}
export interface DialTimeline {
  readonly dialId: string | undefined;
  readonly peer: string;
  /** `at` of the dial's start, or of the first event there is. */
  readonly startedAt: number;
  /** `running` as long as nothing was told of an end. */
  readonly outcome: Of<'dial:end'>['outcome'] | 'running';
  readonly endedMs: number | undefined;
  readonly code: string | undefined;
  readonly message: string | undefined;
  /** From the start to the last thing that was told. */
  readonly spanMs: number;
  /** By planned delay, then in order of appearance; a name stands before its answers, refused addresses last. */
  readonly rows: readonly TimelineRow[];
}

/** One dial's timeline: the one asked for, or the first there is. Takes events in any order and number; never throws. */
export function dialTimeline(
  events: readonly ToldDialEvent[],
  dialId = startOf(events)?.dialId,
): DialTimeline {
  const told = events.filter((event) => event.dialId === dialId);
  const { peer = '', at: startedAt = 0 } = startOf(told) ?? {};
  const timesMs = told.map(({ at }) => Math.max(0, at - startedAt));
  const rows = new Map<string, TimelineRow>();
  told.forEach((event, index) => {
    if (isOfAddr(event)) tell(rows, event, timesMs[index] ?? 0);
  });
  const winner = winnerOf(told);
  return {
    dialId,
    peer,
    startedAt,
    ...endOf(told, startedAt),
    spanMs: timesMs.reduce((spanMs, ms) => Math.max(spanMs, ms), 0),
    rows: inOrder([...rows.values()].map((row) => (row.addr === winner ? { ...row, won: true } : row))),
  };
}

function startOf(events: readonly ToldDialEvent[]): ToldDialEvent | undefined {
  return events.find(({ type }) => type === 'dial:start') ?? events[0];
}

function isOfAddr(event: ToldDialEvent): event is AddrEvent {
  return event.type !== 'dial:start' && event.type !== 'dial:end';
}

type Ending = Pick<DialTimeline, 'outcome' | 'endedMs' | 'code' | 'message'>;
function endOf(told: readonly ToldDialEvent[], startedAt: number): Ending {
  const end = told.find((event) => event.type === 'dial:end');
  if (end === undefined)
    return { outcome: 'running', endedMs: undefined, code: undefined, message: undefined };
  const { outcome, at, code, message } = end;
  return { outcome, endedMs: Math.max(0, at - startedAt), code, message };
}

/** Of several that connect, the first is the dial's. A dial that ended otherwise has no winner. */
function winnerOf(told: readonly ToldDialEvent[]): string | undefined {
  const end = told.find((event) => event.type === 'dial:end');
  if (end !== undefined && end.outcome !== 'connected') return undefined;
  return told.find((event) => event.type === 'dial:connect')?.addr;
}

function tell(rows: Map<string, TimelineRow>, event: AddrEvent, atMs: number): void {
  const { addr } = event;
  // A name is told of when it is answered, and was asked for from the start.
  const row = rows.get(addr) ?? unheardOf(addr, event.type === 'dial:resolve' ? 0 : atMs);
  rows.set(addr, { ...row, ...changeOf(row, event, atMs) });
  if (event.type !== 'dial:resolve') return;
  // Who was there before stays where it is, so nobody can come from themselves.
  for (const answer of event.answers)
    if (!rows.has(answer)) rows.set(answer, { ...unheardOf(answer, atMs), from: addr, depth: row.depth + 1 });
}

function unheardOf(addr: string, bornMs: number): TimelineRow {
  return {
    addr,
    from: undefined,
    depth: 0,
    state: 'known',
    won: false,
    bornMs,
    answeredMs: [],
    answers: 0,
    delayMs: undefined,
    ...NOT_YET,
  };
}
const NOT_YET = {
  attemptedMs: undefined,
  connectedMs: undefined,
  securedMs: undefined,
  endedMs: undefined,
  code: undefined,
  message: undefined,
};

function changeOf(row: TimelineRow, event: AddrEvent, atMs: number): Partial<TimelineRow> {
  switch (event.type) {
    case 'dial:resolve':
      return {
        answeredMs: [...row.answeredMs, atMs],
        answers: row.answers + event.answers.length,
        code: event.code,
      };
    case 'dial:plan':
      return { ...planned(row), delayMs: event.delayMs };
    case 'dial:refuse':
      return { state: 'refused', endedMs: atMs, code: event.code, message: event.message };
    case 'dial:attempt':
      return { ...NOT_YET, state: 'dialing', attemptedMs: atMs };
    case 'dial:progress':
      return event.stage === 'connected' ? { connectedMs: atMs } : { securedMs: atMs };
    case 'dial:fail':
      return { ...ended(row, event, atMs), state: 'failed', code: event.code, message: event.message };
    case 'dial:cancel':
      return { state: 'cancelled', endedMs: atMs };
    case 'dial:connect':
      return { ...ended(row, event, atMs), state: 'connected' };
  }
}

/** A plan that repeats what has begun changes nothing of it. */
function planned({ state }: TimelineRow): Partial<TimelineRow> {
  if (state === 'refused') return { ...NOT_YET, state: 'waiting' };
  return state === 'known' ? { state: 'waiting' } : {};
}

/** Of an attempt that began before this dial only the end is told; how long it took gives the beginning. */
function ended(row: TimelineRow, { afterMs }: { afterMs: number }, atMs: number): Partial<TimelineRow> {
  return { attemptedMs: row.attemptedMs ?? Math.max(0, atMs - afterMs), endedMs: atMs };
}

/** Each name before its answers, each group at the place of its earliest. Answers appear after their name, always. */
function inOrder(rows: readonly TimelineRow[]): TimelineRow[] {
  const placeMs = new Map(rows.map((row) => [row.addr, ownPlaceMs(row)]));
  const answersOf = new Map<string | undefined, TimelineRow[]>();
  for (const row of rows) {
    const group = answersOf.get(row.from);
    if (group === undefined) answersOf.set(row.from, [row]);
    else group.push(row);
  }
  const placeOf = (addr: string): number => placeMs.get(addr) ?? Infinity;
  for (const { addr, from } of rows.toReversed())
    if (from !== undefined) placeMs.set(from, Math.min(placeOf(from), placeOf(addr)));
  const latestFirst = (from: string | undefined): TimelineRow[] =>
    (answersOf.get(from) ?? []).sort((a, b) => compare(placeOf(a.addr), placeOf(b.addr))).reverse();
  const ordered: TimelineRow[] = [];
  const todo = latestFirst(undefined);
  for (let row = todo.pop(); row !== undefined; row = todo.pop()) {
    ordered.push(row);
    for (const answer of latestFirst(row.addr)) todo.push(answer);
  }
  return ordered;
}

function ownPlaceMs(row: TimelineRow): number {
  if (row.state === 'refused') return Infinity;
  return row.delayMs ?? row.attemptedMs ?? row.answeredMs[0] ?? row.bornMs;
}

/** Not a difference: that of two infinities is no number. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
