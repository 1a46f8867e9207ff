/** Reliability sheet, 5.9: multiaddrs, peer ids, keys. K5 is in `signatures.test.ts`. */
import fc from 'fast-check';
import { multiaddr } from '@multiformats/multiaddr';
import { concatBytes, toHex, utf8 } from '../../src/core/bytes.js';
import { derElement, TAG } from '../../src/core/der.js';
import { Libp2pError } from '../../src/core/errors.js';
import { encodeKey } from '../../src/core/key-message.js';
import { generateKey, privateKeyFrom, publicKeyFrom } from '../../src/core/keys.js';
import { multiaddrFromNetwork, parseMultiaddr, splitPeer } from '../../src/core/multiaddr.js';
import { PROTOCOLS } from '../../src/core/multiaddr-protocols.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { encodeVarint } from '../../src/core/varint.js';
import { codeThrownBy, fromHex, vectors } from '../support/vectors.js';

const A = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
const B = 'QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC';

/** What `read` throws must be ours, of this code, the remote's fault, and say something. */
function expectRefusal(code: string, read: () => unknown): string {
  let thrown: unknown;
  try {
    read();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(Libp2pError);
  expect(thrown).toMatchObject({ code, fault: 'remote' });
  const { message } = thrown as Libp2pError;
  expect(message.length).toBeGreaterThan(10);
  expect(message.length).toBeLessThan(1000);
  return message;
}
const refuseText = (text: string): string =>
  expectRefusal('ERR_INVALID_MULTIADDR', () => parseMultiaddr(text));
const refuseBytes = (hex: string): string => {
  expectRefusal('ERR_INVALID_MULTIADDR', () => multiaddrFromNetwork(fromHex(hex)));
  return expectRefusal('ERR_INVALID_MULTIADDR', () => parseMultiaddr(fromHex(hex)));
};
/** Bytes of a component whose value stands behind its length. */
const component = (name: string, value: Uint8Array): string => {
  const code = PROTOCOLS.find((protocol) => protocol.name === name)?.code ?? 0;
  return toHex(concatBytes(encodeVarint(code), encodeVarint(value.byteLength), value));
};

describe('multiaddrs', () => {
  it.each(['', '/', '//', '///', ' ', 'ip4', '/ip4', '/ip4/', '//ip4/1.2.3.4', '/ip4//1.2.3.4'])(
    'A1: "%s" is refused, and no address at all',
    (text) => {
      refuseText(text);
    },
  );

  it('A1: no bytes are refused; a slash at the end is none of the address', () => {
    refuseBytes('');
    expect(parseMultiaddr('/ip4/1.2.3.4/tcp/1/').toString()).toBe('/ip4/1.2.3.4/tcp/1');
  });

  it.each([
    ['an unknown code', '7f01', /unknown protocol code 127, at offset 0/],
    ['an unknown code behind a good component', '047f0000017f01', /unknown protocol code 127, at offset 5/],
    [
      'a code that is not in its shortest form',
      '84007f000001',
      /protocol code that is no varint, at offset 0/,
    ],
    ['a code of ten bytes', `${'80'.repeat(9)}01`, /protocol code that is no varint/],
    ['a code that is cut off', 'a5', /protocol code that is cut off/],
    ['a code of 2^62', toHex(encodeVarint(2n ** 62n)), /protocol code that is no varint/],
  ])('A2: %s is refused', (_, hex, what) => {
    expect(refuseBytes(hex)).toMatch(what);
  });

  it.each([
    ['a byte more than there is', `3603${toHex(utf8('ab'))}`, /dns4, cut off/],
    ['2^32', `36${toHex(encodeVarint(2 ** 32))}61`, /dns4, cut off/],
    ['2^53 + 1', `36${toHex(encodeVarint(2n ** 53n + 1n))}61`, /length of dns4 that is no varint/],
    ['ten bytes of varint', `36${'ff'.repeat(9)}0161`, /length of dns4 that is no varint/],
    ['0', '3600', /dns4 without a value/],
  ])('A3: a length of %s is refused', (_, hex, what) => {
    expect(refuseBytes(hex)).toMatch(what);
  });

  const fixed = PROTOCOLS.filter(({ size }) => typeof size === 'number' && size > 0);
  it.each(fixed)('A4: $name with a byte too few or too many is refused', ({ code, size }) => {
    const value = '01'.repeat(Number(size));
    const prefix = toHex(encodeVarint(code));
    expect(codeThrownBy(() => parseMultiaddr(fromHex(prefix + value)))).toBeUndefined();
    refuseBytes(prefix + value.slice(2));
    // The byte too many is the code of a protocol that there is not.
    refuseBytes(`${prefix}${value}01`);
  });

  it.each(['tcp', 'udp', 'dccp', 'sctp'])('A5: %s takes ports as decimals without anything else', (name) => {
    for (const port of [
      '65536',
      '-1',
      '080',
      '00',
      '1e3',
      ' 80',
      '80 ',
      '+80',
      '0x50',
      '1.5',
      '٨٠',
      '99999999999999999999',
    ])
      expect(refuseText(`/ip4/1.2.3.4/${name}/${port}`)).toMatch(new RegExp(`no value of ${name}`));
    refuseText(`/ip4/1.2.3.4/${name}/`);
    refuseText(`/ip4/1.2.3.4/${name}`);
    expect(parseMultiaddr(`/ip4/1.2.3.4/${name}/65535`).toString()).toBe(`/ip4/1.2.3.4/${name}/65535`);
  });

  it.each([
    '1.2.3',
    '01.2.3.4',
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '256.1.1.1',
    '1.2.3.4.5',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '1.2.3.4 ',
    '１.2.3.4',
  ])('A6: ip4 "%s" is refused', (text) => {
    refuseText(`/ip4/${text}/tcp/1`);
    refuseText(`/ip6/::ffff:${text}/tcp/1`);
  });

  it.each([
    ':::',
    '::1::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::12345',
    'fe80::1%eth0',
    '::g',
    ':1',
    '1:',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '[::1]',
  ])('A6: ip6 "%s" is refused', (text) => {
    refuseText(`/ip6/${text}/tcp/1`);
  });

  it.each([
    ['::1.2.3.4', '::102:304'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::A', '2001:db8::a'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ])('A6: ip6 "%s" is printed as %s', (text, canonical) => {
    expect(parseMultiaddr(`/ip6/${text}/tcp/1`).toString()).toBe(`/ip6/${canonical}/tcp/1`);
  });

  it('A7: sixteen components are read, seventeen and ten thousand are refused by their number or length', () => {
    expect(parseMultiaddr('/p2p-circuit'.repeat(16)).getComponents()).toHaveLength(16);
    expect(refuseText('/p2p-circuit'.repeat(17))).toMatch(/17 components/);
    expect(refuseText('/p2p-circuit'.repeat(10_000))).toMatch(/120000 characters/);
    const circuit = toHex(encodeVarint(290));
    expect(parseMultiaddr(fromHex(circuit.repeat(16))).getComponents()).toHaveLength(16);
    expect(refuseBytes(circuit.repeat(17))).toMatch(/17 components/);
    expect(refuseBytes(circuit.repeat(10_000))).toMatch(/20000 bytes/);
  });

  it('A8: two peers in one address are refused, but for one behind a relay', () => {
    expect(refuseText(`/p2p/${A}/p2p/${B}`)).toContain(`two peers, ${A} and ${B}`);
    refuseText(`/ip4/1.2.3.4/tcp/1/p2p/${A}/ws/p2p/${B}`);
    refuseText(`/ip4/1.2.3.4/tcp/1/p2p/${A}/p2p-circuit/p2p/${B}/p2p/${A}`);
    const relayed = `/ip4/1.2.3.4/tcp/1/p2p/${A}/p2p-circuit/p2p/${B}`;
    expect(parseMultiaddr(relayed).toString()).toBe(relayed);
    expect(splitPeer(parseMultiaddr(relayed)).peer?.toString()).toBe(B);
    refuseBytes(component('p2p', peerIdFrom(A).bytes) + component('p2p', peerIdFrom(B).bytes));
  });

  it('A8: a peer in the middle is read, as go reads it, and is not whom the address leads to', () => {
    const addr = parseMultiaddr(`/p2p/${A}/ip4/1.2.3.4/tcp/1`);
    expect(addr.toString()).toBe(`/p2p/${A}/ip4/1.2.3.4/tcp/1`);
    expect(splitPeer(addr).peer).toBeUndefined();
  });

  it('A8: a CIDv1 in base32 is the same as base58', () => {
    const addr = parseMultiaddr(`/p2p/${peerIdFrom(A).toCid()}`);
    expect(addr.toString()).toBe(`/p2p/${A}`);
    expect(addr.equals(parseMultiaddr(`/p2p/${A}`))).toBe(true);
  });

  it.each(['0', 'O', 'I', 'l'])('A8: base58 with %s is refused', (letter) => {
    refuseText(`/p2p/${A.slice(0, -1)}${letter}`);
    expectRefusal('ERR_INVALID_PEER_ID', () => peerIdFrom(`${B.slice(0, -1)}${letter}`));
  });

  const names: [string, string][] = [
    ['254 characters', 'a.'.repeat(126) + 'ab'],
    ['a label of 64', `${'a'.repeat(64)}.b`],
    ['an empty label', 'a..b'],
    ['a dot at its end', 'a.b.'],
    ['a NUL', 'a\0b'],
    ['a space', 'a b'],
    ['a percent escape', 'a%2eb'],
    ['a letter beyond ASCII', 'ü.de'],
    ['a full stop beyond ASCII', 'a。b'],
    ['a hyphen at the start of a label', '-a.b'],
    ['a hyphen at the end of a label', 'a-.b'],
    ['an at sign', 'a@b'],
    ['a line break', 'a\r\nb'],
  ];
  it.each(['dns', 'dns4', 'dns6', 'dnsaddr'])(
    'A9: %s takes no name that is none, as text or bytes',
    (protocol) => {
      for (const [, name] of names) {
        refuseText(`/${protocol}/${name}/tcp/1`);
        refuseBytes(component(protocol, utf8(name)));
      }
      refuseBytes(component(protocol, utf8('a/b')));
      refuseBytes(component(protocol, fromHex('ff61')));
      const longest = `${'a.'.repeat(125)}abc`;
      expect(longest).toHaveLength(253);
      expect(parseMultiaddr(`/${protocol}/${longest}`).toString()).toBe(`/${protocol}/${longest}`);
      expect(parseMultiaddr(`/${protocol}/${'a'.repeat(63)}.b`).toString()).toHaveLength(
        protocol.length + 67,
      );
    },
  );

  it.each(['/unix/run/x', '/unix/a/../../etc/passwd', '/ip4/1.2.3.4/tcp/1/unix/a'])(
    'A10: %s is refused from the network',
    (text) => {
      const { bytes } = parseMultiaddr(text);
      expect(expectRefusal('ERR_INVALID_MULTIADDR', () => multiaddrFromNetwork(bytes))).toMatch(
        /unix path from the network/,
      );
    },
  );

  it('A10: a path with a NUL, or of 4096 bytes, is refused everywhere', () => {
    refuseText('/unix/a\0b');
    refuseText(`/unix/${'a'.repeat(4096)}`);
    refuseText(`/unix/${'a'.repeat(512)}`);
    refuseBytes(component('unix', utf8('/a\0b')));
    refuseBytes(component('unix', utf8(`/${'a'.repeat(512)}`)));
    refuseBytes(component('unix', utf8('a')));
  });

  it('A11: an http path takes no control characters and no broken escapes; an escaped slash is one, as in go', () => {
    for (const path of ['a%0D%0Ab', 'a%00', '%', '%f', '%zz', '%ff', 'a%7Fb', ''])
      refuseText(`/http-path/${path}`);
    refuseBytes(component('http-path', utf8('a\r\nb')));
    refuseBytes(component('http-path', fromHex('ff')));
    expect(parseMultiaddr('/http-path/a%2Fb').toString()).toBe('/http-path/a%2Fb');
    refuseText('/ip4/1.2.3.4/tcp/1/ws/path');
  });

  it('A12: a certhash is one whole multihash', () => {
    const digest = 'ab'.repeat(32);
    const certhash = (hex: string): string => component('certhash', fromHex(hex));
    expect(parseMultiaddr(fromHex(certhash(`1220${digest}`))).toString()).toMatch(/^\/certhash\/u/);
    for (const hex of [
      `1220${digest}00`,
      `1220${digest.slice(2)}`,
      `1221${digest}`,
      '12',
      '1200',
      `9200${digest}`,
      `12${'ff'.repeat(9)}01`,
    ])
      refuseBytes(certhash(hex));
    for (const text of ['x', 'u', 'uAAAA', 'z', 'b2uaraocy6yrdblb4sfptaddgimjmmp', '%'])
      refuseText(`/certhash/${text}`);
  });

  it('A14: equality and keys are of bytes, whatever text was given', () => {
    const same: [string, string][] = [
      ['/ip6/0:0:0:0:0:0:0:1/tcp/1', '/ip6/::1/tcp/1'],
      ['/ip6/2001:DB8::1/tcp/1/', '/ip6/2001:db8:0::1/tcp/1'],
      [`/ipfs/${A}`, `/p2p/${peerIdFrom(A).toCid()}`],
      ['/memory/4', multiaddr('/memory/4').toString()],
    ];
    for (const [one, other] of same) {
      expect(parseMultiaddr(one).equals(parseMultiaddr(other))).toBe(true);
      expect(parseMultiaddr(one).toString()).toBe(parseMultiaddr(other).toString());
      expect(toHex(parseMultiaddr(one).bytes)).toBe(toHex(parseMultiaddr(other).bytes));
    }
    expect(parseMultiaddr('/dns4/a.b').equals(parseMultiaddr('/dns4/A.b'))).toBe(false);
  });

  it('B12: names that every object has are no protocols', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) refuseText(`/${name}/1`);
  });
});

describe('A13: for any address', () => {
  const ip4 = fc.ipV4().map((text) => `/ip4/${text}`);
  const ip6 = fc.ipV6().map((text) => `/ip6/${text}`);
  const dns = fc.domain().map((name) => `/dns4/${name}`);
  const port = fc
    .tuple(fc.constantFrom('tcp', 'udp'), fc.nat(65_535))
    .map(([name, number]) => `/${name}/${String(number)}`);
  const tail = fc.constantFrom(
    '',
    '/ws',
    '/tls/ws',
    '/quic-v1',
    `/p2p/${A}`,
    `/p2p/${B}/p2p-circuit/p2p/${A}`,
    '/tls/sni/a.b',
  );
  const memoryNumber = fc
    .bigInt({ min: 0n, max: 2n ** 64n - 1n })
    .map((number) => `/memory/${String(number)}`);
  const path = fc
    .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 30 })
    .map((text) => `/http-path/${encodeURIComponent(text)}`);
  const addresses = fc.oneof(
    fc.tuple(fc.oneof(ip4, ip6, dns), port, tail).map((parts) => parts.join('')),
    memoryNumber,
    path,
  );

  it('what is printed is read as the same, and what is read is printed canonically', () => {
    fc.assert(
      fc.property(addresses, (text) => {
        const addr = parseMultiaddr(text);
        const printed = addr.toString();
        expect(parseMultiaddr(printed).equals(addr)).toBe(true);
        expect(parseMultiaddr(printed).toString()).toBe(printed);
        expect(parseMultiaddr(addr.bytes).toString()).toBe(printed);
        expect(multiaddrFromNetwork(addr.bytes).toString()).toBe(printed);
      }),
      { numRuns: 500 },
    );
  });

  it('with any byte of it changed: another address, or a typed error', () => {
    fc.assert(
      fc.property(addresses, fc.nat(), fc.integer({ min: 1, max: 255 }), (text, at, xor) => {
        const bytes = new Uint8Array(parseMultiaddr(text).bytes);
        bytes[at % bytes.byteLength] = (bytes[at % bytes.byteLength] ?? 0) ^ xor;
        const code = codeThrownBy(() => {
          const addr = parseMultiaddr(bytes);
          expect(parseMultiaddr(addr.toString()).equals(addr)).toBe(true);
          expect(toHex(addr.bytes)).toBe(toHex(bytes));
        });
        expect([undefined, 'ERR_INVALID_MULTIADDR']).toContain(code);
      }),
      { numRuns: 1000 },
    );
  });

  it('any text is an address or a typed error, and what is wrong is quoted without invisible characters', () => {
    const slashed = fc
      .array(
        fc.oneof(
          fc.constantFrom(...PROTOCOLS.map(({ name }) => name)),
          fc.string({ unit: 'binary', maxLength: 12 }),
        ),
      )
      .map((parts) => `/${parts.join('/')}`);
    fc.assert(
      fc.property(slashed, (text) => {
        try {
          parseMultiaddr(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_INVALID_MULTIADDR' });
          expect((error as Error).message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('peer ids', () => {
  it.each([
    ['no bytes', ''],
    ['one byte', '12'],
    ['a digest of 31 bytes', `121f${'01'.repeat(31)}`],
    ['a digest of 33 bytes', `1221${'01'.repeat(33)}`],
    ['33 bytes in all', `1220${'01'.repeat(31)}`],
    ['35 bytes in all', `1220${'01'.repeat(33)}`],
    ['300 bytes', `1220${'01'.repeat(298)}`],
    ['an identity hash of 43 bytes', `002b${'01'.repeat(43)}`],
    ['an identity hash of 300 bytes', `00ac02${'01'.repeat(300)}`],
    ['an identity hash of no bytes', '0000'],
    ['a length that is not its data’s', `0024${toHex(peerIdFrom(A).bytes.subarray(2, -1))}`],
    ['a code of sha1', `1114${'01'.repeat(20)}`],
    ['a code of sha2-512', `1340${'01'.repeat(64)}`],
    ['a code that is not in its shortest form', `920020${'01'.repeat(32)}`],
  ])('A15: %s are refused', (_, hex) => {
    expectRefusal('ERR_INVALID_PEER_ID', () => peerIdFrom(fromHex(hex)));
    if (hex !== '') refuseBytes(component('p2p', fromHex(hex)));
  });

  it('A16: text of ten mebibytes is refused by its length, wherever it is given', () => {
    const text = '1'.repeat(10 * 1024 * 1024);
    expect(expectRefusal('ERR_INVALID_PEER_ID', () => peerIdFrom(text))).toBe(
      'a peer id of 10485760 characters',
    );
    expect(refuseText(`/p2p/${text}`)).toMatch(/10485765 characters/);
    expect(peerIdFrom(A).equals(text)).toBe(false);
  });

  it('A17: an identity hash of something that is no key is refused, at once and not when the key is needed', () => {
    for (const hex of ['0003010203', `002408011220${'00'.repeat(32)}`, `002408011220${'00'.repeat(32)}`])
      expectRefusal('ERR_INVALID_PEER_ID', () => peerIdFrom(fromHex(hex)));
  });

  it('any bytes and any text are a peer id or a typed error', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 45, size: 'max' }), fc.string({ maxLength: 70 })),
        (source) => {
          const code = codeThrownBy(() =>
            peerIdFrom(typeof source === 'string' ? source : new Uint8Array(source)),
          );
          expect([undefined, 'ERR_INVALID_PEER_ID']).toContain(code);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('keys', () => {
  const data = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c';
  const refuseKey = (hex: string, code: string): string => {
    expectRefusal(code, () => privateKeyFrom(fromHex(hex)));
    return expectRefusal(code, () => publicKeyFrom(fromHex(hex)));
  };

  it.each([
    ['a missing type', `1220${data}`, 'ERR_INVALID_KEY', /without a type/],
    ['missing data', '0801', 'ERR_INVALID_KEY', /without data/],
    ['nothing at all', '', 'ERR_INVALID_KEY', /without a type/],
    ['type 4', `08041220${data}`, 'ERR_INVALID_KEY', /unknown type 4/],
    ['type 2^32 - 1', `08ffffffff0f1220${data}`, 'ERR_INVALID_KEY', /unknown type 4294967295/],
    ['type 1 in ten bytes', `0881${'80'.repeat(8)}001220${data}`, 'ERR_INVALID_PROTOBUF', /field 1.*32 bits/],
    ['type 2^63 + 1', `0881${'80'.repeat(8)}011220${data}`, 'ERR_INVALID_PROTOBUF', /field 1.*32 bits/],
    ['type 2^32 + 1', `0881808080101220${data}`, 'ERR_INVALID_PROTOBUF', /field 1.*32 bits/],
    [
      'a type of eleven bytes',
      `08${'ff'.repeat(10)}011220${data}`,
      'ERR_INVALID_PROTOBUF',
      /field 1.*varint/,
    ],
    ['a type that is bytes', `0a01011220${data}`, 'ERR_INVALID_PROTOBUF', /field 1.*wire type 2/],
    ['data that is a number', '08011020', 'ERR_INVALID_PROTOBUF', /field 2.*wire type 0/],
    ['data of no bytes', '08011200', 'ERR_INVALID_KEY', /without data/],
    [
      'data of 1 MiB',
      `0801${toHex(concatBytes(fromHex('12'), encodeVarint(2 ** 20)))}${'00'.repeat(2 ** 20)}`,
      'ERR_INVALID_PROTOBUF',
      /8192 are allowed/,
    ],
    ['two types', `080108011220${data}`, 'ERR_INVALID_PROTOBUF', /field 1 twice/],
    ['two keys', `08011220${data}1220${data}`, 'ERR_INVALID_PROTOBUF', /field 2 twice/],
  ])('K1: %s is refused', (_, hex, code, what) => {
    expect(refuseKey(hex, code)).toMatch(what);
  });

  it('K2: an Ed25519 private key has 64 bytes, or 96, and its own public half', () => {
    const seed = '01'.repeat(32);
    const key = (hex: string): string => toHex(encodeKey('Ed25519', fromHex(hex)));
    expect(toHex(privateKeyFrom(fromHex(key(seed + data))).publicKey.bytes)).toBe(`08011220${data}`);
    expect(toHex(privateKeyFrom(fromHex(key(seed + data + data))).bytes)).toBe(key(seed + data));
    const other = `00${data.slice(2)}`;
    for (const hex of [
      seed,
      seed + data.slice(2),
      `${seed}${data}00`,
      `${seed}${data}${data}00`,
      seed + other,
      seed + data + other,
      seed + other + data,
      seed.repeat(2),
    ])
      expectRefusal('ERR_INVALID_KEY', () => privateKeyFrom(fromHex(key(hex))));
  });

  const oid = (hex: string) => derElement(TAG.oid, fromHex(hex));
  const EC = '2a8648ce3d0201';
  const P256 = '2a8648ce3d030107';
  const spki = (parameters: Uint8Array, point: Uint8Array, algorithm = EC): string =>
    toHex(
      encodeKey(
        'ECDSA',
        derElement(
          TAG.sequence,
          derElement(TAG.sequence, oid(algorithm), parameters),
          derElement(TAG.bitString, Uint8Array.of(0), point),
        ),
      ),
    );
  const G = fromHex(
    '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  );

  it('K3: the generator of P-256 under its own name is a key', () => {
    expect(publicKeyFrom(fromHex(spki(oid(P256), G))).type).toBe('ECDSA');
  });

  it.each([
    ['P-224', spki(oid('2b81040021'), G)],
    ['secp256k1 by its name', spki(oid('2b8104000a'), G)],
    ['P-384 with a point of P-256', spki(oid('2b81040022'), G)],
    ['explicit parameters', spki(derElement(TAG.sequence, fromHex('020101')), G)],
    ['no parameters', spki(new Uint8Array(0), G)],
    ['NULL for parameters', spki(fromHex('0500'), G)],
    ['another algorithm', spki(oid(P256), G, '2a864886f70d010101')],
    ['the point at infinity', spki(oid(P256), Uint8Array.of(0))],
    ['zeros for a point', spki(oid(P256), concatBytes(Uint8Array.of(4), new Uint8Array(64)))],
    ['a point that is not on the curve', spki(oid(P256), concatBytes(G.subarray(0, 64), Uint8Array.of(0)))],
    ['a compressed point', spki(oid(P256), concatBytes(Uint8Array.of(3), G.subarray(1, 33)))],
    ['a hybrid point', spki(oid(P256), concatBytes(Uint8Array.of(7), G.subarray(1)))],
    [
      'coordinates beyond the field',
      spki(oid(P256), concatBytes(Uint8Array.of(4), new Uint8Array(64).fill(255))),
    ],
    ['something behind the end', `${spki(oid(P256), G)}00`],
  ])('K3: an ECDSA key with %s is refused', (_, hex) => {
    expect(codeThrownBy(() => publicKeyFrom(fromHex(hex)))).toMatch(/^ERR_INVALID_(KEY|PROTOBUF)$/);
  });

  const rsaKey =
    vectors<{ keys: { name: string; publicKeyDataHex: string }[] }>('keys').keys.find(
      ({ name }) => name === 'spec-rsa',
    )?.publicKeyDataHex ?? '';
  const RSA_ALGORITHM = fromHex('300d06092a864886f70d0101010500');
  const rsa = (numbers: Uint8Array, behind: Uint8Array = new Uint8Array(0)): string =>
    toHex(
      derElement(TAG.sequence, RSA_ALGORITHM, derElement(TAG.bitString, Uint8Array.of(0), numbers), behind),
    );
  const integer = (hex: string) => derElement(TAG.integer, fromHex(hex));
  const modulus = `00${'c5'.repeat(256)}`;
  const numbers = (n: string, e: string, behind: Uint8Array = new Uint8Array(0)) =>
    derElement(TAG.sequence, integer(n), integer(e), behind);
  const refuseRsa = (hex: string): string =>
    expectRefusal('ERR_INVALID_KEY', () => publicKeyFrom(encodeKey('RSA', fromHex(hex))));

  it('K4: what the refused keys are made of is a key', () => {
    expect(publicKeyFrom(encodeKey('RSA', fromHex(rsaKey))).type).toBe('RSA');
    expect(publicKeyFrom(encodeKey('RSA', fromHex(rsa(numbers(modulus, '010001'))))).type).toBe('RSA');
  });

  it.each([
    ['a negative modulus', rsa(numbers('c5'.repeat(256), '010001')), /negative/],
    ['a modulus with excess zeros', rsa(numbers(`0000${'c5'.repeat(256)}`, '010001')), /excess zeros/],
    ['an empty modulus', rsa(numbers('', '010001')), /negative or empty/],
    ['a modulus of 2047 bits', rsa(numbers(`45${'c5'.repeat(255)}`, '010001')), /2047 bits/],
    ['a modulus of 8193 bits', rsa(numbers(`01${'c5'.repeat(1024)}`, '010001')), /8193 bits/],
    ['an even exponent', rsa(numbers(modulus, '010000')), /exponent/],
    ['an exponent of 1', rsa(numbers(modulus, '01')), /exponent/],
    ['an exponent of 33 bits', rsa(numbers(modulus, '0100000001')), /exponent/],
    ['data behind the exponent', rsa(numbers(modulus, '010001', fromHex('020101'))), /behind the end/],
    [
      'data behind the numbers',
      rsa(concatBytes(numbers(modulus, '010001'), Uint8Array.of(0))),
      /behind the end/,
    ],
    ['data behind the bit string', rsa(numbers(modulus, '010001'), fromHex('0500')), /behind the end/],
    ['data behind the whole', `${rsa(numbers(modulus, '010001'))}00`, /behind the end/],
    ['an indefinite length', rsaKey.replace(/^308[12]..../, '3080'), /indefinite/],
    [
      'a length in a longer form than it needs',
      rsa(numbers(modulus, '010001')).replace('0203010001', '028103010001'),
      /.+/,
    ],
    [
      'a length of four bytes',
      rsa(numbers(modulus, '010001')).replace(/^3082(....)/, '30840000$1'),
      /enormous/,
    ],
    ['a cut in the middle', rsa(numbers(modulus, '010001')).slice(0, 400), /cut off/],
  ])('K4: RSA with %s is refused', (_, hex, what) => {
    expect(refuseRsa(hex)).toMatch(what);
  });

  it('K4: an RSA private key whose numbers do not belong together is refused when read, not when used', () => {
    const own = (hex: string): Uint8Array => integer(hex);
    const zero = own('00');
    const made = derElement(
      TAG.sequence,
      zero,
      own(modulus),
      own('010001'),
      ...Array.from({ length: 6 }, () => own('03')),
    );
    const code = codeThrownBy(() => privateKeyFrom(encodeKey('RSA', made)).sign(utf8('x')));
    expect(code).toBe('ERR_INVALID_KEY');
  });

  it('any bytes behind a type, and any change of a real key, are a key or a typed error; so are any signatures', () => {
    const real = (['Ed25519', 'secp256k1', 'ECDSA'] as const).map(
      (type) => generateKey(type).publicKey.bytes,
    );
    const changed = fc
      .tuple(
        fc.constantFrom(...real, encodeKey('RSA', fromHex(rsaKey))),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
      )
      .map(([bytes, at, xor]) => {
        const copy = new Uint8Array(bytes);
        copy[at % copy.byteLength] = (copy[at % copy.byteLength] ?? 0) ^ xor;
        return copy;
      });
    const random = fc
      .tuple(fc.nat(5), fc.uint8Array({ minLength: 1, maxLength: 120, size: 'max' }))
      .map(([type, bytes]) => concatBytes(Uint8Array.of(8, type, 0x12, bytes.byteLength), bytes));
    fc.assert(
      fc.property(fc.oneof(changed, random), fc.uint8Array({ maxLength: 80 }), (bytes, signature) => {
        const code = codeThrownBy(() => {
          const key = publicKeyFrom(bytes);
          expect(key.verify(utf8('x'), new Uint8Array(signature))).toBe(false);
          // B14: its own form is a fixed point.
          expect(toHex(publicKeyFrom(key.bytes).bytes)).toBe(toHex(key.bytes));
        });
        expect([undefined, 'ERR_INVALID_KEY', 'ERR_INVALID_PROTOBUF']).toContain(code);
        expect([undefined, 'ERR_INVALID_KEY', 'ERR_INVALID_PROTOBUF']).toContain(
          codeThrownBy(() => privateKeyFrom(bytes)),
        );
      }),
      { numRuns: 1000 },
    );
  });
});
