import fc from 'fast-check';
import { concat, firstValueFrom, from, of, throwError } from 'rxjs';
import { concatBytes, fromHex, toHex, utf8 } from '../../src/core/bytes.js';
import type { Bytes } from '../../src/core/duplex.js';
import { codeOf, LimitError } from '../../src/core/errors.js';
import { generateKey } from '../../src/core/keys.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { sealPeerRecord } from '../../src/core/peer-record.js';
import { encodeVarint } from '../../src/core/varint.js';
import { filterAddrs, isPlausibleObservation } from '../../src/protocols/identify/addr-filter.js';
import { recordBudget, scoreOf, trimAddrs } from '../../src/protocols/identify/addr-score.js';
import { judge, type Identity } from '../../src/protocols/identify/identity.js';
import {
  decodeIdentify,
  encodeIdentify,
  mergeIdentify,
  NO_MESSAGE,
  type IdentifyMessage,
} from '../../src/protocols/identify/identify-message.js';
import { PushLimits } from '../../src/protocols/identify/push-limits.js';
import { readIdentify } from '../../src/protocols/identify/read-identify.js';
import { partsFor, snapshotOf, type Facts } from '../../src/protocols/identify/snapshot.js';
import { seededRandom } from '../../src/testing.js';
import { codeThrownBy, cut, CUTS, vectors } from '../support/vectors.js';

interface IdentifyVectors {
  readonly fields: {
    readonly publicKeyProtobufHex: string;
    readonly peerId: string;
    readonly listenAddrs: readonly string[];
    readonly protocols: readonly string[];
    readonly observedAddr: string;
    readonly protocolVersion: string;
    readonly agentVersion: string;
    readonly signedPeerRecordHex: string;
  };
  readonly single: { readonly messageHex: string; readonly framedHex: string };
  readonly chunked: { readonly messagesHex: readonly string[]; readonly framedHex: string };
  readonly partialPush: { readonly messageHex: string; readonly framedHex: string };
  readonly invalid: readonly {
    readonly note: string;
    readonly messageHex?: string;
    readonly framedPrefixHex?: string;
  }[];
}
const { fields, single, chunked, partialPush, invalid } = vectors<IdentifyVectors>('identify');
const REMOTE = peerIdFrom(fields.peerId);
const PUBLIC = parseMultiaddr('/ip4/1.2.3.4/tcp/4001');
const NEAR = parseMultiaddr('/memory/7');
const addr = parseMultiaddr;
const bytesOf = (text: string): Bytes => new Uint8Array(addr(text).bytes);
const full: IdentifyMessage = {
  publicKey: fromHex(fields.publicKeyProtobufHex),
  listenAddrs: fields.listenAddrs.map(bytesOf),
  protocols: fields.protocols,
  observedAddr: bytesOf(fields.observedAddr),
  protocolVersion: fields.protocolVersion,
  agentVersion: fields.agentVersion,
  signedPeerRecord: fromHex(fields.signedPeerRecordHex),
};
const read = (chunks: readonly Bytes[]): Promise<IdentifyMessage> =>
  firstValueFrom(from(chunks).pipe(readIdentify()));
const failure = (chunks: readonly Bytes[]): Promise<unknown> =>
  read(chunks).then(
    () => 'no error',
    (error: unknown) => error,
  );
const framed = (...messages: readonly Uint8Array[]): Bytes =>
  concatBytes(...messages.flatMap((message) => [encodeVarint(message.byteLength), message]));

describe('the published vectors', () => {
  it('are all here', () => {
    expect([chunked.messagesHex.length, invalid.length]).toEqual([2, 3]);
  });

  it('ID-2: one message, both ways', () => {
    expect(toHex(encodeIdentify(full))).toBe(single.messageHex);
    expect(decodeIdentify(fromHex(single.messageHex))).toEqual(full);
    expect(toHex(framed(encodeIdentify(full)))).toBe(single.framedHex);
  });

  describe.each(CUTS)('in chunks of %d bytes', (size) => {
    it.each([
      ['one part', single.framedHex],
      ['ID-5: two parts, merged as protobuf does', chunked.framedHex],
    ])('%s', async (_, hex) => {
      expect(await read(cut(fromHex(hex), size))).toEqual(full);
    });

    it('a push of some fields only', async () => {
      const { listenAddrs, protocols, agentVersion, ...others } = await read(
        cut(fromHex(partialPush.framedHex), size),
      );
      expect([listenAddrs, protocols, agentVersion]).toEqual([[], ['/ipfs/ping/1.0.0'], 'rx-libp2p/0.0.1']);
      expect(Object.values(others).filter((value) => value !== undefined)).toEqual([]);
    });
  });

  it('the parts of two are those that go-libp2p sends', () => {
    expect(chunked.messagesHex.map((hex) => decodeIdentify(fromHex(hex))).reduce(mergeIdentify)).toEqual(
      full,
    );
  });

  it.each(invalid.map((vector) => [vector.note, vector] as const))('%s', async (note, vector) => {
    if (vector.framedPrefixHex !== undefined) {
      expect(codeOf(await failure([fromHex(vector.framedPrefixHex)]))).toBe('ERR_MESSAGE_TOO_LONG');
      return;
    }
    const message = decodeIdentify(fromHex(vector.messageHex ?? ''));
    const judged = (): Identity => judge(message, { remotePeer: REMOTE, remoteAddr: NEAR, isPush: false });
    if (note.includes('must be rejected')) expect(codeThrownBy(judged)).toBe('ERR_PEER_ID_MISMATCH');
    else expect(judged().addrs?.map(String)).toEqual(['/ip4/192.0.2.1/tcp/4001']);
  });
});

describe('reading', () => {
  const part = encodeIdentify({ ...NO_MESSAGE, protocols: ['/a'] });

  it('ID-5, I2: takes ten parts and no eleventh, also if they add nothing', async () => {
    expect((await read([framed(...Array<Bytes>(10).fill(part))])).protocols).toHaveLength(10);
    expect(await read([framed(...Array<Bytes>(10).fill(new Uint8Array(0)))])).toMatchObject(NO_MESSAGE);
    for (const filler of [part, new Uint8Array(0)]) {
      const error = await failure([framed(...Array<Uint8Array>(11).fill(filler))]);
      expect(error).toBeInstanceOf(LimitError);
      expect(error).toMatchObject({ scope: 'identify', value: 10, fault: 'remote' });
    }
  });

  it('I1: takes a part of 8192 bytes, and of one more not even the first', async () => {
    const room = 8192 - 3;
    const largest = encodeIdentify({ ...NO_MESSAGE, agentVersion: 'x'.repeat(room) });
    expect(largest.byteLength).toBe(8192);
    expect((await read([framed(largest)])).agentVersion).toHaveLength(room);
    expect(codeOf(await failure([encodeVarint(8193)]))).toBe('ERR_MESSAGE_TOO_LONG');
  });

  it('fails where the stream ends inside a part, or without one, and as the stream fails', async () => {
    expect(codeOf(await failure([framed(part).slice(0, -1)]))).toBe('ERR_UNEXPECTED_END');
    expect(codeOf(await failure([]))).toBe('ERR_UNEXPECTED_END');
    const broken = concat(
      of(framed(part)),
      throwError(() => new Error('reset')),
    );
    await expect(firstValueFrom(broken.pipe(readIdentify()))).rejects.toThrow('reset');
  });

  it.each([
    ['a field number of 0', '0000'],
    ['a group', '0b0c'],
    ['a key that is a number', '0801'],
    ['text that is not UTF-8', '1a01ff'],
    ['a length behind the end', '0a05ff'],
    ['a varint that never ends', '0affffffffffffffffffff'],
  ])('I16: refuses %s', (_, hex) => {
    expect(codeThrownBy(() => decodeIdentify(fromHex(hex)))).toBe('ERR_INVALID_PROTOBUF');
  });

  it('I16: skips fields of unknown number, and of a single field that is there twice the last counts', () => {
    const message = decodeIdentify(
      concatBytes(fromHex('3a0161'), fromHex('f83f05'), fromHex('320161'), fromHex('320162')),
    );
    expect(message.agentVersion).toBe('b');
    expect([message.listenAddrs, message.protocols]).toEqual([[], []]);
  });

  it('B14: what was read is written as it was, for any message', () => {
    const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => new Uint8Array(array));
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    const message = fc.record(
      {
        publicKey: bytes,
        listenAddrs: fc.array(bytes, { maxLength: 5 }),
        protocols: fc.array(text, { maxLength: 5 }),
        observedAddr: bytes,
        protocolVersion: text,
        agentVersion: text,
        signedPeerRecord: bytes,
      },
      { requiredKeys: ['listenAddrs', 'protocols'] },
    );
    fc.assert(
      fc.property(message, (sent) => {
        expect(decodeIdentify(encodeIdentify(sent))).toEqual(sent);
      }),
    );
  });

  it('never fails otherwise, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
        expect([undefined, 'ERR_INVALID_PROTOBUF']).toContain(
          codeThrownBy(() => decodeIdentify(new Uint8Array(garbage))),
        );
      }),
    );
  });
});

describe('what is believed', () => {
  const key = generateKey('Ed25519', { random: seededRandom('remote') });
  const other = generateKey('Ed25519', { random: seededRandom('other') });
  const remotePeer = peerIdFrom(key);
  const from_ = (message: Partial<IdentifyMessage>, remoteAddr = NEAR, isPush = false): Identity =>
    judge({ ...NO_MESSAGE, ...message }, { remotePeer, remoteAddr, isPush });
  const addrsOf = (identity: Identity): string[] | undefined => identity.addrs?.map(String);
  const seal = (signer: typeof key, ...addrs: string[]): Bytes =>
    sealPeerRecord({ seq: 1n, addrs: addrs.map(addr) }, signer);

  it('I8: nothing at all from who sends another peer’s key, or none that can be read', () => {
    expect(codeThrownBy(() => from_({ publicKey: other.publicKey.bytes, protocols: ['/a'] }))).toBe(
      'ERR_PEER_ID_MISMATCH',
    );
    expect(codeThrownBy(() => from_({ publicKey: fromHex('0801') }))).toBe('ERR_INVALID_KEY');
  });

  it('I9: its own key, or none', () => {
    expect(from_({ publicKey: key.publicKey.bytes, protocols: ['/a'] }).protocols).toEqual(['/a']);
    expect(from_({ protocols: ['/a'] }).protocols).toEqual(['/a']);
  });

  it('I3, ODD-2: 256 protocols, each once, none that is empty, of more than 256 bytes, or moves a cursor', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `/p/${String(i)}`);
    expect(from_({ protocols: many }).protocols).toEqual(many.slice(0, 256));
    const longest = `/${'é'.repeat(127)}x`;
    expect(utf8(longest)).toHaveLength(256);
    expect(
      from_({
        protocols: ['', longest, `${longest}y`, 'x'.repeat(8192), '/a', '/a', '/\u001b[2J', '/\u202e'],
      }).protocols,
    ).toEqual([longest, '/a']);
  });

  it('I4: 64 addresses, each once, none that is malformed, empty, a path, or another peer’s; its own id is taken off', () => {
    const many = Array.from({ length: 1000 }, (_, i) => bytesOf(`/ip4/1.2.3.4/tcp/${String(i + 1)}`));
    expect(from_({ listenAddrs: many }).addrs).toHaveLength(64);
    const listenAddrs = [
      fromHex('ffff'),
      new Uint8Array(0),
      bytesOf(`/ip4/1.1.1.1/tcp/1/p2p/${fields.peerId}`),
      bytesOf(`/p2p/${remotePeer.toString()}`),
      bytesOf(`/ip4/2.2.2.2/tcp/2/p2p/${remotePeer.toString()}`),
      bytesOf('/unix/tmp/x'),
      bytesOf('/ip4/3.3.3.3/tcp/3'),
      bytesOf('/ip4/3.3.3.3/tcp/3'),
    ];
    expect(addrsOf(from_({ listenAddrs }))).toEqual(['/ip4/2.2.2.2/tcp/2', '/ip4/3.3.3.3/tcp/3']);
  });

  it('ID-14: its signed addresses instead of the list', () => {
    const signedPeerRecord = seal(key, '/ip4/1.1.1.1/tcp/1');
    const identity = from_({ signedPeerRecord, listenAddrs: [bytesOf('/ip4/2.2.2.2/tcp/2')] });
    expect(addrsOf(identity)).toEqual(['/ip4/1.1.1.1/tcp/1']);
    expect(identity.envelope).toBe(signedPeerRecord);
  });

  it('ID-14, E4: no address at all where the record is another peer’s', () => {
    const identity = from_({
      signedPeerRecord: seal(other, '/ip4/1.1.1.1/tcp/1'),
      listenAddrs: [bytesOf('/ip4/2.2.2.2/tcp/2')],
    });
    expect([identity.addrs, identity.envelope]).toEqual([[], undefined]);
  });

  it('ID-11: the list where the record is none', () => {
    const broken = seal(key, '/ip4/1.1.1.1/tcp/1');
    broken[broken.byteLength - 1]! ^= 1;
    for (const signedPeerRecord of [broken, fromHex('ff'), new Uint8Array(0)]) {
      const identity = from_({ signedPeerRecord, listenAddrs: [bytesOf('/ip4/2.2.2.2/tcp/2')] });
      expect([addrsOf(identity), identity.envelope]).toEqual([['/ip4/2.2.2.2/tcp/2'], undefined]);
    }
  });

  const PLACES = [
    '/ip4/127.0.0.1/tcp/1',
    '/ip4/192.168.1.1/tcp/1',
    '/ip4/169.254.1.1/tcp/1',
    '/ip4/8.8.8.8/tcp/1',
  ];
  it.each([
    ['/ip4/127.0.0.1/tcp/9', PLACES],
    ['/ip4/192.168.1.9/tcp/9', PLACES.slice(1)],
    ['/ip4/1.2.3.4/tcp/9', PLACES.slice(3)],
    ['/memory/9', PLACES],
  ])('ID-15, I5: of a remote at %s, what leads somewhere from here', (at, expected) => {
    expect(filterAddrs(PLACES.map(addr), addr(at)).map(String)).toEqual(expected);
    expect(addrsOf(from_({ signedPeerRecord: seal(key, ...PLACES) }, addr(at)))).toEqual(expected);
  });

  it.each([
    ['/ip4/5.6.7.8/tcp/1', '/ip4/1.2.3.4/tcp/4001', true],
    ['/ip4/192.168.1.2/tcp/1', '/ip4/192.168.1.1/tcp/4001', true],
    ['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/4001', true],
    ['/ip4/192.168.1.2/tcp/1', '/ip4/1.2.3.4/tcp/4001', false],
    ['/ip6/2001:4860::1/tcp/1', '/ip4/1.2.3.4/tcp/4001', false],
    [`/ip4/5.6.7.8/tcp/1/p2p/${fields.peerId}/p2p-circuit`, '/ip4/1.2.3.4/tcp/4001', false],
    ['/ip4/5.6.7.8/tcp/1', `/ip4/1.2.3.4/tcp/4001/p2p/${fields.peerId}/p2p-circuit`, false],
  ])('I6: sees us at %s over %s: %s', (observed, remote, isPlausible) => {
    expect(isPlausibleObservation(addr(observed), addr(remote))).toBe(isPlausible);
    const identity = from_({ observedAddr: bytesOf(observed), protocols: ['/a'] }, addr(remote));
    expect(identity.observedAddr?.toString()).toBe(isPlausible ? observed : undefined);
    expect(identity.protocols).toEqual(['/a']);
  });

  it('takes the id off that js-libp2p puts behind what it sees', () => {
    const observedAddr = bytesOf(`/ip4/5.6.7.8/tcp/1/p2p/${fields.peerId}`);
    expect(from_({ observedAddr }, PUBLIC).observedAddr?.toString()).toBe('/ip4/5.6.7.8/tcp/1');
  });

  it('I6: an observed address that is none costs only itself', () => {
    expect(from_({ observedAddr: fromHex('ffff'), agentVersion: 'x' })).toMatchObject({
      observedAddr: undefined,
      agent: 'x',
    });
  });

  it('I10: versions of at most 256 bytes, whole characters, none that moves a cursor', () => {
    const { agent, protocolVersion } = from_({
      agentVersion: `${'x'.repeat(255)}é`,
      protocolVersion: 'a\u001b[31m\nb',
    });
    expect(agent).toBe('x'.repeat(255));
    expect(protocolVersion).toBe('a\\u{1b}[31m\\u{a}b');
  });

  it('a push leaves as it was what it does not have, as js-libp2p means it', () => {
    expect(from_({ agentVersion: 'x' }, NEAR, true)).toMatchObject({
      protocols: undefined,
      addrs: undefined,
      protocolVersion: undefined,
      agent: 'x',
    });
  });

  it('I14: a push that is complete, as go-libp2p’s are, may take all away', () => {
    const identity = from_({ publicKey: key.publicKey.bytes }, NEAR, true);
    expect([identity.protocols, identity.addrs]).toEqual([[], []]);
    const signed = from_({ signedPeerRecord: seal(key), protocols: [''] }, NEAR, true);
    expect([signed.protocols, signed.addrs]).toEqual([[], []]);
  });
});

describe('what we tell', () => {
  const key = generateKey('Ed25519', { random: seededRandom('self') });
  const facts: Facts = {
    publicKey: key.publicKey.bytes,
    protocolVersion: 'ipfs/0.1.0',
    agentVersion: 'test/1',
    protocols: ['/b', '/a'],
    addrs: [addr('/ip4/9.9.9.9/tcp/1'), addr('/ip4/127.0.0.1/tcp/1'), addr('/ip4/1.1.1.1/tcp/1')],
    record: undefined,
  };
  const ends = { localAddr: addr('/ip4/1.1.1.1/tcp/1'), remoteAddr: PUBLIC };
  const sent = (over: Partial<Facts> = {}, at = ends): IdentifyMessage[] =>
    partsFor(snapshotOf({ ...facts, ...over }), at).map((part) => decodeIdentify(part));
  const list = (message: IdentifyMessage | undefined): string[] =>
    (message?.listenAddrs ?? []).map((bytes) => addr(bytes).toString());

  it('ID-7: is in order, and has a new number only when something has changed', () => {
    const first = snapshotOf(facts);
    expect([first.seq, first.protocols]).toEqual([1, ['/a', '/b']]);
    expect(first.addrs.map(String)).toEqual([
      '/ip4/1.1.1.1/tcp/1',
      '/ip4/9.9.9.9/tcp/1',
      '/ip4/127.0.0.1/tcp/1',
    ]);
    expect(snapshotOf({ ...facts, protocols: ['/a', '/b'] }, first)).toBe(first);
    expect(snapshotOf({ ...facts, protocols: ['/a'] }, first).seq).toBe(2);
    expect(snapshotOf({ ...facts, addrs: [] }, first).seq).toBe(2);
    expect(snapshotOf({ ...facts, record: fromHex('00') }, first).seq).toBe(2);
  });

  it('ID-8: leaves loopback out unless the connection is on it, and says where we see the remote', () => {
    const [far] = sent();
    expect(list(far)).toEqual(['/ip4/1.1.1.1/tcp/1', '/ip4/9.9.9.9/tcp/1']);
    expect(addr(far!.observedAddr!).equals(PUBLIC)).toBe(true);
    const here = addr('/ip4/127.0.0.1/tcp/5');
    expect(list(sent({}, { localAddr: here, remoteAddr: here })[0])).toHaveLength(3);
  });

  it.each(['/memory/1', `/ip4/1.2.3.4/tcp/1/p2p/${fields.peerId}/p2p-circuit`])(
    'says nothing of where it sees a remote at %s',
    (remoteAddr) => {
      expect(sent({}, { ...ends, remoteAddr: addr(remoteAddr) })[0]?.observedAddr).toBeUndefined();
    },
  );

  it('ID-6: is one part up to 2 KiB, beyond two, of which the second has the record alone', () => {
    const record = new Uint8Array(100).fill(1);
    expect(sent({ record })).toHaveLength(1);
    const protocols = Array.from({ length: 100 }, (_, i) => `/long/protocol/name/${String(i)}`);
    expect(sent({ protocols })).toHaveLength(1);
    const [first, second] = sent({ protocols, record });
    expect([first?.protocols.length, first?.signedPeerRecord]).toEqual([100, undefined]);
    expect(second).toMatchObject({ ...NO_MESSAGE, signedPeerRecord: record });
    expect(Object.values(second!).filter((value) => value !== undefined)).toHaveLength(3);
  });

  it('I17: is never more than 4 KiB: addresses go first, the best stay, then protocols; the key never', () => {
    const addrs = Array.from({ length: 500 }, (_, i) =>
      addr(i % 2 === 0 ? `/ip4/192.168.0.1/tcp/${String(i + 1)}` : `/ip4/8.8.8.8/tcp/${String(i + 1)}`),
    );
    const snapshot = snapshotOf({ ...facts, addrs });
    expect(snapshot.addrs.length).toBeGreaterThan(200);
    expect(snapshot.addrs.filter((one) => one.toString().includes('/8.8.8.8/'))).toHaveLength(250);
    expect(partsFor(snapshot, ends)[0]!.byteLength).toBeLessThanOrEqual(4096);
    const protocols = Array.from({ length: 1000 }, (_, i) => `/${'x'.repeat(i % 300)}/${String(i)}`);
    const [part] = partsFor(snapshotOf({ ...facts, addrs, protocols }), ends);
    const told = decodeIdentify(part!);
    expect(part!.byteLength).toBeLessThanOrEqual(4096);
    expect(told.protocols.length).toBeGreaterThan(5);
    expect(told.publicKey).toEqual(facts.publicKey);
  });

  it('I17: stays within 4 KiB whatever we are', () => {
    const name = fc.string({ maxLength: 300 });
    fc.assert(
      fc.property(fc.array(name, { maxLength: 300 }), fc.nat({ max: 300 }), (protocols, count) => {
        const addrs = Array.from({ length: count }, (_, i) => addr(`/ip4/8.8.8.8/tcp/${String(i + 1)}`));
        const [part] = partsFor(snapshotOf({ ...facts, protocols, addrs }), ends);
        expect(part!.byteLength).toBeLessThanOrEqual(4096);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['/ip4/8.8.8.8/udp/1/quic-v1', 4096 + 32],
    ['/ip4/8.8.8.8/udp/1/quic-v1/webtransport', 4096 + 4],
    ['/ip4/8.8.8.8/tcp/1', 4096 + 16],
    ['/dns4/example.com/tcp/1/wss', 4096 + 8],
    ['/ip4/8.8.8.8/udp/1/webrtc-direct', 4096 + 2],
    [`/ip4/8.8.8.8/tcp/1/p2p/${fields.peerId}/p2p-circuit/webrtc-direct`, 4096 + 16],
    ['/ip4/192.168.0.1/tcp/1', 2048 + 16],
    ['/ip4/127.0.0.1/tcp/1', 16],
    ['/memory/1', 2048 + 1],
  ])('ADDR-8: %s has %d points', (text, points) => {
    expect(scoreOf(addr(text))).toBe(points);
  });

  it('ADDR-7: as they are while all fit; else the best first, in their order, until one does not', () => {
    const three = ['/ip4/192.168.0.1/tcp/1', '/ip4/8.8.8.8/tcp/1', '/ip4/8.8.8.8/tcp/2'].map(addr);
    expect(trimAddrs(three, 24)).toBe(three);
    expect(trimAddrs(three, 23).map(String)).toEqual(['/ip4/8.8.8.8/tcp/1', '/ip4/8.8.8.8/tcp/2']);
    expect(trimAddrs(three, 15).map(String)).toEqual(['/ip4/8.8.8.8/tcp/1']);
    expect(trimAddrs(three, 0)).toEqual([]);
    expect(recordBudget(64)).toBe(8192 - 64 - 128 - 256);
  });
});

describe('ID-10: pushes', () => {
  const take = (limits: PushLimits, peer: string, at: string, now: number): string | undefined =>
    limits.take(peer, addr(at), now)?.limit;
  const burst = (limits: PushLimits, peer: string, at: string, now = 0): number => {
    let taken = 0;
    while (taken < 5000 && take(limits, peer, at, now) === undefined) taken += 1;
    return taken;
  };

  it('I13: of one peer ten at once, then one in five seconds, wherever it comes from', () => {
    const limits = new PushLimits();
    expect(burst(limits, 'a', '/memory/1')).toBe(10);
    expect(take(limits, 'a', '/memory/2', 4999)).toMatch('of a peer');
    expect(take(limits, 'a', '/memory/2', 5000)).toBeUndefined();
    expect(take(limits, 'a', '/memory/2', 5001)).toMatch('of a peer');
    expect(burst(limits, 'a', '/memory/2', 1_000_000)).toBe(10);
  });

  it.each([
    ['/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.99/tcp/1', '/ip4/1.2.4.4/tcp/1'],
    ['/ip6/::ffff:1.2.3.4/tcp/1', '/ip4/1.2.3.99/tcp/1', '/ip4/1.2.4.4/tcp/1'],
    ['/ip6/2001:db8::1/tcp/1', '/ip6/2001:db8:0:ff::1/tcp/1', '/ip6/2001:db8:1::1/tcp/1'],
    ['/ip6zone/eth0/ip6/fd00::1/tcp/1', '/ip6/fd00:0:0:ff::1/tcp/1', '/ip6/fd00:0:1::1/tcp/1'],
  ])('of the network of %s ten at once, also of %s, and not of %s', (first, same, different) => {
    const limits = new PushLimits();
    expect(burst(limits, 'a', first)).toBe(10);
    expect(take(limits, 'b', same, 0)).toMatch(/of a \/(24|56)/);
    expect(take(limits, 'c', different, 0)).toBeUndefined();
  });

  it('of an IPv6 /48 twenty at once, whatever its /56s', () => {
    const limits = new PushLimits();
    for (let net = 0; net < 20; net += 1)
      expect(
        take(limits, `peer${String(net)}`, `/ip6/2001:db8:0:${net.toString(16)}00::1/tcp/1`, 0),
      ).toBeUndefined();
    expect(take(limits, 'one more', '/ip6/2001:db8:0:9900::1/tcp/1', 0)).toMatch('of a /48');
    expect(take(limits, 'one more', '/ip6/2001:db8:0:9900::1/tcp/1', 2000)).toBeUndefined();
  });

  it('a refused one takes nothing from any limit', () => {
    const limits = new PushLimits();
    burst(limits, 'a', '/ip4/1.2.3.4/tcp/1');
    for (let i = 0; i < 100; i += 1) take(limits, 'b', '/ip4/1.2.3.4/tcp/1', 0);
    expect(burst(limits, 'b', '/ip4/9.9.9.9/tcp/1')).toBe(10);
  });

  it('of all together 3000 at once', () => {
    const limits = new PushLimits();
    let taken = 0;
    for (let peer = 0; peer < 400; peer += 1) taken += burst(limits, String(peer), '/memory/1');
    expect(taken).toBe(3000);
    expect(take(limits, 'x', '/memory/1', 0)).toBe('identify pushes a second');
  });

  it('of loopback as many as come', () => {
    expect(burst(new PushLimits(), 'a', '/ip4/127.0.0.1/tcp/1')).toBe(5000);
  });

  it('remembers so many peers and no more, and forgets those that have been quiet for a minute', () => {
    const limits = new PushLimits();
    for (let peer = 0; peer < 20_000; peer += 1) limits.take(String(peer), NEAR, peer);
    expect(limits.size).toBeLessThanOrEqual(8192);
    expect(limits.take('late', NEAR, 20_000)?.limit).toMatch('peers and networks');
    expect(limits.take('later', NEAR, 90_000)).toBeUndefined();
    expect(limits.size).toBeLessThan(10);
  });
});
