/**
 * Reliability sheet, 5.4, over real sockets: what a peer may do inside a TLS handshake. The other end is Node's own TLS with
 * a certificate that nobody should make, or no TLS at all. Each is one typed error that names what was wrong, and nothing of
 * what such a peer says is read.
 */
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect, createSecureContext, TLSSocket, type SecureContextOptions } from 'node:tls';
import { firstValueFrom } from 'rxjs';
import { generateKey, type Libp2pError } from '../../src/index.js';
import { concatBytes, fromHex, utf8 } from '../../src/core/bytes.js';
import { derElement, TAG } from '../../src/core/der.js';
import type { Bytes, Duplex } from '../../src/core/duplex.js';
import type { KeyType } from '../../src/core/identity.js';
import type { Secured, SecurityProtocol } from '../../src/core/parts.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { monotonicScheduler } from '../../src/platform/monotonic-scheduler.js';
import { seededRandom } from '../../src/testing.js';
import { tls } from '../../src/transports/tls/tls.js';
import { verifyCertificate } from '../../src/transports/tls/verify-certificate.js';
import {
  extension,
  LIBP2P_OID,
  makeCertificate,
  NOW,
  p256,
  seq,
  theirKey,
  type Made,
  type Recipe,
} from '../support/tls-certificates.js';
import { messageThrownBy } from '../support/vectors.js';
import { listening, plainClient, plainServer, transport, until, leavesNothing } from './sockets.js';

const ownKey = generateKey();
const us = (wallClock = (): number => NOW): SecurityProtocol =>
  tls().create({ scheduler: monotonicScheduler, random: seededRandom(1), privateKey: ownKey, wallClock });
const them = peerIdFrom(theirKey);

const closing = leavesNothing();

// ── certificates ─────────────────────────────────────────────────────────────────────────────────────────────────────
const other = p256();
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
const rsa1024 = generateKeyPairSync('rsa', { modulusLength: 1024 });
const octets = (bytes: Uint8Array): Bytes => derElement(TAG.octetString, bytes);
const rsaSha256 = seq(derElement(TAG.oid, fromHex('2a864886f70d01010b')), derElement(TAG.null));
const ecdsaSha1 = seq(derElement(TAG.oid, fromHex('2a8648ce3d0401')));
const v1 = new Uint8Array(0);
const unknown = extension(utf8('?'), true, fromHex('2b06010401'));
const nested = (depth: number): Bytes => {
  let value: Bytes = new Uint8Array(0);
  for (let at = 0; at < depth; at += 1) value = derElement(TAG.sequence, value);
  return value;
};

const REFUSED: readonly (readonly [string, Recipe, string])[] = [
  ['T2: no libp2p extension', { extensions: () => [] }, 'without the libp2p extension'],
  [
    'T2: extensions, and not the one',
    { extensions: () => [extension(utf8('x'), false, fromHex('551d0e'))] },
    'without the libp2p extension',
  ],
  ['T2: it twice', { extensions: (key) => [extension(key), extension(key)] }, 'libp2p extension twice'],
  ['T3: its value empty', { signedKey: () => new Uint8Array(0) }, 'libp2p extension that cannot be read'],
  [
    'T3: its value cut off',
    { extensions: (key) => [extension(key.subarray(0, 40))] },
    'libp2p extension that cannot be read',
  ],
  [
    'T3: bytes behind it',
    { extensions: (key) => [extension(concatBytes(key, utf8('x')))] },
    'libp2p extension that cannot be read',
  ],
  [
    'T3: a third element in it',
    { signedKey: (key, by) => seq(octets(key), octets(by), octets(by)) },
    'cannot be read',
  ],
  [
    'T3: a set in place of a sequence',
    { signedKey: (key, by) => derElement(TAG.set, octets(key), octets(by)) },
    'cannot be read',
  ],
  [
    'T3: text in place of octets',
    { signedKey: (key, by) => seq(derElement(0x0c, key), octets(by)) },
    'cannot be read',
  ],
  [
    'T3: an indefinite length',
    {
      signedKey: (key, by) =>
        concatBytes(Uint8Array.of(0x30, 0x80), octets(key), octets(by), Uint8Array.of(0, 0)),
    },
    'cannot be read',
  ],
  ['T3: nested a thousand deep', { signedKey: () => nested(1000) }, 'cannot be read'],
  [
    'T3: no key in it',
    { signedKey: (_, by) => seq(octets(new Uint8Array(0)), octets(by)) },
    'identity key is none',
  ],
  [
    'T3: a key that is none',
    { signedKey: (_, by) => seq(octets(utf8('key')), octets(by)) },
    'identity key is none',
  ],
  [
    'T3: no signature in it',
    { signedKey: (key) => seq(octets(key), octets(new Uint8Array(0))) },
    'not signed by the identity',
  ],
  ['T4: signed without the prefix', { vouched: (spki) => spki }, 'not signed by the identity'],
  [
    'T4: signed over noise’s prefix',
    { vouched: (spki) => concatBytes(utf8('noise-libp2p-static-key:'), spki) },
    'not signed by the identity',
  ],
  [
    'T4: signed over the bare point',
    { vouched: (spki) => concatBytes(utf8('libp2p-tls-handshake:'), spki.subarray(-65)) },
    'not signed by the identity',
  ],
  ['T5: expired', { notBefore: '230101000000Z', notAfter: '250531235959Z' }, 'expired on 2025-05-31'],
  ['T5: not valid yet', { notBefore: '250601000001Z' }, 'not valid yet, but from 2025-06-01'],
  [
    'T5: an end before its beginning',
    { notBefore: '250101000000Z', notAfter: '240101000000Z' },
    'before it begins',
  ],
  ['T6: signed by another key', { signer: other }, 'its own key has not signed'],
  ['T6: P-384 with SHA-256', { keys: p384 }, 'not of a kind that TLS 1.3 has'],
  ['T6: ECDSA with SHA-1', { algorithm: ecdsaSha1, hash: 'sha1' }, 'not of a kind that TLS 1.3 has'],
  ['T6: a key on secp256k1', { keys: secp256k1 }, 'not of a kind that TLS 1.3 has'],
  ['T6: RSA of 1024 bits', { keys: rsa1024, algorithm: rsaSha256 }, 'whose key cannot be used'],
  [
    'T7: an unknown critical extension',
    { extensions: (key) => [extension(key), unknown] },
    'unknown critical extension',
  ],
  ['two signature algorithms', { innerAlgorithm: ecdsaSha1 }, 'two signature algorithms'],
  ['unique ids', { uniqueIds: derElement(0x81, Uint8Array.of(0, 1)) }, 'cannot be read'],
  ['version 1', { version: v1 }, 'not of version 3'],
  [
    'more than 8 KiB',
    { extensions: (key) => [extension(key), extension(new Uint8Array(9000), false, fromHex('2b0601'))] },
    'are allowed',
  ],
];
const ACCEPTED: readonly (readonly [string, Recipe])[] = [
  ['T2: the extension critical', { extensions: (key) => [extension(key, true)] }],
  ['T2: the extension expressly not critical', { extensions: (key) => [extension(key, false)] }],
  [
    'T2: the extension last',
    { extensions: (key) => [extension(utf8('x'), false, fromHex('2b0601')), extension(key)] },
  ],
  [
    'a critical use of the key, which is nobody’s concern',
    { extensions: (key) => [extension(fromHex('03020780'), true, fromHex('551d0f')), extension(key)] },
  ],
  ['T5: from the year 1600', { notBefore: '16000101000000Z' }],
  ['T5: to the year 9999', { notAfter: '99991231235959Z' }],
];
const judge = ({ der }: Made, now = NOW): string =>
  verifyCertificate(new X509Certificate(der), {
    self: peerIdFrom(ownKey),
    expectedPeer: undefined,
    now,
  }).toString();

describe('a certificate', () => {
  it.each(REFUSED)('%s, is refused', (_, recipe, message) => {
    expect(messageThrownBy(() => judge(makeCertificate(recipe)))).toContain(message);
  });

  it.each(ACCEPTED)('%s, is accepted', (_, recipe) => {
    expect(judge(makeCertificate(recipe))).toBe(them.toString());
  });

  it('is none any more with any of its bytes changed, and says so by a typed error', () => {
    const { der } = makeCertificate();
    const outcomes = new Set<string>();
    for (let at = 0; at < der.byteLength; at += 1) {
      const changed = der.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      try {
        verifyCertificate(
          // What OpenSSL cannot read never comes out of a handshake; ours must bear it all the same.
          parsed(changed) ?? lookalike(changed),
          { self: peerIdFrom(ownKey), expectedPeer: undefined, now: NOW },
        );
        outcomes.add(`byte ${String(at)} does not matter`);
      } catch (error) {
        outcomes.add((error as Libp2pError).code);
      }
    }
    expect([...outcomes]).toEqual(['ERR_TLS_HANDSHAKE']);
  });
});

function parsed(der: Bytes): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}
/** Only its bytes: the rest is never reached. */
function lookalike(raw: Bytes): X509Certificate {
  return { raw: Buffer.from(raw), verify: () => false } as unknown as X509Certificate;
}

// ── handshakes ───────────────────────────────────────────────────────────────────────────────────────────────────────
const ROLES = ['initiator', 'responder'] as const;
type Role = (typeof ROLES)[number];
type Outcome = Secured | Libp2pError;
interface Meeting {
  readonly outcome: Promise<Outcome>;
  /** The other end, on which nothing has been said. */
  readonly socket: Socket;
}
/** Ours in this role; whoever comes to meet it. */
async function meet(role: Role, { expectedPeer = them, by = us() } = {}): Promise<Meeting> {
  const secure = (duplex: Duplex): Promise<Outcome> =>
    firstValueFrom(
      by.secure(duplex, { role, muxers: ['/yamux/1.0.0'], ...(role === 'initiator' && { expectedPeer }) }),
    ).catch((error: unknown) => {
      // As the owner of the channel does.
      duplex.sink.error(error);
      return error as Libp2pError;
    });
  if (role === 'initiator') {
    let accepted: (socket: Socket) => void = () => undefined;
    const socket = new Promise<Socket>((resolve) => (accepted = resolve));
    const { server, addr } = await plainServer((made) => {
      accepted(made);
    });
    const raw = await firstValueFrom(transport().dial(addr));
    closing.push(
      () => server.close(),
      () => {
        raw.duplex.sink.error(new Error('the test is over'));
      },
    );
    const met = await socket;
    closing.push(() => met.destroy());
    return { outcome: secure(raw.duplex), socket: met };
  }
  const listener = await listening(transport());
  const socket = await plainClient(listener.port, true);
  const raw = await listener.accept();
  closing.push(
    () => {
      listener.subscription.unsubscribe();
    },
    () => {
      raw.duplex.sink.error(new Error('the test is over'));
    },
    () => socket.destroy(),
  );
  return { outcome: secure(raw.duplex), socket };
}

/** Node's own TLS at the other end, which says something as soon as it can. */
function speakTls(role: Role, { socket }: Meeting, options: SecureContextOptions): TLSSocket {
  const common = {
    secureContext: createSecureContext({ ca: [], ...options }),
    rejectUnauthorized: false,
  };
  const secured =
    role === 'initiator'
      ? new TLSSocket(socket, { ...common, isServer: true, requestCert: true })
      : connect({ ...common, socket });
  secured.on('error', () => undefined);
  secured.on(role === 'initiator' ? 'secure' : 'secureConnect', () => secured.write('application data'));
  return secured;
}
const messageOf = async ({ outcome }: Meeting): Promise<string> => {
  const end = await outcome;
  return 'duplex' in end ? `secured, with ${end.remotePeer.toString()}` : `${end.code}: ${end.message}`;
};

describe.each(ROLES)('to the %s', (role) => {
  it.each([
    ['a good certificate, which is taken', makeCertificate(), `secured, with ${them.toString()}`],
    [
      'one that expired',
      makeCertificate({ notAfter: '250531235959Z' }),
      'ERR_TLS_HANDSHAKE: tls: the remote sent a certificate that expired',
    ],
    [
      'one that is not valid yet',
      makeCertificate({ notBefore: '250601000001Z' }),
      'ERR_TLS_HANDSHAKE: tls: the remote sent a certificate that is not valid yet',
    ],
    [
      'one without the extension',
      makeCertificate({ extensions: () => [] }),
      'ERR_TLS_HANDSHAKE: tls: the remote sent a certificate without the libp2p extension',
    ],
    [
      'one of another key',
      makeCertificate({ vouched: () => utf8('other') }),
      'ERR_TLS_HANDSHAKE: tls: the remote sent a certificate whose key is not signed',
    ],
    [
      'one that another has signed',
      makeCertificate({ signer: other }),
      'ERR_TLS_HANDSHAKE: tls: the remote sent a certificate that its own key has not signed',
    ],
    ['one of this host itself', makeCertificate({ identity: ownKey }), 'ERR_DIAL_SELF'],
  ])('%s', async (_, made, expected) => {
    const meeting = await meet(role);
    speakTls(role, meeting, made);
    expect(await messageOf(meeting)).toContain(expected);
  });

  it.each([
    ['a second certificate that has nothing to do with it', 1],
    ['a chain of a hundred', 99],
  ])('T1: %s', async (_, more) => {
    const [made, ...rest] = Array.from({ length: more + 1 }, () => makeCertificate());
    const meeting = await meet(role);
    const cert = [made!, ...rest].map((each) => each.cert).join('');
    speakTls(role, meeting, { cert, key: made!.key });
    expect(await messageOf(meeting)).toContain('a second certificate; there is to be one');
  });

  it('T8: TLS 1.2', async () => {
    const meeting = await meet(role);
    speakTls(role, meeting, { ...makeCertificate(), maxVersion: 'TLSv1.2' });
    expect(await messageOf(meeting)).toMatch(
      /^ERR_TLS_HANDSHAKE: .*(ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL)/,
    );
  });

  it.each([
    ['T12: a goodbye', '15030300020100'],
    ['T12: a fatal alert', '15030300020228'],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n').toString('hex')],
    ['an SSH banner', Buffer.from('SSH-2.0-OpenSSH_9.0\r\n').toString('hex')],
    ['the multistream header again', Buffer.from('\x13/multistream/1.0.0\n').toString('hex')],
    ['a record that is too long', `160303ffff${'00'.repeat(100)}`],
    ['zeros', '00'.repeat(1000)],
  ])('%s', async (_, hex) => {
    const meeting = await meet(role);
    meeting.socket.resume();
    meeting.socket.write(fromHex(hex));
    expect(await messageOf(meeting)).toMatch(/^ERR_(TLS_HANDSHAKE|UNEXPECTED_END)/);
    await until(() => meeting.socket.closed || meeting.socket.readableEnded);
  });

  it('T13: another peer than the one that was dialed, whatever its key is', async () => {
    if (role === 'responder') return;
    for (const kind of ['Ed25519', 'secp256k1', 'ECDSA', 'RSA'] satisfies KeyType[]) {
      const identity = generateKey(kind);
      const [right, wrong] = [await meet(role, { expectedPeer: peerIdFrom(identity) }), await meet(role)];
      for (const meeting of [right, wrong]) speakTls(role, meeting, makeCertificate({ identity }));
      expect(await messageOf(right)).toBe(`secured, with ${peerIdFrom(identity).toString()}`);
      expect(await messageOf(wrong)).toContain('ERR_PEER_ID_MISMATCH');
    }
  });

  it('the same certificate, at another time of the host’s own clock', async () => {
    const made = makeCertificate({ notAfter: '250701000000Z' });
    for (const [clock, expected] of [
      [Date.UTC(2025, 5, 30), 'secured'],
      [Date.UTC(2025, 6, 2), 'expired on 2025-07-01'],
    ] as const) {
      const meeting = await meet(role, { by: us(() => clock) });
      speakTls(role, meeting, made);
      expect(await messageOf(meeting)).toContain(expected);
    }
  });
});

it('T1: no certificate at all', async () => {
  const meeting = await meet('responder');
  speakTls('responder', meeting, {});
  expect(await messageOf(meeting)).toBe('ERR_TLS_HANDSHAKE: tls: the remote sent no certificate');
});

it.each([
  ['one protocol that we do not know', ['h2']],
  ['five hundred of them', Array.from({ length: 500 }, (_, i) => `/none/${String(i)}`)],
])('T9: %s', async (_, ALPNProtocols) => {
  const meeting = await meet('responder');
  const secureContext = createSecureContext({ ca: [], ...makeCertificate() });
  const client = connect({ socket: meeting.socket, secureContext, rejectUnauthorized: false, ALPNProtocols });
  client.on('error', () => undefined);
  expect(await messageOf(meeting)).toContain('ERR_SSL_NO_APPLICATION_PROTOCOL');
});

it('T9: `libp2p`, chosen although the muxer was offered before it, leaves the muxer to multistream', async () => {
  const meeting = await meet('initiator');
  const secured = new TLSSocket(meeting.socket, {
    isServer: true,
    secureContext: createSecureContext({ ca: [], ...makeCertificate() }),
    ALPNCallback: ({ protocols }) => protocols.at(-1),
  });
  secured.on('error', () => undefined);
  expect((await meeting.outcome) as Secured).toMatchObject({ muxer: undefined });
});

it('T11: a hello in records of one byte, and in segments of one byte, is the same hello', async () => {
  const hello = await clientHello();
  const body = hello.subarray(5);
  const records = concatBytes(...[...body].map((byte) => Uint8Array.of(0x16, 3, 1, 0, 1, byte)));
  const answers = await Promise.all(
    [records, hello].map(async (bytes) => {
      const meeting = await meet('responder');
      const answered = once(meeting.socket, 'data');
      meeting.socket.setNoDelay(true);
      for (const byte of bytes) meeting.socket.write(Uint8Array.of(byte));
      const [first] = (await answered) as [Buffer];
      meeting.socket.destroy();
      await meeting.outcome;
      return first.subarray(0, 3).toString('hex');
    }),
  );
  // A handshake record: the server's hello.
  expect(answers).toEqual(['160303', '160303']);
});

it('T11: 64 KiB of padding in a hello is refused, or answered, and held by nobody', async () => {
  const meeting = await meet('responder');
  meeting.socket.resume();
  // A hello that says it is 128 KiB long, which never ends.
  meeting.socket.write(fromHex('1603014000010200000303'));
  meeting.socket.write(new Uint8Array(64 * 1024));
  expect(await messageOf(meeting)).toContain('ERR_TLS_HANDSHAKE');
});

/** What a dialer of Node's says first. */
async function clientHello(): Promise<Bytes> {
  let hello: Bytes = new Uint8Array(0);
  const { server, addr } = await plainServer((socket) => {
    closing.push(() => socket.destroy());
    socket.on('data', (bytes) => (hello = concatBytes(hello, bytes)));
  });
  closing.push(() => server.close());
  const socket = await plainClient(Number(/\d+$/.exec(addr.toString())?.[0]));
  closing.push(() => socket.destroy());
  connect({ socket, rejectUnauthorized: false, minVersion: 'TLSv1.3' }).on('error', () => undefined);
  await until(() => hello.byteLength > 100);
  return hello;
}

it('makes its certificates as OpenSSL makes its own, so that what is refused is refused for its reason', () => {
  const made = makeCertificate();
  const x509 = new X509Certificate(made.der);
  expect([x509.verify(x509.publicKey), x509.checkIssued(x509), LIBP2P_OID.byteLength]).toEqual([
    true,
    true,
    10,
  ]);
  expect(sign('sha256', made.der, made.key).byteLength).toBeGreaterThan(60);
});
