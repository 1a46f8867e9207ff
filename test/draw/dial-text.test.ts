import fc from 'fast-check';
import { drawDial } from '../../src/draw/dial-text.js';
import { anyDial, plannedIn } from '../support/any-dial.js';
import {
  attempt,
  cancel,
  connect,
  connected,
  dialEvents,
  end,
  fail,
  PEER,
  plan,
  refuse,
  resolved,
  secured,
  start,
  unresolved,
} from '../support/dial-events.js';

const QUIC = '/ip6/2001:4860::1/udp/4001/quic-v1';
const TCP = '/ip4/8.8.8.8/tcp/4001';
const FAST = '/ip4/8.8.4.4/tcp/4001';
const NAME = '/dnsaddr/example.org';
/** As it is written below, without the line breaks around it. */
const drawing = (text: string): string => text.slice(1, -1);
const ANSI = /\x1b\[\d+m/g; // eslint-disable-line no-control-regex -- it is about these

describe('a drawn dial', () => {
  it('shows who waited, connected, secured and won', () => {
    const events = dialEvents([
      [0, start()],
      [0, refuse('/ip4/127.0.0.1/tcp/4001', 'ERR_ADDR_REFUSED', 'loopback')],
      [0, plan(`${QUIC}/p2p/${PEER}`, 0)],
      [0, plan(TCP, 250)],
      [0, plan(FAST, 750)],
      [0, attempt(`${QUIC}/p2p/${PEER}`)],
      [250, attempt(TCP)],
      [350, connected(TCP)],
      [450, secured(TCP)],
      [500, connect(TCP, 250)],
      [500, cancel(`${QUIC}/p2p/${PEER}`)],
      [500, end('connected', 500)],
    ]);
    expect(drawDial(events, { width: 90 })).toBe(
      drawing(`
  dial …c6iDEp                        0            200 ms       400 ms
                                      ├────────────┴────────────┴──────
  /ip6/2001:4860::1/udp/4001/quic-v1  ────────────────────────────────⊘  500 ms cancelled
★ /ip4/8.8.8.8/tcp/4001               ················──────═══════≡≡≡✓  500 ms won
  /ip4/8.8.4.4/tcp/4001               ································          not dialed
  /ip4/127.0.0.1/tcp/4001             refused: ERR_ADDR_REFUSED, loopback

/ip4/8.8.8.8/tcp/4001 won after 500 ms: 2 dialed, 1 cancelled, 1 not dialed, 1 refused
· waits  ─ connects  ═ secures  ≡ muxes  ✓ connected  ⊘ cancelled
`),
    );
  });

  it('shows an answer that came late and won', () => {
    const events = dialEvents([
      [0, start()],
      [0, plan(TCP, 0)],
      [0, attempt(TCP)],
      [300, resolved(NAME, FAST, '/dns4/old.example.org/tcp/1')],
      [300, plan(FAST, 0)],
      [300, attempt(FAST)],
      [360, unresolved('/dns4/old.example.org/tcp/1')],
      [400, connect(FAST, 100)],
      [400, cancel(TCP)],
      [400, end('connected', 400)],
    ]);
    expect(drawDial(events, { width: 80 })).toBe(
      drawing(`
  dial …c6iDEp                   0            200 ms       400 ms
                                 ├────────────┴────────────┴
  /ip4/8.8.8.8/tcp/4001          ──────────────────────────⊘  400 ms cancelled
  /dnsaddr/example.org           ?╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌!        300 ms 2 answers
★ ↳ /ip4/8.8.4.4/tcp/4001                            ──────✓  400 ms won
  ↳ /dns4/old.example.org/tcp/1                      ?╌╌✗     360 ms ERR_RESOLVE

/ip4/8.8.4.4/tcp/4001 won after 400 ms: 2 dialed, 1 cancelled, 2 names
─ connects  ? asks for a name  ! answer  ✓ connected  ✗ failed  ⊘ cancelled
`),
    );
  });

  it('WORK-23: shows what was due and kept back, in ASCII', () => {
    const events = dialEvents([
      [0, start()],
      [0, plan(TCP, 0)],
      [0, plan(FAST, 250)],
      [0, attempt(TCP)],
      [200, connected(TCP)],
      [450, attempt(FAST)],
      [500, connected(FAST)],
    ]);
    expect(drawDial(events, { width: 72, ascii: true })).toBe(
      drawing(`
  dial ~c6iDEp           0      100 ms  200 ms 300 ms  400 ms 500 ms
                         |______|_______|______|_______|______|
  /ip4/8.8.8.8/tcp/4001  ---------------======================>  dialing
  /ip4/8.8.4.4/tcp/4001  ...................::::::::::::::---->  dialing

still running after 500 ms: 2 dialed, 2 under way
. waits  : held back  - connects  = secures  > goes on
`),
    );
  });

  it('says why a dial failed, once for those who gave the same reason', () => {
    const events = dialEvents([
      [0, start()],
      [0, refuse(QUIC, 'ERR_BLACK_HOLE', 'UDP has answered nothing lately')],
      [0, plan(TCP, 0)],
      [0, plan(FAST, 250)],
      [0, attempt(TCP)],
      [40, fail(TCP, 40, 'ECONNREFUSED', 'connection refused')],
      [40, attempt(FAST)],
      [80, fail(FAST, 40, 'ECONNREFUSED', 'connection refused')],
      [80, end('failed', 80, 'ERR_DIAL_FAILED', 'cannot dial')],
    ]);
    expect(drawDial(events, { width: 80 })).toBe(
      drawing(`
  dial …c6iDEp                      0             50 ms
                                    ├─────────────┴─────────
  /ip4/8.8.8.8/tcp/4001             ────────────✗             40 ms ECONNREFUSED
  /ip4/8.8.4.4/tcp/4001             ············───────────✗  80 ms ECONNREFUSED
  /ip6/2001:4860:…udp/4001/quic-v1  refused: ERR_BLACK_HOLE, UDP has answered n…

failed after 80 ms: 2 dialed, 2 failed, 1 refused
  /ip4/8.8.8.8/tcp/4001 and 1 other: ECONNREFUSED, connection refused
  /ip6/2001:4860::1/udp/4001/quic-v1: ERR_BLACK_HOLE, UDP has answered nothing
    lately
· waits  ─ connects  ✗ failed
`),
    );
  });

  it('says a dial’s own reason, also when it had no addresses', () => {
    const events = dialEvents([
      [0, start()],
      [0, end('failed', 0, 'ERR_NO_ADDRESSES', 'nothing is known\nof this peer')],
    ]);
    expect(drawDial(events)).toBe('failed after 0 ms: no addresses\n  ERR_NO_ADDRESSES, nothing is known');
    expect(drawDial([])).toBe('still running after 0 ms: no addresses');
  });

  it('draws a dial of no duration', () => {
    const events = dialEvents([
      [0, start()],
      [0, plan(TCP, 0)],
      [0, attempt(TCP)],
      [0, connect(TCP, 0)],
      [0, end('connected', 0)],
    ]);
    expect(drawDial(events, { width: 60 })).toBe(
      drawing(`
  dial …c6iDEp           0           0.5 ms      1 ms
                         ├───────────┴───────────┴
★ /ip4/8.8.8.8/tcp/4001  ✓                          0 ms won

/ip4/8.8.8.8/tcp/4001 won after 0 ms: 1 dialed
✓ connected
`),
    );
  });

  it('cuts a thousand addresses, but not the winner, and counts the rest', () => {
    const addrs = Array.from({ length: 1000 }, (_, at) => `/ip4/1.2.3.4/tcp/${String(at)}`);
    const events = dialEvents([
      [0, start()],
      ...addrs.map((addr) => [0, plan(addr, 0)] as const),
      [0, attempt('/ip4/1.2.3.4/tcp/999')],
      [5, connect('/ip4/1.2.3.4/tcp/999', 5)],
    ]);
    const lines = drawDial(events).split('\n');
    expect(lines.filter((line) => line.includes('/tcp/') && !line.startsWith('still'))).toHaveLength(50);
    expect(lines.find((line) => line.startsWith('★'))).toContain('/ip4/1.2.3.4/tcp/999 ');
    expect(lines).toContain('  … and 950 more: 950 not dialed');
  });

  it('lets nobody write into the terminal', () => {
    const events = dialEvents([
      [0, start()],
      [0, attempt('/dns4/\x1b[2J\u009b31m\u202egro.elpmaxe/tcp/1')],
      [9, fail('/dns4/\x1b[2J\u009b31m\u202egro.elpmaxe/tcp/1', 9, 'E\x07', 'bell \x07 ｗｉｄｅ "quoted"')],
      [9, end('failed', 9, 'ERR_DIAL_FAILED')],
    ]);
    const text = drawDial(events, { width: 200, ascii: true });
    expect(text).toMatch(/^[ -~\n]*$/);
    expect(text).toContain('/dns4/\\u001b[2J\\u{9b}31m\\u{202e}gro.elpmaxe/tcp/1');
    expect(text).toContain('bell \\u0007 \\u{ff57}\\u{ff49}\\u{ff44}\\u{ff45} "quoted"');
  });

  it('colours only when asked to, and then draws the same', () => {
    fc.assert(
      fc.property(anyDial, (events) => {
        const coloured = drawDial(events, { colour: true });
        expect(drawDial(events)).not.toMatch(ANSI);
        expect(coloured.replaceAll(ANSI, '')).toBe(drawDial(events));
      }),
    );
  });

  it('keeps to its width, whatever the events and their order', () => {
    fc.assert(
      fc.property(anyDial, fc.integer({ min: 40, max: 300 }), fc.boolean(), (events, width, ascii) => {
        for (const line of drawDial(events, { width, ascii }).split('\n')) {
          expect(line.length).toBeLessThanOrEqual(width);
          expect(line).toBe(line.trimEnd());
        }
      }),
    );
  });

  it.each([
    [0, 40],
    [-Infinity, 40],
    [80.5, 80],
    [1e9, 1000],
    [NaN, 100],
    [undefined, 100],
  ])('takes a width of %s as %s', (width, columns) => {
    const events = dialEvents([
      [0, start()],
      [9, attempt(TCP)],
    ]);
    expect(drawDial(events, { width })).toBe(drawDial(events, { width: columns }));
  });

  it('shows every planned address, or counts it', () => {
    fc.assert(
      fc.property(anyDial, (events) => {
        const lines = drawDial(events, { width: 1000 }).split('\n');
        const planned = plannedIn(events);
        const shown = planned.filter((addr) => lines.some((line) => line.includes(`${addr} `)));
        const more = /and (\d+) more/.exec(lines.join('\n'))?.[1] ?? 0;
        expect(shown.length + Number(more)).toBeGreaterThanOrEqual(planned.length);
      }),
    );
  });
});
