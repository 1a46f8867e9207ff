/** Reliability sheet, 5.2: what a peer may say in place of multistream-select, to a listener, in a stream, and as an answer. */
import { map } from 'rxjs';
import { serve, type Stream } from '../../src/index.js';
import { InboundNegotiation, NEGOTIATION_MS } from '../../src/connection/negotiation.js';
import { upgradeOutbound } from '../../src/connection/upgrade.js';
import { upgradedOnly } from '../support/upgraded.js';
import { concatBytes, fromHex, NO_BYTES, toHex, utf8 } from '../../src/core/bytes.js';
import type { Bytes, Writable } from '../../src/core/duplex.js';
import { generateKey } from '../../src/core/keys.js';
import type { MuxedStream } from '../../src/core/muxed-stream.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import type { HostEvent } from '../../src/core/events.js';
import { encodeToken, HEADER, HEADER_FRAME } from '../../src/protocols/multistream/codec.js';
import { respond } from '../../src/protocols/multistream/select.js';
import { noise } from '../../src/protocols/noise/noise.js';
import { plaintext } from '../../src/protocols/plaintext/plaintext.js';
import { FLAG, TYPE } from '../../src/protocols/yamux/frame.js';
import { yamux } from '../../src/protocols/yamux/yamux.js';
import { Deadlines } from '../../src/rx/deadlines.js';
import { seededRandom } from '../../src/testing.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { duplexPair } from '../support/duplex-pair.js';
import { dataFrame, frameHeader, hostBench, opening, tokens, type Bench } from '../support/hostile-peer.js';

const NEGOTIATION_FAILED = 0x1001;
const RESOURCE_LIMIT = 0x1002;
const WINDOW = 256 * 1024;
const ECHO = '/echo';
const MEBIBYTE = 1024 * 1024;

let bench: Bench;
beforeEach(async () => {
  bench = await hostBench();
  bench.host
    .handle(ECHO)
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
});

const of = (type: HostEvent['type']): HostEvent[] => bench.events.filter((event) => event.type === type);
const raw = (hex: string): Bytes => fromHex(hex);

/** Says this to a listener, and expects that it is refused at once and that only the listener's diagnostics tell of it. */
async function refusedUpgrade(
  said: Bytes,
  code: string,
): Promise<{ readonly heard: Bytes; readonly message: string }> {
  const peer = await bench.knock();
  const before = bench.clock.now();
  peer.say(said);
  await bench.advance();
  expect(bench.clock.now()).toBe(before);
  expect(of('connection:refuse')).toMatchObject([{ stage: 'upgrade', code }]);
  expect(of('connection:open')).toEqual([]);
  expect(peer.ended).toBe('ERR_TRANSPORT');
  const [refused] = of('connection:refuse');
  return {
    heard: peer.bytes,
    message: refused !== undefined && 'message' in refused ? (refused.message ?? '') : '',
  };
}

/** Says this in a stream, and expects that the stream alone is reset, at once. */
async function refusedStream(said: Bytes): Promise<void> {
  const peer = await bench.connect();
  peer.say(opening(1, said));
  await bench.advance();
  expect(peer.resetOf(1)).toBe(NEGOTIATION_FAILED);
  peer.say(opening(3, tokens(ECHO), utf8('still here')));
  await bench.advance();
  expect(peer.answerOn(3)).toContain('still here');
  expect([peer.ended, of('stream:open').length, of('unhandled').length]).toEqual([undefined, 1, 0]);
}

const MALFORMED: readonly [string, Bytes][] = [
  ['M1: a token of no length', raw('00')],
  ['M2: a token without its newline', raw('036e6162')],
  ['M3: a token of only a newline', raw('010a')],
  ['M4: a length of 1025', raw('8108')],
  ['M4: a length of 16,384', raw('808001')],
  ['M4: a length of 2^31', raw('8080808008')],
  ['M4: a length of 2^53', raw('8080808080808010')],
  ['M4: a length of 2^64 - 1', raw('ffffffffffffffffff01')],
  ['M5: a length that never ends', raw('808080')],
  ['M6: a length that is not in its shortest form', raw('9300')],
  ['M15: a NUL in a name', encodeToken('/a\0b')],
  ['M15: a newline in a name', encodeToken('/a\nb')],
  ['M15: a name that is not UTF-8', raw('052f78fffe0a')],
  ['M15: a mebibyte of combining characters', encodeToken(`/${'\u0301'.repeat(MEBIBYTE / 2)}`)],
];

describe.each(MALFORMED)('%s', (_, said) => {
  it.each([
    ['in place of the header', NO_BYTES],
    ['in place of a proposal', HEADER_FRAME],
  ])('%s ends the upgrade at once', async (_where, before) => {
    const { heard } = await refusedUpgrade(concatBytes(before, said), 'ERR_MULTISTREAM');
    expect(toHex(heard)).toBe(toHex(HEADER_FRAME));
  });

  it('resets a stream, and only that', async () => {
    await refusedStream(concatBytes(HEADER_FRAME, said.subarray(0, WINDOW - 32)));
  });
});

describe('in place of the header', () => {
  it.each([
    ['M7: a proposal', encodeToken('/noise')],
    ['M8: another version', encodeToken('/multistream/2.0.0')],
    ['M8: a carriage return behind it', encodeToken(`${HEADER}\r`)],
    ['M8: upper case', encodeToken(HEADER.toUpperCase())],
    ['M13: a refusal', encodeToken('na')],
    ['S16: a request of HTTP', utf8('GET / HTTP/1.1\r\n')],
    ['S16: the beginning of a TLS handshake', raw('160301')],
    ['S16: one byte of something else', utf8('/')],
  ])('%s ends the upgrade or the stream at once', async (_, said) => {
    await refusedUpgrade(said, 'ERR_MULTISTREAM');
    await refusedStream(said);
  });
});

describe('what is said again and again', () => {
  it('M1: a mebibyte of zeros gets no reply', async () => {
    const { heard } = await refusedUpgrade(new Uint8Array(MEBIBYTE), 'ERR_MULTISTREAM');
    expect(toHex(heard)).toBe(toHex(HEADER_FRAME));
  });

  it('M9: the header twice is borne, the third time ends it', async () => {
    const peer = await bench.connect();
    peer.say(opening(1, HEADER_FRAME, tokens(ECHO), utf8('borne')));
    await bench.advance();
    expect(peer.answerOn(1)).toContain('borne');
    bench.events.length = 0;
    const thrice = concatBytes(HEADER_FRAME, HEADER_FRAME, HEADER_FRAME);
    await refusedUpgrade(thrice, 'ERR_MULTISTREAM');
  });

  it('M10: 31 unknown protocols are refused one by one, the 32nd ends it', async () => {
    const peer = await bench.knock();
    peer.say(HEADER_FRAME);
    for (let asked = 1; asked <= 31; asked += 1) {
      peer.say(encodeToken(`/unknown/${String(asked)}`));
      await bench.advance();
      expect(toHex(peer.bytes)).toBe(toHex(HEADER_FRAME) + '036e610a'.repeat(asked));
    }
    peer.say(encodeToken('/unknown/32'));
    await bench.advance();
    expect(of('connection:refuse')).toMatchObject([{ code: 'ERR_LIMIT' }]);
    expect(of('connection:refuse')[0]).toHaveProperty('error.limit', 'proposals');
  });

  it('M10: so do 16 KiB of proposals', async () => {
    const peer = await bench.knock();
    peer.say(tokens(...Array.from({ length: 16 }, () => `/${'x'.repeat(1000)}`)));
    await bench.advance();
    expect(peer.ended).toBeUndefined();
    peer.say(encodeToken(`/${'x'.repeat(1000)}`));
    await bench.advance();
    expect(of('connection:refuse')[0]).toHaveProperty('error.limit', 'bytes');
  });

  it('M10, M18: in a stream as well, and what follows is not read as proposals for ever', async () => {
    await refusedStream(tokens(...Array.from({ length: 5000 }, () => '/unknown')));
  });

  it('M11: whoever never reads the refusals cannot pile them up', () => {
    const { near, far, settle } = duplexPair();
    let written = 0;
    const { sink } = near;
    const counted = {
      ...sink,
      next: (bytes: Writable): void => {
        written += bytes.byteLength;
        sink.next(bytes);
      },
    };
    const ended: unknown[] = [];
    respond({ read: (room$) => near.read(room$), sink: counted, room$: near.room$ }, []).subscribe({
      error: (error: unknown) => ended.push(error),
    });
    far.sink.next(HEADER_FRAME);
    for (let asked = 0; asked < 100; asked += 1) {
      far.sink.next(encodeToken('a'));
      settle();
    }
    expect(ended).toMatchObject([{ code: 'ERR_LIMIT' }]);
    expect(written).toBeLessThanOrEqual(4 * 1024);
  });

  it.each(['ls', 'a'])(
    'M12: `%s` is answered with `na`, and 31 of it with less than three times their bytes',
    async (name) => {
      const peer = await bench.knock();
      const said = tokens(...Array.from({ length: 31 }, () => name));
      peer.say(said);
      await bench.advance();
      expect(toHex(peer.bytes)).toBe(toHex(HEADER_FRAME) + '036e610a'.repeat(31));
      expect(peer.bytes.byteLength).toBeLessThan(3 * said.byteLength);
    },
  );
});

describe('names', () => {
  it.each([
    '__proto__',
    'constructor',
    'toString',
    'no-slash',
    '/libp2p/simultaneous-connect',
    'iamclient',
    'select:18446744073709551615',
    `/${'\u0301'.repeat(5)}`,
    `${ECHO}/2`,
    '/ech',
  ])('M14, M15, M16, M23: %s is unknown, and the next one may be known', async (name) => {
    const peer = await bench.connect();
    peer.say(opening(1, tokens(name)));
    await bench.advance();
    expect(peer.answerOn(1)).toBe(`\x13${HEADER}\n\x03na\n`);
    peer.say(dataFrame(1, encodeToken(ECHO)));
    await bench.advance();
    expect(peer.answerOn(1)).toBe(`\x13${HEADER}\n\x03na\n\x06${ECHO}\n`);
  });

  it('M15: what the remote said is escaped and cut where it is told', async () => {
    const { message } = await refusedUpgrade(encodeToken(`/\x1b[31m${'x'.repeat(900)}`), 'ERR_MULTISTREAM');
    expect(message).toContain('\\u001b[31m');
    // eslint-disable-next-line no-control-regex -- these are what must not be there
    expect(message).not.toMatch(/[\u0000-\u001f]/);
    expect(message.length).toBeLessThan(350);
  });
});

describe('what a listener may answer', () => {
  const key = generateKey();
  const context = { scheduler: duplexPair().clock, random: seededRandom(1), privateKey: key };
  const [first, second] = [noise().create(context), plaintext().create(context)];

  it.each([
    ['M13: a refusal in place of the header', encodeToken('na')],
    ['M14: a protocol that was not proposed', tokens('/tls/1.0.0')],
    ['M14: a beginning of the proposal', tokens('/nois')],
    ['M14: more than the proposal', tokens('/noise/2')],
    ['M14: the proposal in upper case', tokens('/NOISE')],
    ['M9: its header twice', tokens(HEADER, '/noise')],
    ['S16: a banner of SSH', utf8('SSH-2.0-OpenSSH_9.2\r\n')],
    ['S16: HTTP', utf8('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['S16: a TLS alert', raw('15030100020246')],
    ['S16: one byte of something else', utf8('S')],
  ])('%s ends the dial at once, also where nothing was awaited', (_, answer) => {
    for (const security of [[first], [first, second]]) {
      const { near, far, settle, clock } = duplexPair();
      const errors: unknown[] = [];
      const channel = {
        duplex: near,
        localAddr: parseMultiaddr('/memory/1'),
        remoteAddr: parseMultiaddr('/memory/2'),
      };
      upgradeOutbound(channel, peerIdFrom(generateKey()), {
        security,
        muxers: [yamux().create(context)],
      })
        .pipe(upgradedOnly())
        .subscribe({
          next: () => errors.push('upgraded'),
          error: (error: unknown) => errors.push(error),
        });
      const ended: unknown[] = [];
      far.read().subscribe({ error: (error: unknown) => ended.push(error) });
      far.sink.next(answer);
      settle();
      expect(clock.now()).toBe(0);
      expect(errors).toMatchObject([{ code: 'ERR_MULTISTREAM', fault: 'remote' }]);
      expect(ended).toMatchObject([{ code: 'ERR_TRANSPORT' }]);
    }
  });
});

describe('what may be answered in a stream of ours', () => {
  it.each([
    ['M13: a refusal in place of the header', encodeToken('na'), 'ERR_MULTISTREAM'],
    ['M14: a protocol that was not proposed', tokens('/other'), 'ERR_MULTISTREAM'],
    ['M14: a beginning of the proposal', tokens('/ech'), 'ERR_MULTISTREAM'],
    ['M14: more than the proposal', tokens('/echo/2'), 'ERR_MULTISTREAM'],
    ['M1: a token of no length', raw('00'), 'ERR_MULTISTREAM'],
    ['M5: a length that never ends', raw('808080'), 'ERR_MULTISTREAM'],
    ['M13: a refusal, which is allowed', tokens('na'), 'ERR_UNSUPPORTED_PROTOCOL'],
  ])('%s resets the stream alone, whether it was waited for or not', async (_, answer, code) => {
    for (const lazy of [false, true]) {
      const peer = await bench.connect();
      const errors: unknown[] = [];
      const failed = (error: unknown): void => {
        errors.push(error);
      };
      bench.host.connections
        .at(-1)
        ?.newStream(ECHO, { lazy })
        .subscribe({
          next: (stream) => {
            stream.subscribe({ error: failed });
          },
          error: failed,
        });
      await bench.advance();
      peer.say(dataFrame(2, answer, FLAG.ack));
      await bench.advance();
      expect(errors).toMatchObject([{ code, fault: 'remote' }]);
      expect([peer.resetOf(2), peer.ended]).toEqual([NEGOTIATION_FAILED, undefined]);
    }
  });
});

describe('data behind a proposal', () => {
  const sent = new Uint8Array(WINDOW - tokens('/slow').byteLength).map((_, at) => at * 31);

  it('M17: is delivered whole, and counts against the window until it is read', async () => {
    let slow: Stream | undefined;
    bench.host.handle('/slow').subscribe((stream) => {
      slow = stream;
    });
    const peer = await bench.connect();
    peer.say(opening(1, tokens('/slow'), sent));
    await bench.advance();
    const got: Uint8Array[] = [];
    expect(peer.creditOf(1)).toBe(0);
    slow?.subscribe((bytes) => got.push(bytes));
    await bench.advance();
    expect(Buffer.concat(got).equals(sent)).toBe(true);
    expect(peer.creditOf(1)).toBeGreaterThan(0);
  });

  it('M17: is not credited with the negotiation', () => {
    const credited: number[] = [];
    const muxed: MuxedStream = {
      id: 1,
      reader: undefined,
      memory: undefined,
      queuedBytes: 0,
      hasRoom: true,
      activeAt: 0,
      write: () => undefined,
      end: () => undefined,
      discard: () => undefined,
      reset: () => undefined,
      credit: (byteLength) => credited.push(byteLength),
    };
    let rest: Bytes | undefined;
    class Negotiation extends InboundNegotiation {
      protected override supports = (): boolean => true;
      protected override agreed = (_: string, behind: Bytes | undefined): void => {
        rest = behind;
      };
      protected override failed = (): void => undefined;
    }
    new Negotiation(muxed, new Deadlines(new VirtualClock(), NEGOTIATION_MS));
    muxed.reader?.onBytes(concatBytes(tokens('/slow'), sent));
    expect(credited).toEqual([tokens('/slow').byteLength]);
    expect(toHex(rest ?? NO_BYTES)).toBe(toHex(sent));
  });

  it('M17: beyond the window it is a violation', async () => {
    bench.host.handle('/slow').subscribe();
    const peer = await bench.connect();
    peer.say(opening(1, tokens('/slow'), sent));
    // The few bytes of the negotiation may have been given back; one window more cannot.
    peer.say(dataFrame(1, new Uint8Array(WINDOW)));
    await bench.advance();
    expect(of('connection:close')).toMatchObject([{ code: 'ERR_YAMUX' }]);
  });

  it.each([
    ['no tokens', new Uint8Array(1000).fill(0xff)],
    ['a flood of tokens', concatBytes(...Array.from({ length: 1000 }, () => encodeToken('/x')))],
  ])('M18: behind one that is refused, %s reset the stream and reach nobody', async (_, data) => {
    const seen: Stream[] = [];
    bench.host.inbound$.subscribe((stream) => seen.push(stream));
    await refusedStream(concatBytes(tokens('/unknown'), data));
    expect(seen.map(({ protocol }) => protocol)).toEqual([ECHO]);
  });
});

describe('a negotiation that is not finished', () => {
  it('M19: resets its stream after ten seconds, a byte a second or none; others go on', async () => {
    const peer = await bench.connect();
    const dribble = tokens('/a-rather-long-name');
    peer.say(frameHeader(TYPE.windowUpdate, FLAG.syn, 1, 0), frameHeader(TYPE.windowUpdate, FLAG.syn, 3, 0));
    peer.say(opening(5, tokens(ECHO)));
    for (let second = 0; second < 10; second += 1) {
      expect([peer.resetOf(1), peer.resetOf(3)]).toEqual([undefined, undefined]);
      peer.say(dataFrame(3, dribble.subarray(second, second + 1)), dataFrame(5, utf8(String(second))));
      await bench.advance(1000);
    }
    expect([peer.resetOf(1), peer.resetOf(3), peer.resetOf(5)]).toEqual([
      NEGOTIATION_FAILED,
      NEGOTIATION_FAILED,
      undefined,
    ]);
    expect(peer.answerOn(5)).toMatch(/0123456789$/);
    expect(peer.ended).toBeUndefined();
  });

  it('M20: is one of 128 at most; what is more is refused at once, and the slots come back', async () => {
    const peer = await bench.connect();
    const ids = Array.from({ length: 200 }, (_, at) => 2 * at + 1);
    peer.say(...ids.map((id) => frameHeader(TYPE.windowUpdate, FLAG.syn, id, 0)));
    await bench.advance();
    expect(ids.map((id) => peer.resetOf(id))).toEqual(
      ids.map((_, at) => (at < 128 ? undefined : RESOURCE_LIMIT)),
    );
    expect(of('limit:refuse')).toHaveLength(72);
    expect(of('limit:refuse')[0]).toMatchObject({
      limit: 'streams being negotiated',
      value: 128,
      code: 'ERR_LIMIT',
    });
    await bench.advance(10_000);
    expect(ids.slice(0, 128).every((id) => peer.resetOf(id) === NEGOTIATION_FAILED)).toBe(true);
    peer.say(opening(401, tokens(ECHO), utf8('welcome')));
    await bench.advance();
    expect(peer.answerOn(401)).toContain('welcome');
    expect([peer.ended, of('unhandled')]).toEqual([undefined, []]);
  });

  it('M19: of ours ends with its typed error after ten seconds, a byte a second or none', async () => {
    for (const lazy of [false, true]) {
      const peer = await bench.connect();
      const connection = bench.host.connections.at(-1);
      const errors: unknown[] = [];
      connection?.newStream(ECHO, { lazy }).subscribe({
        next: (stream) => {
          stream.subscribe({ error: (error: unknown) => errors.push(error) });
        },
        error: (error: unknown) => errors.push(error),
      });
      await bench.advance();
      const answer = tokens(ECHO);
      for (let second = 0; second < 10; second += 1) {
        expect(errors).toEqual([]);
        peer.say(dataFrame(2, answer.subarray(second, second + 1), second === 0 ? FLAG.ack : 0));
        await bench.advance(1000);
      }
      expect(errors).toMatchObject([{ code: 'ERR_TIMEOUT', afterMs: 10_000 }]);
      expect([peer.resetOf(2), peer.ended]).toEqual([NEGOTIATION_FAILED, undefined]);
    }
  });
});

describe('a handler', () => {
  it('M21: that leaves while its protocol is named is not found', async () => {
    const leaving = bench.host.handle('/leaving').subscribe();
    const peer = await bench.connect();
    const said = tokens('/leaving');
    peer.say(opening(1, said.subarray(0, -3)));
    await bench.advance();
    leaving.unsubscribe();
    peer.say(dataFrame(1, said.subarray(-3)));
    await bench.advance();
    expect(peer.answerOn(1)).toMatch(/na\n$/);
  });

  it('M21: that leaves when it hears of the stream’s opening has it reset', async () => {
    const seen: string[] = [];
    const leaving = bench.host.handle('/leaving').subscribe(() => seen.push('handled'));
    bench.host.event$.subscribe(({ type }) => {
      if (type === 'stream:open') leaving.unsubscribe();
    });
    const peer = await bench.connect();
    peer.say(opening(1, tokens('/leaving')));
    await bench.advance();
    expect([peer.resetOf(1), peer.ended, seen]).toEqual([NEGOTIATION_FAILED, undefined, []]);
  });

  const bang = (): never => {
    throw new Error('bang');
  };
  it.each([
    ['its factory', () => bench.host.handle('/bad').pipe(serve(bang)).subscribe()],
    [
      'its observable',
      () =>
        bench.host
          .handle('/bad')
          .pipe(serve((stream) => stream.pipe(map(bang))))
          .subscribe(),
    ],
  ])('M22: that throws in %s resets the stream, and says so once', async (_, install) => {
    install();
    const peer = await bench.connect();
    peer.say(opening(1, tokens('/bad'), utf8('x')), opening(3, tokens(ECHO), utf8('fine')));
    await bench.advance();
    expect([peer.resetOf(1), peer.resetOf(3), peer.ended]).toEqual([0, undefined, undefined]);
    expect(peer.answerOn(3)).toContain('fine');
    expect(of('handler:error')).toMatchObject([{ protocol: '/bad', message: 'bang' }]);
    expect(of('unhandled')).toEqual([]);
  });
});
