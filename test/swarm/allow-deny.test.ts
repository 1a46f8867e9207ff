import { MemoryDatastore } from 'datastore-core';
import fc from 'fast-check';
import { Key } from 'interface-datastore';
import {
  allowDeny,
  parseMultiaddr,
  peerIdFrom,
  type AllowDenyGater,
  type AllowDenyOptions,
} from '../../src/index.js';
import { parseIp4, parseIp6, printIp4 } from '../../src/core/ip.js';
import { IpRules, parseSubnet, printSubnet } from '../../src/core/ip-rules.js';

const PEER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
const OTHER = '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq';
const [peer, other] = [peerIdFrom(PEER), peerIdFrom(OTHER)];
const local = parseMultiaddr('/ip4/192.0.2.9/tcp/1');

function accepts(gater: AllowDenyGater, addr: string): boolean {
  const remoteAddr = parseMultiaddr(addr);
  const accepted = gater.allowAccept({ localAddr: local, remoteAddr });
  expect(gater.allowDialAddr(peer, remoteAddr)).toBe(accepted);
  return accepted;
}

describe('[GATE-3] peers', () => {
  it('that are denied are not dialed, and not let in; they are judged by the dial where we dial', () => {
    const gater = allowDeny({ deny: [PEER] });
    const addrs = { localAddr: local, remoteAddr: local };
    expect([gater.allowDialPeer(peer), gater.allowDialPeer(other)]).toEqual([false, true]);
    expect(gater.allowSecured('inbound', peer, addrs)).toBe(false);
    expect(gater.allowSecured('inbound', other, addrs)).toBe(true);
    expect(gater.allowSecured('outbound', peer, addrs)).toBe(true);
  });

  it('are the same in whatever text they are named', () => {
    const gater = allowDeny({ deny: [peer.toCid()] });
    expect(gater.allowDialPeer(peer)).toBe(false);
    expect(gater.rules).toEqual([{ verdict: 'deny', kind: 'peer', value: PEER }]);
  });

  it('that nobody named can be denied, and those who are named let in', () => {
    const gater = allowDeny({ allow: [peer], otherwise: { peers: 'deny' } });
    expect([gater.allowDialPeer(peer), gater.allowDialPeer(other)]).toEqual([true, false]);
    expect(accepts(gater, '/ip4/10.0.0.1/tcp/1')).toBe(true);
  });
});

describe('[GATE-3, S14, S15] addresses', () => {
  it.each<[string, string, boolean]>([
    ['10.0.0.1', '/ip4/10.0.0.1/tcp/1', false],
    ['10.0.0.1', '/ip4/10.0.0.2/tcp/1', true],
    ['10.0.0.1', '/ip4/10.0.0.1/udp/9/quic-v1', false],
    ['10.0.0.1', '/ip6/::ffff:10.0.0.1/tcp/1', false],
    ['10.0.0.1', '/ip6/::ffff:a00:1/tcp/1', false],
    ['10.0.0.1', '/ip6/0000:0000:0000:0000:0000:ffff:0a00:0001/tcp/1', false],
    ['::ffff:10.0.0.1', '/ip4/10.0.0.1/tcp/1', false],
    ['0000:0000:0000:0000:0000:ffff:0a00:0001', '/ip4/10.0.0.1/tcp/1', false],
    ['2001:0db8::0001', '/ip6/2001:db8::1/tcp/1', false],
    ['2001:db8::1', '/ip6/2001:0db8:0000::0001/tcp/1', false],
    ['2001:DB8::1', '/ip6/2001:db8::1/tcp/1', false],
    ['fe80::1', '/ip6zone/eth0/ip6/fe80::1/tcp/1', false],
    ['10.0.0.0/8', '/ip4/10.255.255.255/tcp/1', false],
    ['10.0.0.0/8', '/ip4/11.0.0.0/tcp/1', true],
    ['10.9.9.9/8', '/ip4/10.0.0.1/tcp/1', false],
    ['10.0.0.0/8', '/ip6/::ffff:10.1.2.3/tcp/1', false],
    ['::ffff:10.0.0.0/104', '/ip4/10.1.2.3/tcp/1', false],
    ['10.128.0.0/9', '/ip4/10.127.0.0/tcp/1', true],
    ['0.0.0.0/0', '/ip4/1.2.3.4/tcp/1', false],
    ['0.0.0.0/0', '/ip6/2001:db8::1/tcp/1', true],
    ['::/0', '/ip4/1.2.3.4/tcp/1', true],
    ['2001:db8::/33', '/ip6/2001:db8:7fff::1/tcp/1', false],
    ['2001:db8::/33', '/ip6/2001:db8:8000::1/tcp/1', true],
    ['10.0.0.1', '/memory/1', true],
    ['10.0.0.1', '/dns4/example.org/tcp/1', true],
    ['10.0.0.1', `/ip4/10.0.0.1/tcp/1/p2p/${PEER}/p2p-circuit`, false],
  ])('deny %s: %s is allowed: %s', (rule, addr, allowed) => {
    expect(accepts(allowDeny({ deny: [rule] }), addr)).toBe(allowed);
  });

  it('have exceptions: the longest prefix decides, in either direction', () => {
    const gater = allowDeny({ deny: ['10.0.0.0/8', '10.1.1.1'], allow: ['10.1.0.0/16'] });
    const tried = ['10.2.0.1', '10.1.0.1', '10.1.1.1'].map((ip) => accepts(gater, `/ip4/${ip}/tcp/1`));
    expect(tried).toEqual([false, true, false]);
  });

  it('that nobody named can be denied, also those without an IP', () => {
    const gater = allowDeny({ allow: ['10.0.0.0/8'], otherwise: { addrs: 'deny' } });
    const addrs = ['/ip4/10.0.0.1/tcp/1', '/ip4/11.0.0.1/tcp/1', '/memory/1'];
    expect(addrs.map((addr) => accepts(gater, addr))).toEqual([true, false, false]);
    expect(gater.allowDialPeer(peer)).toBe(true);
  });
});

it('rules change while it is used; a later word on the same thing replaces the earlier', () => {
  const gater = allowDeny();
  const tried = (): boolean[] => [
    gater.allowDialPeer(peer),
    accepts(gater, '/ip4/10.0.0.1/tcp/1'),
    accepts(gater, '/ip4/10.0.0.2/tcp/1'),
  ];
  expect(tried()).toEqual([true, true, true]);
  gater.deny(peer);
  gater.deny('10.0.0.1');
  gater.deny('10.0.0.0/24');
  expect(tried()).toEqual([false, false, false]);
  gater.allow('::ffff:10.0.0.1');
  gater.allow(PEER);
  expect(tried()).toEqual([true, true, false]);
  expect(gater.rules).toEqual([
    { verdict: 'allow', kind: 'peer', value: PEER },
    { verdict: 'allow', kind: 'addr', value: '10.0.0.1' },
    { verdict: 'deny', kind: 'subnet', value: '10.0.0.0/24' },
  ]);
  for (const { value } of gater.rules) gater.forget(value);
  expect([tried(), gater.rules]).toEqual([[true, true, true], []]);
});

describe('what is no rule is refused, and named', () => {
  it.each<[string, unknown]>([
    ['a zero-padded IPv4 address, which some read as octal', { deny: ['010.000.000.001'] }],
    ['another one in IPv6 clothes', { deny: ['::ffff:010.0.0.1'] }],
    ['three numbers', { deny: ['10.0.1'] }],
    ['a prefix that is too long', { deny: ['10.0.0.0/33'] }],
    ['a prefix of an IPv6 address that is too long', { deny: ['::/129'] }],
    ['a prefix with a leading zero', { deny: ['10.0.0.0/08'] }],
    ['a prefix without a number', { deny: ['10.0.0.0/'] }],
    ['two prefixes', { deny: ['10.0.0.0/8/8'] }],
    ['a name', { deny: ['example.org'] }],
    ['a multiaddr', { deny: ['/ip4/10.0.0.1'] }],
    ['nothing', { allow: [''] }],
    ['a number', { allow: [7] }],
    ['an unknown option', { denied: [] }],
    ['an unknown kind', { otherwise: { subnets: 'deny' } }],
    ['an unknown verdict', { otherwise: { peers: 'no' } }],
  ])('%s', (_, options) => {
    expect(() => allowDeny(options as AllowDenyOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION' }) as Error,
    );
  });

  it('and its text is escaped', () => {
    expect(() => allowDeny({ deny: ['\u001b[2Jgone'] })).toThrow('"\\u001b[2Jgone" is no peer id');
  });
});

it('the longest prefix is found as a slow search finds it', () => {
  const ip4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
  const rule = fc.tuple(ip4, fc.integer({ min: 0, max: 32 }));
  const bitsOf = (bytes: Uint8Array): string =>
    [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 20 }), ip4, (rules, address) => {
      const found = new IpRules<number>();
      for (const [network, bits] of rules) {
        const subnet = parseSubnet(`${printIp4(network)}/${String(bits)}`)!;
        expect(parseSubnet(printSubnet(subnet))).toEqual(subnet);
        found.set(subnet, bits);
      }
      const slow = rules
        .filter(([network, bits]) => bitsOf(network).slice(0, bits) === bitsOf(address).slice(0, bits))
        .map(([, bits]) => bits);
      expect(found.find(address)).toBe(slow.length === 0 ? undefined : Math.max(...slow));
      expect(found.find(parseIp6(`::ffff:${printIp4(address)}`)!)).toBe(found.find(address));
      expect(parseIp4(printIp4(address))).toEqual(address);
    }),
  );
});

describe('[GATE-3] in a datastore', () => {
  const stored = (datastore: MemoryDatastore): string[] =>
    [...(datastore.queryKeys({}) as Iterable<Key>)].map(String).sort();
  const settled = (gater: AllowDenyGater): Promise<void> => gater.ready();

  it('rules are kept under go’s keys, and found again', async () => {
    const datastore = new MemoryDatastore();
    const gater = allowDeny({ datastore, deny: ['192.0.2.7'] });
    await settled(gater);
    gater.deny(peer);
    gater.deny('10.0.0.1');
    gater.deny('10.0.0.0/8');
    gater.deny('2001:0db8::/32');
    gater.allow('10.0.0.2');
    await gater.flush();
    expect(stored(datastore)).toEqual([
      '/libp2p/net/conngater/addr/10.0.0.1',
      '/libp2p/net/conngater/allow/addr/10.0.0.2',
      `/libp2p/net/conngater/peer/${PEER}`,
      '/libp2p/net/conngater/subnet/10.0.0.0/8',
      '/libp2p/net/conngater/subnet/2001:db8::/32',
    ]);
    expect(datastore.get(new Key(`/libp2p/net/conngater/peer/${PEER}`))).toEqual(peer.bytes);
    const again = allowDeny({ datastore });
    await settled(again);
    expect(again.rules).toHaveLength(5);
    expect([again.allowDialPeer(peer), accepts(again, '/ip4/10.0.0.2/tcp/1')]).toEqual([false, true]);
    again.allow(peer);
    again.forget('10.0.0.0/8');
    await again.flush();
    expect(stored(datastore)).toEqual([
      '/libp2p/net/conngater/addr/10.0.0.1',
      '/libp2p/net/conngater/allow/addr/10.0.0.2',
      `/libp2p/net/conngater/allow/peer/${PEER}`,
      '/libp2p/net/conngater/subnet/2001:db8::/32',
    ]);
  });

  it('nobody is allowed before they are read, and what is said meanwhile wins', async () => {
    const datastore = new MemoryDatastore();
    for (const name of [`peer/${PEER}`, `peer/${OTHER}`])
      void datastore.put(new Key(`/libp2p/net/conngater/${name}`), new Uint8Array());
    const gater = allowDeny({ datastore });
    expect([gater.allowDialPeer(peer), accepts(gater, '/memory/1')]).toEqual([false, false]);
    gater.forget(peer);
    await settled(gater);
    expect([gater.allowDialPeer(peer), gater.allowDialPeer(other)]).toEqual([true, false]);
  });

  it('[O4] a key that says nothing is passed over and shown, and the rest is in force', async () => {
    const datastore = new MemoryDatastore();
    const names = [
      `peer/${PEER}`,
      'peer/x',
      'addr/10.0.0.0/8',
      'addr/::ffff:10.0.0.1',
      'else/10.0.0.1',
      'allow/peer/\u001b',
    ];
    for (const name of names) void datastore.put(new Key(`/libp2p/net/conngater/${name}`), new Uint8Array());
    const gater = allowDeny({ datastore });
    await settled(gater);
    expect(gater.rules).toEqual([{ verdict: 'deny', kind: 'peer', value: PEER }]);
    expect(gater.skipped).toEqual(names.slice(1).map((name) => JSON.stringify(name)));
  });

  it('a datastore that fails leaves it shut; a write that fails is told by flush, once', async () => {
    const broken = new MemoryDatastore();
    broken.query = () => {
      throw new Error('disk gone');
    };
    const shut = allowDeny({ datastore: broken });
    await expect(shut.ready()).rejects.toThrow('disk gone');
    expect(shut.allowDialPeer(peer)).toBe(false);
    const full = new MemoryDatastore();
    full.put = () => {
      throw new Error('disk full');
    };
    const gater = allowDeny({ datastore: full });
    await gater.ready();
    gater.deny(peer);
    await expect(gater.flush()).rejects.toThrow('disk full');
    await gater.flush();
    expect(gater.allowDialPeer(peer)).toBe(false);
  });
});
