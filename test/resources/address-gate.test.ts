import { AddressGate, type Admitted } from '../../src/resources/address-gate.js';
import { defaultLimits } from '../../src/resources/default-limits.js';
import { TokenBuckets } from '../../src/resources/token-buckets.js';

const { addresses } = defaultLimits({});
const NO_RATE = { perSecond: Infinity, burst: Infinity };
const uncapped = {
  ...addresses,
  ip4: { ...addresses.ip4, connections: Infinity },
  ip6Subscriber: { ...addresses.ip6Subscriber, connections: Infinity },
  ip6Site: { ...addresses.ip6Site, connections: Infinity },
};
const unhurried = {
  ...addresses,
  ip4: { ...addresses.ip4, ...NO_RATE },
  ip6Subscriber: { ...addresses.ip6Subscriber, ...NO_RATE },
  ip6Site: { ...addresses.ip6Site, ...NO_RATE },
};
/** How many of `count` get in, and the first refusal. */
function knock(gate: AddressGate, hosts: (at: number) => string | undefined, count: number, now = 0) {
  let admitted = 0;
  let refusal: unknown;
  for (let at = 0; at < count; at += 1) {
    const answer = gate.admit(hosts(at), now);
    if ('limit' in answer) refusal ??= answer;
    else admitted += 1;
  }
  return { admitted, refusal };
}

describe('[RM-41] connections at once', () => {
  it.each([
    ['IPv4 /32', () => '10.0.0.2', 8, 'ip:10.0.0.2/32'],
    ['IPv4 in IPv6 clothes', (at: number) => (at % 2 ? '::ffff:10.0.0.2' : '10.0.0.2'), 8, 'ip:10.0.0.2/32'],
    ['IPv6 /56', (at: number) => `2001:db8:0:1${String(at % 10)}::1`, 8, 'ip:2001:db8::/56'],
    ['a zone', (at: number) => `fe80::1%eth${String(at)}`, 8, 'ip:fe80::/56'],
    ['IPv6 /48', (at: number) => `2001:db8:0:${String(at)}00::1`, 64, 'ip:2001:db8::/48'],
  ])('%s', (_, hosts, most, scope) => {
    expect(knock(new AddressGate(unhurried), hosts, 70)).toEqual({
      admitted: most,
      refusal: { scope, limit: 'connections', value: most },
    });
  });

  it.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1', undefined, 'example.org', ''])(
    '%p is not counted',
    (host) => {
      const gate = new AddressGate(addresses);
      expect([knock(gate, () => host, 1000).admitted, gate.size]).toEqual([1000, 0]);
    },
  );

  it('loopback is counted where that is wanted', () => {
    const gate = new AddressGate({ ...unhurried, exemptLoopback: false });
    expect(knock(gate, () => '127.0.0.1', 9).refusal).toMatchObject({ scope: 'ip:127.0.0.1/32' });
    expect(knock(gate, () => '::1', 9).refusal).toMatchObject({ scope: 'ip:::/56' });
  });

  it('one that ends makes room for another, and the last leaves nothing', () => {
    const gate = new AddressGate(unhurried);
    const admitted = Array.from({ length: 8 }, () => gate.admit('2001:db8::1', 0) as Admitted);
    expect(gate.admit('2001:db8::2', 0)).toMatchObject({ limit: 'connections' });
    gate.leave(admitted[0]!);
    const last = gate.admit('2001:db8::2', 0) as Admitted;
    for (const networks of [...admitted.slice(1), last]) gate.leave(networks);
    expect(gate.size).toBe(0);
  });
});

describe('[RM-42] new connections', () => {
  it('come 16 at once and then one a second from an address', () => {
    const gate = new AddressGate(uncapped);
    expect(knock(gate, () => '10.0.0.2', 20)).toEqual({
      admitted: 16,
      refusal: { scope: 'ip:10.0.0.2/32', limit: 'perSecond', value: 1 },
    });
    expect(knock(gate, () => '10.0.0.2', 20, 999).admitted).toBe(0);
    expect(knock(gate, () => '10.0.0.2', 20, 3_000).admitted).toBe(3);
    expect(knock(gate, () => '10.0.0.3', 20, 3_000).admitted).toBe(16);
  });

  it('a /56 that is refused takes nothing of its /48', () => {
    const gate = new AddressGate(uncapped);
    expect(knock(gate, () => '2001:db8::1', 500).admitted).toBe(16);
    const others = (at: number): string => `2001:db8:0:${String(1 + Math.floor(at / 16))}00::1`;
    expect(knock(gate, others, 100)).toMatchObject({
      admitted: 64,
      refusal: { scope: 'ip:2001:db8::/48', limit: 'perSecond', value: 2 },
    });
  });

  it('[RM-40] the rate is asked before the number', () => {
    const gate = new AddressGate(addresses);
    expect(knock(gate, () => '10.0.0.2', 9).refusal).toMatchObject({ limit: 'connections' });
    expect(knock(gate, () => '10.0.0.2', 8).refusal).toMatchObject({ limit: 'connections' });
    expect(knock(gate, () => '10.0.0.2', 1).refusal).toMatchObject({ limit: 'perSecond' });
  });
});

describe('token buckets', () => {
  it('a clock that goes back gives nothing, and takes nothing', () => {
    const buckets = new TokenBuckets();
    expect([buckets.take('a', 1, 1, 1000), buckets.take('a', 1, 1, 0)]).toEqual([true, false]);
    expect(buckets.take('a', 1, 1, 1000)).toBe(true);
  });

  it('0 a second with a burst of 0 lets nobody in', () => {
    expect(new TokenBuckets().take('a', 0, 0, 1e9)).toBe(false);
  });

  it('are bounded: full ones go first, then those used longest ago', () => {
    const buckets = new TokenBuckets(3);
    for (const [at, key] of ['a', 'b', 'c'].entries()) buckets.take(key, 1, 1, at * 1000);
    // The first two have filled up again.
    buckets.take('d', 1, 1, 2_500);
    expect(buckets.size).toBe(2);
    buckets.take('e', 1, 1, 2_500);
    buckets.take('f', 1, 1, 2_500);
    expect([buckets.size, buckets.take('d', 1, 1, 2_500), buckets.take('c', 1, 1, 2_500)]).toEqual([
      3,
      false,
      true,
    ]);
  });
});
