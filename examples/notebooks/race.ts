/** A dial as marble diagrams: one line an address, and one for what the caller of `dial` sees. */
import type { DialEvent } from 'rx-libp2p';
import { AMBER, BLUE, FAINT, GREEN, marbles, RED, VIOLET, type Marble, type MarbleRow } from './pictures';

const LEGEND = 'P: a plan · !: an answer · ▸: starts · ✗: fails · ✓: connects · ⊘: cancelled · |: completes';

/** The events of one dial, as `simulateDial` and `dialUpdates` give them. */
export function raceOf(events: readonly DialEvent[]): string {
  const start = events[0].at;
  const end = events[events.length - 1];
  const endMs = end.at - start;
  const rows: MarbleRow[] = [{ ...plansOf(events, start), ends: { at: endMs, how: 'stops' } }];
  for (const addr of new Set(events.flatMap((event) => ('addr' in event ? [event.addr] : []))))
    rows.push(
      lineOf(
        addr,
        events.filter((event) => 'addr' in event && event.addr === addr),
        start,
        endMs,
      ),
    );
  const won = end.type === 'dial:end' && end.outcome !== 'failed';
  rows.push({
    label: 'dial()',
    result: true,
    marbles: won ? [{ at: endMs, label: '✓', color: GREEN }] : [],
    ends: { at: endMs, how: won ? 'completes' : 'errors' },
  });
  const untilMs = Math.max(endMs * 1.08, 10);
  return marbles(rows, { untilMs, tickMs: niceStep(untilMs), legend: LEGEND });
}

/** What the strategy said, and when: addresses that were planned at one moment are one plan. */
function plansOf(events: readonly DialEvent[], start: number): MarbleRow {
  const times = new Set(events.filter(({ type }) => type === 'dial:plan').map(({ at }) => at - start));
  return { label: 'the strategy', marbles: [...times].map((at) => ({ at, label: 'P', color: FAINT })) };
}

function lineOf(addr: string, events: readonly DialEvent[], start: number, endMs: number): MarbleRow {
  const seen: Marble[] = [];
  let begun: number | undefined;
  let ended: number | undefined;
  for (const event of events) {
    const at = event.at - start;
    if (event.type === 'dial:resolve') seen.push({ at, label: '!', color: VIOLET });
    if (event.type === 'dial:attempt') begun = at;
    const mark = MARKS[event.type];
    if (mark === undefined) continue;
    if (event.type !== 'dial:attempt') ended = at;
    // What never began is not cancelled, it is just not needed.
    if (begun !== undefined) seen.push({ at, ...mark });
  }
  return {
    label: addr.replace(/\/p2p\/[^/]+$/, ''),
    // A name is asked for from the start on.
    from: events[0].type === 'dial:resolve' ? 0 : events[0].at - start,
    marbles: seen,
    bars: begun === undefined ? [] : [{ from: begun, to: ended ?? endMs, color: BLUE }],
    ends: { at: ended ?? endMs, how: 'stops' },
  };
}

const MARKS: Partial<Record<DialEvent['type'], { label: string; color: string }>> = {
  'dial:attempt': { label: '▸', color: BLUE },
  'dial:fail': { label: '✗', color: RED },
  'dial:cancel': { label: '⊘', color: AMBER },
  'dial:connect': { label: '✓', color: GREEN },
};

function niceStep(untilMs: number): number {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000];
  return steps.find((step) => untilMs / step <= 8) ?? 60_000;
}
