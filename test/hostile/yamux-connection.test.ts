/** Reliability sheet, 5.6, where a line is about what a connection makes of its muxer: raw frames against a whole connection. */
import { IdleStreams } from '../../src/connection/idle-streams.js';
import { NEGOTIATION_MS } from '../../src/connection/negotiation.js';
import { Deadlines } from '../../src/rx/deadlines.js';
import { HostConnection, type ConnectionDeps } from '../../src/connection/connection.js';
import { concatBytes, utf8 } from '../../src/core/bytes.js';
import type { CloseReason } from '../../src/core/duplex.js';
import { codeOf, type LimitError } from '../../src/core/errors.js';
import { generateKey } from '../../src/core/keys.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import type { Stream } from '../../src/core/stream-contract.js';
import { encodeVarint } from '../../src/core/varint.js';
import { encodeHeader, FLAG, TYPE } from '../../src/protocols/yamux/frame.js';
import { yamux } from '../../src/protocols/yamux/yamux.js';
import { seededRandom } from '../../src/testing.js';
import { duplexPair, record } from '../support/duplex-pair.js';

const addr = parseMultiaddr('/memory/1');
const line = (text: string) => concatBytes(encodeVarint(text.length + 1), utf8(`${text}\n`));
const PROPOSAL = concatBytes(line('/multistream/1.0.0'), line('/echo'));

function frame(type: number, flags: number, streamId: number, body: Uint8Array | number = 0) {
  const header = new Uint8Array(12);
  const length = typeof body === 'number' ? body : body.byteLength;
  encodeHeader(header, 0, { type, flags, streamId, length });
  return typeof body === 'number' ? header : concatBytes(header, body);
}

/** A connection with a handler for `/echo`, over one end of a channel. */
function connect(pair: ReturnType<typeof duplexPair>, direction: 'inbound' | 'outbound') {
  const handled: Stream[] = [];
  const closed: CloseReason[] = [];
  const unhandled: unknown[] = [];
  const limits: LimitError[] = [];
  const deps: ConnectionDeps = {
    scheduler: pair.clock,
    deadlines: new Deadlines(pair.clock, NEGOTIATION_MS),
    idleStreams: new IdleStreams(pair.clock),
    route: (protocol) =>
      protocol === '/echo' ? { deliver: (stream) => void handled.push(stream) } : undefined,
    streamOpened: () => undefined,
    streamClosed: () => undefined,
    handlerFailed: (_, error) => unhandled.push(error),
    closed: (_, reason) => closed.push(reason),
    limitMet: (error) => limits.push(error),
    report: (error) => unhandled.push(error),
  };
  const connection = new HostConnection(
    'c1',
    direction,
    {
      raw: { duplex: pair.near, localAddr: addr, remoteAddr: addr },
      duplex: pair.near,
      remotePeer: peerIdFrom(generateKey()),
      encryption: 'none',
      muxer: yamux().create({ scheduler: pair.clock, random: seededRandom(1) }),
      role: direction === 'outbound' ? 'client' : 'server',
    },
    deps,
  );
  connection.start();
  return { connection, handled, closed, unhandled, limits };
}

/** Keeps the line alive with answers to pings that were never sent. */
function keepAlive(pair: ReturnType<typeof duplexPair>, forMs: number): void {
  for (let passed = 0; passed < forMs; passed += 10_000) {
    pair.far.sink.next(frame(TYPE.ping, FLAG.ack, 0, 99));
    pair.settle(Math.min(10_000, forMs - passed));
  }
}

it('Y20: no handler is started for a stream that was opened and reset, whatever it said in between', () => {
  const pair = duplexPair();
  record(pair.far);
  const { connection, handled, closed } = connect(pair, 'inbound');
  const both = FLAG.syn | FLAG.rst;
  pair.far.sink.next(frame(TYPE.data, both, 1, PROPOSAL));
  pair.far.sink.next(frame(TYPE.windowUpdate, both, 3));
  pair.settle();
  expect([handled, connection.streams, closed]).toEqual([[], [], []]);
  pair.far.sink.next(frame(TYPE.data, FLAG.syn, 5, PROPOSAL));
  pair.settle();
  expect(handled).toHaveLength(1);
});

it('Y10: no handler is started for a SYN with more than its window, though it begins with a proposal', () => {
  const pair = duplexPair();
  record(pair.far);
  const { handled, closed } = connect(pair, 'inbound');
  pair.far.sink.next(
    concatBytes(frame(TYPE.data, FLAG.syn, 1, PROPOSAL).fill(1, 8, 9), new Uint8Array(1000)),
  );
  pair.settle();
  expect(handled).toEqual([]);
  expect(closed).toMatchObject([{ error: { code: 'ERR_YAMUX', fault: 'remote' } }]);
});

it('Y24: with 256 SYNs unanswered a new stream waits, and then times out; an answer in time lets it through', () => {
  const pair = duplexPair();
  record(pair.far);
  const { connection, closed } = connect(pair, 'outbound');
  const opened: Stream[] = [];
  const failures: unknown[] = [];
  const open = (): void => {
    connection
      .newStream('/echo', { lazy: true })
      .subscribe({ next: (stream) => opened.push(stream), error: (error: unknown) => failures.push(error) });
  };
  for (let count = 0; count < 256; count += 1) open();
  pair.settle();
  // It answers the proposals, so that the streams live, but never the SYNs.
  for (let id = 1; id < 512; id += 2) pair.far.sink.next(frame(TYPE.data, 0, id, PROPOSAL));
  pair.settle();
  open();
  open();
  keepAlive(pair, 5_000);
  expect([opened.length, failures]).toEqual([256, []]);
  pair.far.sink.next(frame(TYPE.windowUpdate, FLAG.ack, 1));
  pair.settle(1);
  expect([opened.length, failures]).toEqual([257, []]);
  // That another was faster gives the last one no more time.
  keepAlive(pair, 4_998);
  expect(failures).toEqual([]);
  keepAlive(pair, 1);
  expect(failures[0]).toMatchObject({ code: 'ERR_TIMEOUT', stage: 'waiting for a stream' });
  expect(closed).toEqual([]);
});

it('Y25: a writer that is never granted window waits, and then its stream dies of idleness, not the connection', () => {
  const pair = duplexPair();
  const { connection, handled, closed } = connect(pair, 'inbound');
  record(pair.far);
  pair.far.sink.next(
    concatBytes(frame(TYPE.data, FLAG.syn, 1, PROPOSAL), frame(TYPE.data, FLAG.syn, 3, PROPOSAL)),
  );
  pair.settle();
  const [stuck, other] = handled;
  const ends: CloseReason[] = [];
  stuck?.closed$.subscribe((reason) => ends.push(reason));
  for (let written = 0; written < 8; written += 1) stuck?.next(new Uint8Array(128 * 1024));
  keepAlive(pair, 110_000);
  expect([ends, connection.streamCount]).toEqual([[], 2]);
  // The other moves a byte.
  other?.next(Uint8Array.of(1));
  keepAlive(pair, 10_001);
  expect(ends).toMatchObject([{ by: 'local', error: { code: 'ERR_STREAM_IDLE' } }]);
  expect([closed, connection.streams]).toEqual([[], [other]]);
});

it('Y31, Y27: a stream asked for while the connection closes fails with a typed error as soon as it has closed', () => {
  const pair = duplexPair();
  record(pair.far);
  const { connection, closed } = connect(pair, 'inbound');
  pair.far.sink.next(frame(TYPE.data, FLAG.syn, 1, PROPOSAL));
  pair.far.sink.next(frame(TYPE.goAway, 0, 0));
  pair.settle();
  let failure: unknown;
  connection.newStream('/echo').subscribe({ error: (error: unknown) => (failure = error) });
  pair.settle(1000);
  expect(codeOf(failure)).toBe('ERR_CONNECTION_CLOSED');
  expect(closed).toEqual([{ by: 'remote', code: 0 }]);
});
