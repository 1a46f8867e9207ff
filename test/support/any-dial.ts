/** Dials as no worker tells them: any events, in any order, of one or two calls. */
import fc from 'fast-check';
import type { ToldDialEvent } from '../../src/draw/dial-timeline.js';
import {
  attempt,
  cancel,
  connect,
  connected,
  dialEvents,
  end,
  fail,
  plan,
  refuse,
  resolved,
  secured,
  start,
  unresolved,
} from './dial-events.js';

const addr = fc.oneof(
  fc.integer({ min: 1, max: 99 }).map((port) => `/ip4/1.2.3.4/tcp/${String(port)}`),
  fc.constantFrom('/dnsaddr/a.example', '/dns4/b.example/tcp/1', '/dns6/c.example/tcp/2'),
);
const hostile = fc.string({ unit: 'binary', maxLength: 300 });
const ms = fc.oneof(fc.nat({ max: 2000 }), fc.double({ min: 0, max: 1e9, noNaN: true }));
const outcome = fc.constantFrom('connected', 'reused', 'failed', 'cancelled');

const happening = fc.oneof(
  fc.constant(start()),
  fc
    .tuple(addr, fc.array(fc.oneof(addr, hostile), { maxLength: 4 }))
    .map(([name, all]) => resolved(name, ...all)),
  fc.tuple(addr, hostile).map(([name, code]) => unresolved(name, code)),
  fc.tuple(addr, ms).map(([a, delayMs]) => plan(a, delayMs)),
  fc.tuple(addr, hostile, hostile).map(([a, code, message]) => refuse(a, code, message)),
  addr.map(attempt),
  addr.map(connected),
  addr.map(secured),
  fc.tuple(addr, ms, hostile, hostile).map(([a, afterMs, code, message]) => fail(a, afterMs, code, message)),
  addr.map(cancel),
  fc.tuple(addr, ms).map(([a, afterMs]) => connect(a, afterMs)),
  fc
    .tuple(outcome, ms, hostile, hostile)
    .map(([how, afterMs, code, message]) => end(how, afterMs, code, message)),
);

export const anyDial: fc.Arbitrary<ToldDialEvent[]> = fc
  .array(fc.tuple(ms, happening, fc.constantFrom('1', '1', '1', '2')), { maxLength: 90 })
  .map((all) => all.flatMap(([at, fields, dialId]) => dialEvents([[at, fields]], { dialId })));

/** The addresses that the first dial of these plans. */
export function plannedIn(events: readonly ToldDialEvent[]): string[] {
  const dialId = (events.find(({ type }) => type === 'dial:start') ?? events[0])?.dialId;
  const planned = events.flatMap((event) =>
    event.type === 'dial:plan' && event.dialId === dialId ? [event.addr] : [],
  );
  return [...new Set(planned)];
}
