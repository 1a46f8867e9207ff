/** Who is let in although the host is full (RM-40, RM-41, RM-44), and who has to prove where it comes from (RM-50). */
import type { LimitError } from '../../src/index.js';
import type { ConnectionScope, ResourceLimits } from '../../src/core/limits-contract.js';
import { AddressGate } from '../../src/resources/address-gate.js';
import { Allowlist } from '../../src/resources/allowlist.js';
import { checkedLimits } from '../../src/resources/checked-limits.js';
import { defaultLimits, unlimited } from '../../src/resources/default-limits.js';
import { ScopedResourceManager } from '../../src/resources/manager.js';

const ALICE = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
const BOB = 'QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC';

describe('an allowlist', () => {
  it.each<[string, string, boolean, boolean]>([
    // entry, host: whether somebody from there may, and whether Alice may
    ['/ip4/1.2.3.4', '1.2.3.4', true, true],
    ['/ip4/1.2.3.4', '::ffff:1.2.3.4', true, true],
    ['/ip4/1.2.3.4', '1.2.3.5', false, false],
    ['/ip4/1.2.3.99/ipcidr/24', '1.2.3.255', true, true],
    ['/ip4/1.2.3.0/ipcidr/24', '1.2.4.1', false, false],
    ['/ip4/0.0.0.0/ipcidr/0', '9.9.9.9', true, true],
    ['/ip6/2001:db8::/ipcidr/32', '2001:db8:1::5', true, true],
    ['/ip6/2001:db8::/ipcidr/32', '1.2.3.4', false, false],
    ['/ip6/fe80::/ipcidr/10', 'fe80::1%eth0', true, true],
    [`/ip4/1.2.3.4/p2p/${ALICE}`, '1.2.3.4', true, true],
    [`/ip4/1.2.3.4/p2p/${BOB}`, '1.2.3.4', true, false],
    [`/ip4/1.2.3.0/ipcidr/24/p2p/${BOB}`, '1.2.3.9', true, false],
    ['/ip4/1.2.3.4', 'example.org', false, false],
  ])('[RM-44] with %s: from %s somebody may: %s, Alice may: %s', (entry, host, somebody, alice) => {
    const allowlist = new Allowlist([entry]);
    expect([allowlist.networkOf(host) !== undefined, allowlist.allows(host, ALICE)]).toEqual([
      somebody,
      alice,
    ]);
  });

  it('[RM-43] has nothing for who has no IP address', () => {
    const allowlist = new Allowlist(['/ip4/0.0.0.0/ipcidr/0']);
    expect([allowlist.networkOf(undefined), allowlist.allows(undefined, ALICE)]).toEqual([undefined, false]);
  });

  it('[RM-41] names the most specific of the networks', () => {
    const allowlist = new Allowlist(['/ip4/1.0.0.0/ipcidr/8', '/ip4/1.2.3.4', '/ip4/1.2.0.0/ipcidr/16']);
    expect(['1.2.3.4', '1.2.3.5', '1.9.9.9'].map((host) => allowlist.networkOf(host))).toEqual([
      '1.2.3.4',
      '1.2.0.0/16',
      '1.0.0.0/8',
    ]);
  });

  it.each([
    ['/tcp/80', 'missing ip address'],
    ['/dns4/example.org', 'missing ip address'],
    [`/p2p/${ALICE}`, 'missing ip address'],
    ['/ip4/1.2.3.4/ipcidr/33', 'bits'],
    ['/ip4/1.2.3.4/tcp/80', 'nothing else'],
    ['nonsense', 'nonsense'],
    [7, '7'],
  ])('[RM-44] that has %s is refused, by name', (entry, text) => {
    const made = (): unknown => checkedLimits({ allowlist: [entry as string] }, {});
    expect(made).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION' }) as Error);
    expect(made).toThrow(/limits\.allowlist has/);
    expect(made).toThrow(text);
  });

  it('that is no list is refused', () => {
    expect(() => checkedLimits({ allowlist: '/ip4/1.2.3.4' as never }, {})).toThrow('limits.allowlist is');
  });

  it('[RM-21] has scopes as large as the others', () => {
    const { system, transient, allowlistedSystem, allowlistedTransient } = defaultLimits({});
    expect([allowlistedSystem, allowlistedTransient]).toEqual([system, transient]);
  });
});

function bench(limits: ResourceLimits) {
  const refused: string[] = [];
  const manager = new ScopedResourceManager({
    limits: checkedLimits({ ...unlimited, ...limits }, {})!,
    now: () => 0,
    refused: ({ scope, limit }) => refused.push(`${scope} ${limit}`),
  });
  const connect = (host: string): ConnectionScope =>
    manager.openConnection('inbound', { host, usesDescriptor: false });
  const failure = (act: () => unknown): Partial<LimitError> => {
    try {
      act();
    } catch (error) {
      return error as LimitError;
    }
    throw new Error('nothing was refused');
  };
  return { manager, refused, connect, failure };
}
const FULL: ResourceLimits = { transient: { inboundConnections: 1 }, system: { inboundConnections: 1 } };

describe('a host that is full', () => {
  const limits = { ...FULL, allowlist: ['/ip4/1.2.3.0/ipcidr/24'], allowlistedSystem: { connections: 2 } };

  it('[RM-40] takes those on its allowlist, beside the others, and tells of no refusal', () => {
    const { manager, refused, connect, failure } = bench(limits);
    connect('9.9.9.9');
    const allowed = connect('1.2.3.4');
    expect(refused).toEqual([]);
    expect(failure(() => connect('9.9.9.8'))).toMatchObject({ scope: 'transient', value: 1 });
    expect(manager.stat()).toMatchObject({
      transient: { inboundConnections: 1 },
      allowlistedTransient: { inboundConnections: 1 },
      allowlistedSystem: { inboundConnections: 1 },
    });
    allowed.setPeer(ALICE);
    expect(manager.stat()).toMatchObject({
      allowlistedTransient: { inboundConnections: 0 },
      allowlistedSystem: { inboundConnections: 1 },
      peers: { [ALICE]: { inboundConnections: 1 } },
    });
    allowed.done();
    expect(manager.stat()).toMatchObject({
      allowlistedSystem: { inboundConnections: 0, memoryBytes: 0 },
      peers: {},
    });
  });

  it('[RM-40] takes them as everybody else while there is room', () => {
    const { manager, connect } = bench(limits);
    connect('1.2.3.4');
    expect(manager.stat()).toMatchObject({
      transient: { inboundConnections: 1 },
      allowlistedTransient: { inboundConnections: 0 },
    });
  });

  it('[RM-41] takes as many of them as the allowlisted system may have, and says so once', () => {
    const { refused, connect, failure } = bench(limits);
    connect('9.9.9.9');
    connect('1.2.3.4');
    const last = connect('1.2.3.5');
    expect(failure(() => connect('1.2.3.6'))).toMatchObject({
      scope: 'ip:1.2.3.0/24',
      limit: 'connections',
      value: 2,
    });
    expect(refused).toEqual(['ip:1.2.3.0/24 connections']);
    last.done();
    connect('1.2.3.6');
  });

  it('[RM-41] an allowlisted network is not held to eight of one address; the rate is the same for all', () => {
    const addresses = { ip4: { connections: 8, perSecond: 1, burst: 16 } };
    const { connect, failure } = bench({ addresses, allowlist: ['/ip4/1.2.3.4'] });
    for (let count = 0; count < 16; count += 1) connect('1.2.3.4');
    expect(failure(() => connect('1.2.3.4'))).toMatchObject({ limit: 'perSecond' });
    for (let count = 0; count < 8; count += 1) connect('1.2.3.5');
    expect(failure(() => connect('1.2.3.5'))).toMatchObject({ limit: 'connections', value: 8 });
  });

  it('what it refuses a connection later it tells, however that was let in', () => {
    const { refused, connect, failure } = bench({ ...limits, connection: { memoryBytes: 64 * 1024 } });
    for (const scope of [connect('1.2.3.4'), connect('1.2.3.5')])
      failure(() => {
        scope.reserveMemory(1 << 20);
      });
    expect(refused).toEqual(['conn-1 memoryBytes', 'conn-2 memoryBytes']);
  });

  it('[RM-44] one that is not the peer for whom there was room is as everybody else, and may be refused', () => {
    const { manager, connect, failure } = bench({
      ...FULL,
      system: { inboundConnections: 2 },
      allowlist: [`/ip4/1.2.3.4/p2p/${ALICE}`],
    });
    const before = connect('9.9.9.9');
    const [alice, bob, third] = [connect('1.2.3.4'), connect('1.2.3.4'), connect('1.2.3.4')];
    alice.setPeer(ALICE);
    bob.setPeer(BOB);
    expect(manager.stat()).toMatchObject({
      system: { inboundConnections: 2 },
      allowlistedSystem: { inboundConnections: 2 },
      allowlistedTransient: { inboundConnections: 1 },
    });
    expect(
      failure(() => {
        third.setPeer(BOB);
      }),
    ).toMatchObject({ scope: 'system', limit: 'inboundConnections', value: 2 });
    for (const scope of [before, alice, bob, third]) scope.done();
    const nothing = { inboundConnections: 0, memoryBytes: 0 };
    const empty = {
      system: nothing,
      transient: nothing,
      allowlistedSystem: nothing,
      allowlistedTransient: nothing,
    };
    expect(manager.stat()).toMatchObject({ ...empty, peers: {}, networks: 0 });
  });
});

describe('who claims to come from an address', () => {
  const gate = (): AddressGate => new AddressGate(defaultLimits({}).addresses);
  const claims = (made: AddressGate, host: string | undefined, count: number, now = 0): boolean[] =>
    Array.from({ length: count }, () => made.mustVerify(host, now));

  it('[RM-50] is believed as often as half the connections that may be had from there, then once in ten seconds', () => {
    const made = gate();
    expect(claims(made, '1.2.3.4', 6)).toEqual([false, false, false, false, true, true]);
    expect(claims(made, '1.2.3.4', 2, 10_000)).toEqual([false, true]);
    expect(claims(made, '1.2.3.5', 1)).toEqual([false]);
  });

  it('[RM-50] by /56 and /48 where it is IPv6', () => {
    const made = gate();
    expect(claims(made, '2001:db8::1', 4)).toEqual([false, false, false, false]);
    expect(claims(made, '2001:db8::2', 1)).toEqual([true]);
    expect(claims(made, '2001:db8:0:100::1', 1)).toEqual([false]);
  });

  it.each([undefined, '', 'example.org', '1.2.3'])(
    '[RM-50] has to prove it always where that is %j',
    (host) => {
      expect(claims(gate(), host, 2)).toEqual([true, true]);
    },
  );

  it('[RM-50] never from loopback', () => {
    expect(claims(gate(), '127.0.0.1', 20)).toEqual(Array.from({ length: 20 }, () => false));
  });

  it('[RM-50] is asked of the manager, and takes nothing of the connections', () => {
    const { manager, connect } = bench({ addresses: { ip4: { connections: 2 } } });
    expect([1, 2].map(() => manager.mustVerifySource('1.2.3.4'))).toEqual([false, true]);
    connect('1.2.3.4');
    connect('1.2.3.4');
  });
});
