import type { ResourceLimits } from '../../src/index.js';
import { checkedLimits } from '../../src/resources/checked-limits.js';
import { defaultLimits, NO_LIMITS, unlimited } from '../../src/resources/default-limits.js';

const PEER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
const complete = (limits: ResourceLimits) => checkedLimits(limits, {})!;
const usual = defaultLimits({});

describe('[RM-24] limits of the application', () => {
  it('are the defaults for "auto" and for nothing, and none at all for `unlimited`', () => {
    expect(checkedLimits(undefined, {})).toEqual(usual);
    expect(checkedLimits('auto', {})).toEqual(usual);
    expect(checkedLimits({}, {})).toEqual(usual);
    expect(checkedLimits(unlimited, {})).toBeUndefined();
  });

  it('are completed from the defaults, name by name', () => {
    const { system } = complete({ system: { memoryBytes: 5, descriptors: undefined } });
    expect(system).toEqual({ ...usual.system, memoryBytes: 5 });
  });

  it('0 allows none, and Infinity all', () => {
    const { system } = complete({ system: { connections: 0, streams: Infinity } });
    expect([system.connections, system.streams]).toEqual([0, Infinity]);
  });

  it('a direction that is given is not stopped by a total that is not', () => {
    const { protocolPeer, system } = complete({
      protocolPeer: { inboundStreams: 1000 },
      system: { inboundConnections: 10 },
    });
    expect(protocolPeer.each).toMatchObject({ inboundStreams: 1000, outboundStreams: 192, streams: 1192 });
    expect(system.connections).toBe(310);
  });

  it('a total that is raised takes its directions along, in proportion; one that is lowered needs not', () => {
    const { system, peer } = complete({
      system: { connections: 1000, streams: 10 },
      peer: { connections: 20 },
    });
    expect(system).toMatchObject({ connections: 1000, inboundConnections: 666, outboundConnections: 1000 });
    expect(system).toMatchObject({ streams: 10, inboundStreams: 1024 });
    expect(peer.each).toMatchObject({ connections: 20, inboundConnections: 20, outboundConnections: 20 });
    expect(complete({ peer: { connections: Infinity } }).peer.each.inboundConnections).toBe(Infinity);
  });

  it('entries by name are completed from the bundled ones, and these from their kind as it is given', () => {
    const { protocolPeer, peer } = complete({
      peer: { connections: 9 },
      peers: { [PEER]: { streams: 3 } },
      protocolPeers: { '/ipfs/ping/1.0.0': { outboundStreams: 7 }, '/own': { streams: 5 } },
    });
    expect(peer.named.get(PEER)).toMatchObject({ connections: 9, streams: 3 });
    expect(protocolPeer.named.get('/ipfs/ping/1.0.0')).toMatchObject({
      inboundStreams: 2,
      outboundStreams: 7,
    });
    expect(protocolPeer.named.get('/own')).toMatchObject({ inboundStreams: 128, streams: 5 });
  });

  it('`unlimited` is a start for limits of one’s own', () => {
    const { system, peer, protocolPeer } = complete({ ...unlimited, system: { connections: 1000 } });
    expect(system.connections).toBe(1000);
    expect([peer.each, protocolPeer.named.get('/ipfs/ping/1.0.0')]).toEqual([NO_LIMITS, NO_LIMITS]);
  });

  it.each([
    [-1, /limits\.system\.streams is -1/],
    [1.5, /limits\.system\.streams is 1\.5/],
    [Number.NaN, /limits\.system\.streams is NaN/],
    ['5', /limits\.system\.streams is "5"/],
    [null, /limits\.system\.streams is null/],
  ])('refuses streams: %p by name and value', (streams, message) => {
    expect(() => complete({ system: { streams } } as ResourceLimits)).toThrow(message);
  });

  it.each([
    ['none', /limits is "none"; it takes "auto", unlimited, or an object/],
    [[], /limits is \[\]/],
    [{ sytem: {} }, /"limits\.sytem"/],
    [{ system: 5 }, /limits\.system is 5/],
    [{ system: { stream: 5 } }, /"limits\.system\.stream" \(its value: 5\)/],
    [{ system: JSON.parse('{"__proto__": 5}') as object }, /__proto__/],
    [{ peers: { me: {} } }, /limits\.peers has "me", which is no peer id/],
    [{ protocols: { '/x': { streams: -1 } } }, /limits\.protocols\["\/x"\]\.streams is -1/],
    [{ addresses: { ip5: {} } }, /"limits\.addresses\.ip5"/],
    [{ addresses: { exemptLoopback: 1 } }, /exemptLoopback is 1; it takes true or false/],
    [{ addresses: { ip4: { perSecond: -0.5 } } }, /limits\.addresses\.ip4\.perSecond is -0\.5/],
  ])('refuses %j', (limits, message) => {
    expect(() => complete(limits as ResourceLimits)).toThrow(
      // The matcher stands where an error is expected.
      expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });

  it('takes a fraction where it is a rate', () => {
    expect(complete({ addresses: { ip4: { perSecond: 0.2 } } }).addresses.ip4).toEqual({
      connections: 8,
      perSecond: 0.2,
      burst: 16,
    });
  });
});
