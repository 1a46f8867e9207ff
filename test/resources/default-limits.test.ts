import { budgetOf, defaultLimits, scaled, type ScaledScope } from '../../src/resources/default-limits.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

describe('[RM-20] scaling', () => {
  it.each([
    // base, per GiB, memory in MiB, expected
    [64, 64, 8192, 576],
    [1024, 1024, 8192, 9216],
    [64, 64, 128, 64],
    [64, 64, 129, 64 + Math.floor((64 * 129) / 1024)],
    [8, 0, 8192, 8],
  ])('%i and %i a GiB with %i MiB are %i', (base, perGib, mebibytes, expected) => {
    const scope: ScaledScope = { base: { streams: base }, perGib: { streams: perGib } };
    expect(scaled(scope, { memoryBytes: mebibytes * MIB, descriptors: 0 }).streams).toBe(expected);
  });

  it.each([
    ['a share of what there is', 1 / 4, 16_384, 4_096],
    ['at least the base', 1 / 64, 100, 64],
    ['the base, where nobody tells', 1, 0, 64],
    ['the base, where no share is given', 0, 16_384, 64],
  ])('descriptors are %s', (_, descriptorShare, descriptors, expected) => {
    const scope: ScaledScope = { base: { descriptors: 64 }, descriptorShare };
    expect(scaled(scope, { memoryBytes: 8 * GIB, descriptors }).descriptors).toBe(expected);
  });

  it('[RM-22] gives go’s numbers for go’s rows, at 8 GiB and 16384 descriptors', () => {
    const budget = { memoryBytes: 8 * GIB, descriptors: 16_384 };
    const peer: ScaledScope = {
      base: {
        inboundStreams: 256,
        outboundStreams: 512,
        streams: 512,
        memoryBytes: 64 * MIB,
        descriptors: 4,
      },
      perGib: { inboundStreams: 128, outboundStreams: 256, streams: 256, memoryBytes: 128 * MIB },
      descriptorShare: 1 / 64,
    };
    expect(scaled(peer, budget)).toMatchObject({
      inboundStreams: 1280,
      outboundStreams: 2560,
      streams: 2560,
      descriptors: 256,
      memoryBytes: 1_140_850_688,
    });
  });

  it.each([
    [{}, 128, 0],
    [{ small: true }, 64, 0],
    [{ memoryBytes: 512 * MIB, descriptors: 1024 }, 128, 512],
    [{ memoryBytes: 4 * GIB, descriptors: 1_048_576 }, 512, 524_288],
    [{ memoryBytes: 64 * GIB, descriptors: 1024 }, 1024, 512],
  ])('of %j the host is given %i MiB and %i descriptors', (machine, mebibytes, descriptors) => {
    expect(budgetOf(machine)).toEqual({ memoryBytes: mebibytes * MIB, descriptors });
  });
});

describe('defaults, by the reliability limits', () => {
  const { system, transient, peer, protocol, protocolPeer, connection, stream, addresses } = defaultLimits({
    memoryBytes: 64 * GIB,
    descriptors: 1_000_000,
  });
  it.each([
    ['connections, system', system.connections, 300],
    ['… inbound two thirds', system.inboundConnections, 200],
    ['pending inbound', transient.inboundConnections, 64],
    ['connections per peer', peer.each.connections, 4],
    ['file descriptors', system.descriptors, 500_000],
    ['streams, system', system.streams, 2048],
    ['… inbound', system.inboundStreams, 1024],
    ['streams per peer', peer.each.streams, 512],
    ['… inbound', peer.each.inboundStreams, 256],
    ['streams per connection, inbound', connection.inboundStreams, 256],
    ['… outbound', connection.outboundStreams, 512],
    ['streams per protocol, inbound', protocol.each.inboundStreams, 512],
    ['… outbound', protocol.each.outboundStreams, 2048],
    ['streams per protocol per peer, inbound', protocolPeer.each.inboundStreams, 128],
    ['… outbound', protocolPeer.each.outboundStreams, 192],
    ['identify per peer, inbound', protocolPeer.named.get('/ipfs/id/1.0.0')?.inboundStreams, 2],
    ['… outbound', protocolPeer.named.get('/ipfs/id/1.0.0')?.outboundStreams, 2],
    ['push per peer, inbound', protocolPeer.named.get('/ipfs/id/push/1.0.0')?.inboundStreams, 2],
    ['ping per peer, inbound', protocolPeer.named.get('/ipfs/ping/1.0.0')?.inboundStreams, 2],
    ['… outbound', protocolPeer.named.get('/ipfs/ping/1.0.0')?.outboundStreams, 3],
    ['autonat per peer', protocolPeer.named.get('/libp2p/autonat/1.0.0')?.inboundStreams, 2],
    ['dcutr per peer', protocolPeer.named.get('/libp2p/dcutr')?.outboundStreams, 2],
    ['relay HOP per peer', protocolPeer.named.get('/libp2p/circuit/relay/0.2.0/hop')?.inboundStreams, 64],
    ['relay STOP per peer', protocolPeer.named.get('/libp2p/circuit/relay/0.2.0/stop')?.inboundStreams, 64],
    ['memory, system', system.memoryBytes, GIB],
    ['memory, transient', transient.memoryBytes, 16 * MIB],
    ['memory per peer', peer.each.memoryBytes, 64 * MIB],
    ['memory per connection', connection.memoryBytes, 32 * MIB],
    ['memory per stream', stream.memoryBytes, 16 * MIB],
    ['[ODD-7] memory per protocol per peer', protocolPeer.each.memoryBytes, 20 * MIB],
    ['connections per IPv4', addresses.ip4.connections, 8],
    ['connections per IPv6 /56', addresses.ip6Subscriber.connections, 8],
    ['connections per IPv6 /48', addresses.ip6Site.connections, 64],
    ['new connections, /32', [addresses.ip4.perSecond, addresses.ip4.burst], [1, 16]],
    ['new connections, /56', [addresses.ip6Subscriber.perSecond, addresses.ip6Subscriber.burst], [1, 16]],
    ['new connections, /48', [addresses.ip6Site.perSecond, addresses.ip6Site.burst], [2, 80]],
    ['loopback exempt', addresses.exemptLoopback, true],
  ])('%s: %j', (_, value, expected) => {
    expect(value).toEqual(expected);
  });

  it('a browser has 100 connections, two thirds of them inbound', () => {
    const small = defaultLimits({ small: true }).system;
    expect([small.connections, small.inboundConnections, small.memoryBytes]).toEqual([100, 66, 64 * MIB]);
  });

  it('[RM-23] bundled protocols keep go’s counts, grow with memory, and have the memory of any protocol', () => {
    expect(defaultLimits({}).protocol.named.get('/ipfs/id/1.0.0')).toMatchObject({
      inboundStreams: 64,
      streams: 128,
      memoryBytes: 64 * MIB,
    });
    expect(protocol.named.get('/ipfs/id/1.0.0')).toMatchObject({ inboundStreams: 128, streams: 256 });
  });
});
