import { NEVER } from 'rxjs';
import { WAKE, type Wake } from '../../src/core/machine.js';
import type { DialOptions } from '../../src/core/dial-contract.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { dialMachine } from '../../src/swarm/dial-machine.js';
import type { DialInput, DialOutput, DialRequest, DialTask } from '../../src/swarm/dial-state.js';
import { PEER, type FakeConnection } from '../support/dial-bench.js';

/** Short names for addresses: p is public, h is at home. */
const ADDRS: Readonly<Record<string, string>> = {
  p: '/ip4/1.1.1.1/tcp/1',
  q: '/ip4/2.2.2.2/tcp/1',
  r: '/ip4/3.3.3.3/tcp/1',
  h: '/ip4/192.168.1.1/tcp/1',
  R: '/ip4/4.4.4.4/tcp/1/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp/p2p-circuit',
};
const NAMES = new Map(Object.entries(ADDRS).map(([name, addr]) => [addr, name]));
const addrOf = (name: string) => parseMultiaddr(ADDRS[name] ?? name);
const nameOf = (key: string): string => NAMES.get(key) ?? key;

type Input = DialInput<FakeConnection> | Wake;
type Row = readonly [
  input: Input,
  now: number,
  expected: readonly [outputs: string, running: string, wakeAt?: number],
];

const asks = (id: string, options: DialOptions = {}, timeoutMs = 60_000): Input => ({
  type: 'request',
  request: { id, peer: PEER, options, timeoutMs, addr$: NEVER },
});
const plans = (id: string, dials: Readonly<Record<string, number>>, more: object = {}): Input => ({
  type: 'planned',
  id,
  dials: Object.entries(dials).map(([name, delayMs]) => ({ addr: addrOf(name), delayMs })),
  refused: [],
  timeoutMs: undefined,
  ...more,
});
const endsPlan = (id: string, error?: Error): Input => ({ type: 'plan-ended', id, error });
const leaves = (id: string): Input => ({ type: 'withdraw', id });
const progresses = (name: string, stage: 'connected' | 'secured' = 'connected'): Input => ({
  type: 'progress',
  key: ADDRS[name] ?? name,
  stage,
});
const connects = (name: string, connection: FakeConnection = { id: `to ${name}` }): Input => ({
  type: 'connected',
  key: ADDRS[name] ?? name,
  connection,
});
type How = Extract<DialInput<FakeConnection>, { type: 'failed' }>['how'];
const fails = (name: string, how: How = 'failed'): Input => ({
  type: 'failed',
  key: ADDRS[name] ?? name,
  error: new Error('failed'),
  how,
});

/** What was said, in a word each: `plan q+250`, `attempt q`, `end 1 connected`; to whom, where that is not `1`. */
function said(output: DialOutput<FakeConnection>): string {
  if (output.type === 'back-off') return `back-off ${nameOf(output.key)}`;
  if (output.type === 'end') {
    const { outcome, id } = output;
    const which =
      output.outcome === 'failed'
        ? `: ${output.failure.cause.message}`
        : output.outcome === 'cancelled'
          ? ''
          : ` ${output.connection.id}`;
    return `end ${id} ${outcome}${which}`;
  }
  const { fact, ids } = output;
  const addr = 'addr' in fact ? ` ${nameOf(fact.addr)}` : '';
  const delay = fact.type === 'dial:plan' ? `+${String(fact.delayMs)}` : '';
  const to = ids.join() === '1' ? '' : ` (${ids.join()})`;
  return `${fact.type.slice('dial:'.length)}${addr}${delay}${to}`;
}
const shown = (task: DialTask): string =>
  task.type === 'plan' ? `plan ${task.request.id}` : nameOf(task.key);

interface Deps {
  acceptable?: (request: DialRequest) => FakeConnection | undefined;
  /** Addresses that wait in the limiter; the others begin at once. */
  waiting?: readonly string[];
}
/** Steps through a table: what is said, what runs, and when the machine wants to be called. */
function follow(
  rows: readonly Row[],
  { acceptable = () => undefined, waiting = [] }: Deps = {},
): readonly DialTask[] {
  const machine = dialMachine<FakeConnection>({ acceptable });
  let state = machine.initial;
  const runs = new Set<DialTask>();
  rows.forEach(([input, now, [outputs, running, wakeAt]], at) => {
    let turn = machine.step(state, input, now);
    for (const task of turn.changes?.cancelled ?? []) runs.delete(task);
    for (const task of turn.changes?.started ?? []) runs.add(task);
    // What changed adds up to what runs.
    expect([...runs]).toEqual([...(turn.running ?? [])]);
    const heard = [...(turn.outputs ?? [])];
    for (const task of turn.changes?.started ?? []) {
      if (task.type !== 'attempt' || waiting.includes(nameOf(task.key))) continue;
      turn = machine.step(turn.state, { type: 'started', key: task.key }, now);
      heard.push(...(turn.outputs ?? []));
    }
    state = turn.state;
    expect([at, heard.map(said).join(', '), [...runs].map(shown).join(' '), turn.wakeAt]).toEqual([
      at,
      outputs,
      running,
      wakeAt,
    ]);
  });
  return [...runs];
}
const ALL_FAILED = 'all dials failed';

describe('LIM-4: an attempt that waits in the limiter', () => {
  const starts = (name: string): Input => ({ type: 'started', key: ADDRS[name] ?? name });
  const rows: readonly Row[] = [
    [asks('1'), 0, ['start', 'plan 1', 60_000]],
    [plans('1', { h: 0 }), 0, ['plan h+0', 'plan 1', 0]],
    [WAKE, 0, ['', 'plan 1 h', 60_000]],
  ];

  it('is told when it begins, and not before', () => {
    follow([...rows, [starts('h'), 700, ['attempt h', 'plan 1 h', 60_000]]], { waiting: ['h'] });
  });

  it('is no attempt to whoever joins it', () => {
    follow(
      [
        ...rows,
        [asks('2'), 5, ['start (2)', 'plan 1 h plan 2', 60_000]],
        [plans('2', { h: 0 }), 5, ['plan h+0 (2)', 'plan 1 h plan 2', 60_000]],
        [starts('h'), 9, ['attempt h (1,2)', 'plan 1 h plan 2', 60_000]],
      ],
      { waiting: ['h'] },
    );
  });

  it('is cancelled without a word', () => {
    follow([...rows, [leaves('1'), 9, ['end 1 cancelled', '']]], { waiting: ['h'] });
  });

  it('has not been dialed when the time is up', () => {
    follow(
      [
        [asks('1', {}, 100), 0, ['start', 'plan 1', 100]],
        [plans('1', { h: 0 }), 0, ['plan h+0', 'plan 1', 0]],
        [WAKE, 0, ['', 'plan 1 h', 100]],
        [WAKE, 100, [`end 1 failed: dialing ${ADDRS['h'] ?? ''} did not finish within 100 ms`, '']],
      ],
      { waiting: ['h'] },
    );
  });
});

describe('WORK-1: a request arrives', () => {
  it('1: an acceptable connection is the answer', () => {
    follow([[asks('1'), 0, ['start, end 1 reused there', '']]], { acceptable: () => ({ id: 'there' }) });
  });

  it('2: where there are no addresses, it fails with that', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', {}), 0, ['', 'plan 1', 60_000]],
      [endsPlan('1'), 0, ['end 1 failed: no addresses', '']],
    ]);
  });

  it('2: where every address is refused, it fails with that', () => {
    const refused = [{ addr: addrOf('p'), error: new Error('no') }];
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', {}, { refused }), 0, ['refuse p', 'plan 1', 60_000]],
      [plans('1', {}, { refused }), 5, ['', 'plan 1', 60_000]],
      [endsPlan('1'), 9, ['end 1 failed: no good addresses', '']],
    ]);
  });

  it('2: where the strategy fails, it fails with that, though dials run', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0 }), 0, ['plan p+0', 'plan 1', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 p', 60_000]],
      [endsPlan('1', new Error('defect')), 7, ['cancel p, end 1 failed: defect', '']],
    ]);
  });

  it('4: an address that was reached answers, and what else was planned is left alone', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0 }), 0, ['plan p+0', 'plan 1', 0]],
      [asks('2'), 0, ['start (2)', 'plan 1 plan 2', 0]],
      [plans('2', { q: 0 }), 0, ['plan q+0 (2)', 'plan 1 plan 2', 0]],
      [WAKE, 0, ['attempt p, attempt q (2)', 'plan 1 plan 2 p q', 60_000]],
      [connects('q'), 9, ['connect q (2), end 2 connected to q', 'plan 1 p', 60_000]],
      [asks('3'), 9, ['start (3)', 'plan 1 p plan 3', 60_000]],
      [plans('3', { r: 0, q: 5 }), 9, ['end 3 connected to q', 'plan 1 p', 60_000]],
      [asks('4'), 9, ['start (4)', 'plan 1 p plan 4', 60_000]],
      [leaves('1'), 20, ['end 1 cancelled', 'p plan 4', 60_000]],
    ]);
  });

  it('4: one that was reached and is closed by now is dialed again', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0 }), 0, ['plan p+0', 'plan 1', 0]],
      [asks('2'), 0, ['start (2)', 'plan 1 plan 2', 0]],
      [plans('2', { q: 0 }), 0, ['plan q+0 (2)', 'plan 1 plan 2', 0]],
      [WAKE, 0, ['attempt p, attempt q (2)', 'plan 1 plan 2 p q', 60_000]],
      [
        connects('q', { id: 'q', isClosed: true }),
        9,
        ['connect q (2), end 2 connected q', 'plan 1 p', 60_000],
      ],
      [asks('3'), 9, ['start (3)', 'plan 1 p plan 3', 60_000]],
      [plans('3', { q: 5 }), 9, ['plan q+5 (3)', 'plan 1 p plan 3', 5]],
      [WAKE, 10, ['attempt q (3)', 'plan 1 p plan 3 q', 60_000]],
    ]);
  });

  it('4: an address that failed before is in its error, and not waited for', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, q: 0 }), 0, ['plan p+0, plan q+0', 'plan 1', 0]],
      [WAKE, 0, ['attempt p, attempt q', 'plan 1 p q', 60_000]],
      [fails('p'), 5, ['back-off p, fail p', 'plan 1 q', 60_000]],
      [asks('2'), 6, ['start (2)', 'plan 1 q plan 2', 60_000]],
      [plans('2', { p: 0, q: 0 }), 6, ['fail p (2), plan q+0 (2), attempt q (2)', 'plan 1 q plan 2', 60_000]],
      [endsPlan('2'), 6, ['', 'plan 1 q', 60_000]],
      [endsPlan('1'), 6, ['', 'q', 60_000]],
      [
        fails('q'),
        9,
        [`back-off q, fail q (1,2), end 1 failed: ${ALL_FAILED}, end 2 failed: ${ALL_FAILED}`, ''],
      ],
    ]);
  });

  it('5: nothing to dial and nothing to join is the end', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, q: 0 }), 0, ['plan p+0, plan q+0', 'plan 1', 0]],
      [WAKE, 0, ['attempt p, attempt q', 'plan 1 p q', 60_000]],
      [fails('p'), 5, ['back-off p, fail p', 'plan 1 q', 60_000]],
      [asks('2'), 6, ['start (2)', 'plan 1 q plan 2', 60_000]],
      [plans('2', { p: 0 }), 6, ['fail p (2)', 'plan 1 q plan 2', 60_000]],
      [endsPlan('2'), 6, [`end 2 failed: ${ALL_FAILED}`, 'plan 1 q', 60_000]],
    ]);
  });

  it('6: a request waits while its plan goes on, though all that was planned has failed', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0 }), 0, ['plan p+0', 'plan 1', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 p', 60_000]],
      [fails('p'), 5, ['back-off p, fail p', 'plan 1', 60_000]],
      [plans('1', { p: 0, q: 250 }), 6, ['plan q+250', 'plan 1', 6]],
      [WAKE, 6, ['attempt q', 'plan 1 q', 60_000]],
      [endsPlan('1'), 7, ['', 'q', 60_000]],
      [fails('q'), 8, [`back-off q, fail q, end 1 failed: ${ALL_FAILED}`, '']],
    ]);
  });
});

describe('WORK-2: joining an address that has not been dialed', () => {
  const before: readonly Row[] = [
    [asks('1', { forceDirect: true }), 0, ['start', 'plan 1', 60_000]],
    [plans('1', { p: 0, q: 250 }), 0, ['plan p+0, plan q+250', 'plan 1', 0]],
    [WAKE, 0, ['attempt p', 'plan 1 p', 250]],
  ];
  const optionsOf = (tasks: readonly DialTask[]): DialOptions | undefined =>
    tasks.find((task) => task.type === 'attempt' && task.key === ADDRS['q'])?.request.options;

  it('a simultaneous connect takes over its role, and moves it; its back-off stays as it was', () => {
    const tasks = follow([
      ...before,
      [asks('2', { simultaneousConnect: 'server' }), 10, ['start (2)', 'plan 1 p plan 2', 250]],
      [plans('2', { q: 0 }), 10, ['plan q+0 (2)', 'plan 1 p plan 2', 0]],
      [WAKE, 10, ['attempt q (1,2)', 'plan 1 p plan 2 q', 60_000]],
    ]);
    expect(optionsOf(tasks)).toEqual({ forceDirect: true, simultaneousConnect: 'server' });
  });

  it('anything else changes nothing: not its delay, and not its back-off', () => {
    const tasks = follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, q: 250 }), 0, ['plan p+0, plan q+250', 'plan 1', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 p', 250]],
      [asks('2', { forceDirect: true }), 10, ['start (2)', 'plan 1 p plan 2', 250]],
      [plans('2', { q: 0 }), 10, ['plan q+0 (2)', 'plan 1 p plan 2', 250]],
      [WAKE, 250, ['attempt q (1,2)', 'plan 1 p plan 2 q', 60_000]],
    ]);
    expect(optionsOf(tasks)).toEqual({});
  });

  it('two simultaneous connects: the first keeps its role', () => {
    const tasks = follow([
      [asks('1', { simultaneousConnect: 'client' }), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, q: 250 }), 0, ['plan p+0, plan q+250', 'plan 1', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 p', 250]],
      [asks('2', { simultaneousConnect: 'server' }), 10, ['start (2)', 'plan 1 p plan 2', 250]],
      [plans('2', { q: 0 }), 10, ['plan q+0 (2)', 'plan 1 p plan 2', 250]],
      [WAKE, 250, ['attempt q (1,2)', 'plan 1 p plan 2 q', 60_000]],
    ]);
    expect(optionsOf(tasks)).toEqual({ simultaneousConnect: 'client' });
  });

  it('a dial that is under way is joined as it is, and told', () => {
    follow([
      ...before,
      [asks('2', { simultaneousConnect: 'server' }), 10, ['start (2)', 'plan 1 p plan 2', 250]],
      [plans('2', { p: 0 }), 10, ['plan p+0 (2), attempt p (2)', 'plan 1 p plan 2', 250]],
      [plans('2', { p: 0 }), 11, ['', 'plan 1 p plan 2', 250]],
    ]);
  });
});

describe('WORK-3: delays', () => {
  it("count from the worker's start, not from the request", () => {
    follow([
      [asks('1'), 100, ['start', 'plan 1', 60_100]],
      [plans('1', { p: 0, q: 250 }), 120, ['plan p+0, plan q+250', 'plan 1', 120]],
      [WAKE, 120, ['attempt p', 'plan 1 p', 350]],
    ]);
  });

  it("are moved by later plans of the request that brought the address, and by nobody else's", () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, q: 250 }), 0, ['plan p+0, plan q+250', 'plan 1', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 p', 250]],
      [plans('1', { p: 0, q: 400 }), 1, ['plan q+400', 'plan 1 p', 400]],
      [asks('2'), 2, ['start (2)', 'plan 1 p plan 2', 400]],
      [plans('2', { q: 100 }), 2, ['plan q+100 (2)', 'plan 1 p plan 2', 400]],
      [plans('1', { p: 300, q: 50 }), 3, ['plan q+50', 'plan 1 p plan 2', 50]],
    ]);
  });

  it('take nothing back: what a later plan leaves out is dialed', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, q: 250 }), 0, ['plan p+0, plan q+250', 'plan 1', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 p', 250]],
      [plans('1', {}), 1, ['', 'plan 1 p', 250]],
      [WAKE, 250, ['attempt q', 'plan 1 p q', 60_000]],
    ]);
  });
});

describe('WORK-4, WORK-5: scheduling', () => {
  it('nothing runs and nothing ever connected: at once', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 1_000 }), 3, ['plan p+1000', 'plan 1', 3]],
      [WAKE, 3, ['attempt p', 'plan 1 p', 60_000]],
    ]);
  });

  it('something runs: when its delay is over; a time that has passed is now', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, q: 250 }), 0, ['plan p+0, plan q+250', 'plan 1', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 p', 250]],
      [asks('2'), 10_000, ['start (2)', 'plan 1 p plan 2', 250]],
      [WAKE, 10_000, ['attempt q', 'plan 1 p plan 2 q', 60_000]],
      [plans('2', { r: 250 }), 10_001, ['plan r+250 (2)', 'plan 1 p plan 2 q', 250]],
      [WAKE, 10_001, ['attempt r (2)', 'plan 1 p plan 2 q r', 60_000]],
    ]);
  });

  it('nothing runs, but something has connected: when its delay is over', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [asks('2'), 0, ['start (2)', 'plan 1 plan 2', 60_000]],
      [plans('1', { p: 0 }), 0, ['plan p+0', 'plan 1 plan 2', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 plan 2 p', 60_000]],
      [connects('p'), 5, ['connect p, end 1 connected to p', 'plan 2', 60_000]],
      [plans('2', { q: 700 }), 6, ['plan q+700 (2)', 'plan 2', 700]],
    ]);
  });

  it('the whole batch of the smallest delay starts, whatever that delay is', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 300, q: 300, r: 301 }), 0, ['plan p+300, plan q+300, plan r+301', 'plan 1', 0]],
      [WAKE, 0, ['attempt p, attempt q', 'plan 1 p q', 301]],
    ]);
  });

  it('a wake that comes too early starts nothing', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, q: 250 }), 0, ['plan p+0, plan q+250', 'plan 1', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 p', 250]],
      [WAKE, 249, ['', 'plan 1 p', 250]],
    ]);
  });
});

describe('WORK-6: a dial that back-off forbids', () => {
  it('is remembered by the request that asked, and tried again by the next', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, q: 0 }), 0, ['plan p+0, plan q+0', 'plan 1', 0]],
      [WAKE, 0, ['attempt p, attempt q', 'plan 1 p q', 60_000]],
      [fails('p', 'backed-off'), 0, ['fail p', 'plan 1 q', 60_000]],
      [plans('1', { p: 0, q: 0 }), 1, ['', 'plan 1 q', 60_000]],
      [asks('2', { forceDirect: true }), 2, ['start (2)', 'plan 1 q plan 2', 60_000]],
      [plans('2', { p: 0 }), 2, ['plan p+0 (2)', 'plan 1 q plan 2', 0]],
      [WAKE, 2, ['attempt p (2)', 'plan 1 q plan 2 p', 60_000]],
    ]);
  });
});

describe('WORK-7: the socket stands', () => {
  it('of a public address: the others wait until 250 ms later', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, q: 250 }), 0, ['plan p+0, plan q+250', 'plan 1', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 p', 250]],
      [progresses('p'), 200, ['progress p', 'plan 1 p', 450]],
      [progresses('p', 'secured'), 210, ['progress p', 'plan 1 p', 450]],
      [WAKE, 450, ['attempt q', 'plan 1 p q', 60_000]],
    ]);
  });

  it('and fails after all: they wait no longer', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, h: 0, q: 250 }), 0, ['plan p+0, plan h+0, plan q+250', 'plan 1', 0]],
      [WAKE, 0, ['attempt p, attempt h', 'plan 1 p h', 250]],
      [progresses('p'), 200, ['progress p', 'plan 1 p h', 450]],
      [fails('p'), 210, ['back-off p, fail p', 'plan 1 h', 250]],
    ]);
  });

  it('of a private address: they do not wait', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { h: 0, q: 250 }), 0, ['plan h+0, plan q+250', 'plan 1', 0]],
      [WAKE, 0, ['attempt h', 'plan 1 h', 250]],
      [progresses('h'), 200, ['progress h', 'plan 1 h', 250]],
    ]);
  });
});

describe('WORK-8: a dial succeeds', () => {
  it('all who wait are answered; the armed timer stays, and nothing is started', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0 }), 0, ['plan p+0', 'plan 1', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 p', 60_000]],
      [asks('2'), 0, ['start (2)', 'plan 1 p plan 2', 60_000]],
      [plans('2', { p: 0 }), 0, ['plan p+0 (2), attempt p (2)', 'plan 1 p plan 2', 60_000]],
      [asks('3'), 0, ['start (3)', 'plan 1 p plan 2 plan 3', 60_000]],
      [plans('3', { q: 250 }), 0, ['plan q+250 (3)', 'plan 1 p plan 2 plan 3', 250]],
      [connects('p'), 9, ['connect p (1,2), end 1 connected to p, end 2 connected to p', 'plan 3', 250]],
      [WAKE, 250, ['attempt q (3)', 'plan 3 q', 60_000]],
    ]);
  });

  it('with the last that waited, everything else is cancelled in the same turn', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, q: 0, r: 5 }), 0, ['plan p+0, plan q+0, plan r+5', 'plan 1', 0]],
      [WAKE, 0, ['attempt p, attempt q', 'plan 1 p q', 5]],
      [connects('q'), 3, ['connect q, cancel p, end 1 connected to q', '']],
    ]);
  });

  it('one that the host does not take fails, without back-off, and the armed timer stays', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, q: 250 }), 0, ['plan p+0, plan q+250', 'plan 1', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 p', 250]],
      [fails('p', 'unregistered'), 9, ['fail p', 'plan 1', 250]],
    ]);
  });
});

describe('WORK-9: a dial fails', () => {
  it.each([
    ['failed', 'back-off p, fail p'],
    ['black-holed', 'fail p'],
  ] as const)('%s: %s', (how, outputs) => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, q: 250 }), 0, ['plan p+0, plan q+250', 'plan 1', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 p', 250]],
      [fails('p', how), 9, [outputs, 'plan 1', 9]],
    ]);
  });

  it('nothing is backed off once the worker has connected', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [asks('2'), 0, ['start (2)', 'plan 1 plan 2', 60_000]],
      [plans('1', { p: 0 }), 0, ['plan p+0', 'plan 1 plan 2', 0]],
      [plans('2', { q: 0, r: 0 }), 0, ['plan q+0 (2), plan r+0 (2)', 'plan 1 plan 2', 0]],
      [WAKE, 0, ['attempt p, attempt q (2), attempt r (2)', 'plan 1 plan 2 p q r', 60_000]],
      [connects('p'), 5, ['connect p, end 1 connected to p', 'plan 2 q r', 60_000]],
      [fails('q'), 6, ['fail q (2)', 'plan 2 r', 60_000]],
    ]);
  });
});

describe('WORK-10: nothing is left to wait for', () => {
  const rows = (end: string): readonly Row[] => [
    [asks('1'), 0, ['start', 'plan 1', 60_000]],
    [plans('1', { p: 0 }), 0, ['plan p+0', 'plan 1', 0]],
    [endsPlan('1'), 0, ['', '', 0]],
    [WAKE, 0, ['attempt p', 'p', 60_000]],
    [fails('p'), 5, [`back-off p, fail p, ${end}`, '']],
  ];

  it('the request fails', () => {
    follow(rows(`end 1 failed: ${ALL_FAILED}`));
  });

  it('unless a connection is there by now', () => {
    let asked = 0;
    follow(rows('end 1 reused inbound'), {
      acceptable: () => {
        asked += 1;
        return asked === 1 ? undefined : { id: 'inbound' };
      },
    });
  });
});

describe('the rest of the sheet', () => {
  it('WORK-11: news of an address that nobody tracks, or that is over, are none', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [connects('p'), 1, ['', 'plan 1', 60_000]],
      [fails('p'), 1, ['', 'plan 1', 60_000]],
      [progresses('p'), 1, ['', 'plan 1', 60_000]],
      [plans('9', { p: 0 }), 1, ['', 'plan 1', 60_000]],
      [endsPlan('9'), 1, ['', 'plan 1', 60_000]],
      [leaves('9'), 1, ['', 'plan 1', 60_000]],
      [plans('1', { p: 0 }), 2, ['plan p+0', 'plan 1', 2]],
      [connects('p'), 2, ['', 'plan 1', 2]],
      [WAKE, 2, ['attempt p', 'plan 1 p', 60_000]],
      [fails('p'), 3, ['back-off p, fail p', 'plan 1', 60_000]],
      [connects('p'), 4, ['', 'plan 1', 60_000]],
    ]);
  });

  it('WORK-12: the last caller leaves: all is cancelled, and the worker is done', () => {
    const machine = dialMachine<FakeConnection>({ acceptable: () => undefined });
    let state = machine.initial;
    const inputs: Input[] = [asks('1'), plans('1', { p: 0, q: 250 }), WAKE, leaves('1')];
    for (const input of inputs) state = machine.step(state, input, 0).state;
    const last = machine.step(state, { type: 'close' }, 0);
    expect([last.done, last.wakeAt, last.running]).toEqual([true, undefined, new Set()]);
  });

  it('WORK-13: an address that failed is not dialed again while the worker lives', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0 }), 0, ['plan p+0', 'plan 1', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 p', 60_000]],
      [fails('p'), 5, ['back-off p, fail p', 'plan 1', 60_000]],
      [plans('1', { p: 0 }), 6, ['', 'plan 1', 60_000]],
      [asks('2', { forceDirect: true }), 7, ['start (2)', 'plan 1 plan 2', 60_000]],
      [plans('2', { p: 0 }), 7, ['fail p (2)', 'plan 1 plan 2', 60_000]],
    ]);
  });

  it('WORK-14: a connection that came otherwise does not answer who waits', () => {
    let inbound: FakeConnection | undefined;
    follow(
      [
        [asks('1'), 0, ['start', 'plan 1', 60_000]],
        [plans('1', { p: 0, q: 0 }), 0, ['plan p+0, plan q+0', 'plan 1', 0]],
        [WAKE, 0, ['attempt p, attempt q', 'plan 1 p q', 60_000]],
        [endsPlan('1'), 1, ['', 'p q', 60_000]],
        [fails('p'), 2, ['back-off p, fail p', 'q', 60_000]],
        [fails('q'), 3, ['back-off q, fail q, end 1 reused inbound', '']],
      ],
      {
        acceptable: () => {
          const before = inbound;
          inbound = { id: 'inbound' };
          return before;
        },
      },
    );
  });

  it('WORK-16: the first of a batch answers; another that connects is not asked for any more', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, q: 0 }), 0, ['plan p+0, plan q+0', 'plan 1', 0]],
      [WAKE, 0, ['attempt p, attempt q', 'plan 1 p q', 60_000]],
      [connects('p'), 5, ['connect p, cancel q, end 1 connected to p', '']],
      [connects('q'), 5, ['', '']],
    ]);
  });

  it('WORK-17: a relay answers, though a direct dial still runs', () => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', { p: 0, R: 0 }), 0, ['plan p+0, plan R+0', 'plan 1', 0]],
      [WAKE, 0, ['attempt p, attempt R', 'plan 1 p R', 60_000]],
      [connects('R'), 5, ['connect R, cancel p, end 1 connected to R', '']],
    ]);
  });
});

describe('deadlines', () => {
  it('DIAL-1: a request that is out of time fails, and the others go on', () => {
    follow([
      [asks('1', {}, 100), 0, ['start', 'plan 1', 100]],
      [plans('1', { p: 0 }), 0, ['plan p+0', 'plan 1', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 p', 100]],
      [asks('2', {}, 200), 0, ['start (2)', 'plan 1 p plan 2', 100]],
      [plans('2', { p: 0 }), 0, ['plan p+0 (2), attempt p (2)', 'plan 1 p plan 2', 100]],
      [
        WAKE,
        100,
        [`end 1 failed: dialing ${String(ADDRS['p'])} did not finish within 100 ms`, 'p plan 2', 200],
      ],
      [
        WAKE,
        200,
        [`cancel p (2), end 2 failed: dialing ${String(ADDRS['p'])} did not finish within 200 ms`, ''],
      ],
    ]);
  });

  it('are forgotten with those who leave', () => {
    follow([
      [asks('1', {}, 100), 0, ['start', 'plan 1', 100]],
      [asks('2', {}, 200), 0, ['start (2)', 'plan 1 plan 2', 100]],
      [leaves('1'), 50, ['end 1 cancelled', 'plan 2', 100]],
      [WAKE, 100, ['', 'plan 2', 200]],
    ]);
  });

  it.each([
    ['shortens it', 100, 100],
    ['does not extend it', 90_000, 60_000],
  ])('a strategy that names another time %s', (_what, timeoutMs, wakeAt) => {
    follow([
      [asks('1'), 0, ['start', 'plan 1', 60_000]],
      [plans('1', {}, { timeoutMs }), 0, ['', 'plan 1', wakeAt]],
    ]);
  });

  it('after a jump of the clock: who is out of time is, before anything starts', () => {
    follow([
      [asks('1', {}, 100), 0, ['start', 'plan 1', 100]],
      [plans('1', { p: 0, q: 50 }), 0, ['plan p+0, plan q+50', 'plan 1', 0]],
      [WAKE, 0, ['attempt p', 'plan 1 p', 50]],
      [
        WAKE,
        600_000,
        [
          `cancel p, end 1 failed: dialing ${String(ADDRS['p'])}, ${String(ADDRS['q'])} did not finish within 600000 ms`,
          '',
        ],
      ],
    ]);
  });
});

describe('bounds', () => {
  it('a worker tracks 1,000 addresses; more are refused, each once', () => {
    const machine = dialMachine<FakeConnection>({ acceptable: () => undefined });
    const dials = Array.from({ length: 10_000 }, (_, at) => ({
      addr: parseMultiaddr(`/ip4/1.1.1.1/tcp/${String(at + 1)}`),
      delayMs: at,
    }));
    const input: Input = { type: 'planned', id: '1', dials, refused: [], timeoutMs: undefined };
    const { state } = machine.step(machine.initial, asks('1'), 0);
    const first = machine.step(state, input, 0);
    const counts = (type: string): number =>
      (first.outputs ?? []).filter((output) => output.type === 'tell' && output.fact.type === type).length;
    expect([counts('dial:plan'), counts('dial:refuse')]).toEqual([1_000, 9_000]);
    expect(machine.step(first.state, input, 1).outputs).toEqual([]);
  });
});
