import { dialTimeline } from '../../src/draw/dial-timeline.js';
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
  START,
  unresolved,
} from '../support/dial-events.js';

const [A, B, C] = ['/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/tcp/2', '/ip4/1.2.3.4/tcp/3'];
const NAME = '/dns4/example.org/tcp/1';

describe('the timeline of a dial', () => {
  it('counts from the dial’s start, stage by stage', () => {
    const { rows, ...dial } = dialTimeline(
      dialEvents([
        [0, start()],
        [0, plan(A, 250)],
        [250, attempt(A)],
        [300, connected(A)],
        [340, secured(A)],
        [360, connect(A, 110)],
        [361, end('connected', 361)],
      ]),
    );
    expect(dial).toMatchObject({ startedAt: START, outcome: 'connected', endedMs: 361, spanMs: 361 });
    expect(rows).toMatchObject([
      {
        addr: A,
        delayMs: 250,
        bornMs: 0,
        attemptedMs: 250,
        connectedMs: 300,
        securedMs: 340,
        endedMs: 360,
        state: 'connected',
        won: true,
      },
    ]);
  });

  it('orders by planned delay, then by appearance, and puts refused addresses last', () => {
    const { rows } = dialTimeline(
      dialEvents([
        [0, start()],
        [0, refuse(NAME, 'ERR_GATED', 'no')],
        [0, plan(C, 250)],
        [0, plan(A, 250)],
        [0, plan(B, 0)],
      ]),
    );
    expect(rows.map(({ addr }) => addr)).toEqual([B, C, A, NAME]);
  });

  it('goes by the delay that was planned last', () => {
    const { rows } = dialTimeline(
      dialEvents([
        [0, start()],
        [0, plan(A, 0)],
        [0, plan(B, 250)],
        [5, plan(A, 500)],
      ]),
    );
    expect(rows).toMatchObject([
      { addr: B, delayMs: 250 },
      { addr: A, delayMs: 500, bornMs: 0 },
    ]);
  });

  it('puts answers below their name, at the place of the earliest, names of names deeper', () => {
    const { rows } = dialTimeline(
      dialEvents([
        [0, start()],
        [0, plan(A, 10)],
        [20, resolved('/dnsaddr/example.org', NAME)],
        [30, resolved(NAME, B, C)],
        [30, plan(C, 0)],
        [30, plan(B, 250)],
      ]),
    );
    expect(rows.map(({ addr, from, depth, bornMs }) => [addr, from, depth, bornMs])).toEqual([
      ['/dnsaddr/example.org', undefined, 0, 0],
      [NAME, '/dnsaddr/example.org', 1, 20],
      [C, NAME, 2, 30],
      [B, NAME, 2, 30],
      [A, undefined, 0, 0],
    ]);
  });

  it('leaves an address where it is if it was known before a name answered with it, also with itself', () => {
    const { rows } = dialTimeline(
      dialEvents([
        [0, start()],
        [0, plan(A, 0)],
        [9, resolved(NAME, A, NAME, B)],
        [9, resolved(B, NAME)],
      ]),
    );
    expect(rows.map(({ addr, from }) => [addr, from])).toEqual([
      [A, undefined],
      [NAME, undefined],
      [B, NAME],
    ]);
  });

  it('keeps a name without answers, and its code', () => {
    const { rows } = dialTimeline(
      dialEvents([
        [0, start()],
        [70, unresolved(NAME)],
      ]),
    );
    expect(rows).toMatchObject([{ addr: NAME, state: 'known', code: 'ERR_RESOLVE', answeredMs: [70] }]);
  });

  it('takes the beginning of an attempt that a late joiner did not see from its duration', () => {
    const { rows } = dialTimeline(
      dialEvents([
        [0, start()],
        [100, connect(A, 60)],
        [100, fail(B, 900, 'ERR_TIMEOUT')],
        [100, cancel(C)],
      ]),
    );
    expect(rows).toMatchObject([
      { addr: B, attemptedMs: 0, delayMs: undefined, state: 'failed' },
      { addr: A, attemptedMs: 40, delayMs: undefined, state: 'connected' },
      { addr: C, attemptedMs: undefined, state: 'cancelled' },
    ]);
  });

  it('lets a plan that repeats what has ended change nothing, and a new attempt begin anew', () => {
    const failed = [
      [0, start()],
      [0, attempt(A)],
      [10, connected(A)],
      [20, fail(A, 20, 'ERR_DIAL_BACKOFF')],
      [30, plan(A, 0)],
    ] as const;
    expect(dialTimeline(dialEvents(failed)).rows).toMatchObject([
      { state: 'failed', code: 'ERR_DIAL_BACKOFF' },
    ]);
    expect(dialTimeline(dialEvents([...failed, [40, attempt(A)]])).rows).toMatchObject([
      { state: 'dialing', attemptedMs: 40, connectedMs: undefined, code: undefined },
    ]);
  });

  it('gives the first of several connections the win, and nobody when the dial ended otherwise', () => {
    const both = [
      [0, start()],
      [5, connect(A, 5)],
      [5, connect(B, 5)],
    ] as const;
    const winners = (events: Parameters<typeof dialEvents>[0]): string[] =>
      dialTimeline(dialEvents(events))
        .rows.filter(({ won }) => won)
        .map(({ addr }) => addr);
    expect(winners(both)).toEqual([A]);
    expect(winners([...both, [5, end('connected', 5)]])).toEqual([A]);
    expect(winners([...both, [5, end('reused', 5)]])).toEqual([]);
  });

  it('takes the first dial of several, or the one asked for', () => {
    const events = [
      ...dialEvents([[0, start()]], { dialId: '1' }),
      ...dialEvents([[0, start()]], { dialId: '2', startedAt: 1500 }),
      ...dialEvents([[10, attempt(A)]], { dialId: '1' }),
      ...dialEvents([[10, attempt(B)]], { dialId: '2', startedAt: 1500 }),
    ];
    expect(dialTimeline(events).rows).toMatchObject([{ addr: A, attemptedMs: 10 }]);
    expect(dialTimeline(events, '2')).toMatchObject({
      startedAt: 1500,
      rows: [{ addr: B, attemptedMs: 10 }],
    });
    expect(dialTimeline(events, '3')).toMatchObject({ peer: '', rows: [], outcome: 'running' });
  });
});
