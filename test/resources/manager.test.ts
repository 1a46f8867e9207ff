import fc from 'fast-check';
import type { LimitError } from '../../src/index.js';
import type {
  ConnectionScope,
  Direction,
  ResourceLimits,
  ScopeStat,
  StreamScope,
} from '../../src/core/limits-contract.js';
import { checkedLimits } from '../../src/resources/checked-limits.js';
import { unlimited } from '../../src/resources/default-limits.js';
import { ScopedResourceManager } from '../../src/resources/manager.js';

const KIB = 1024;
const STREAM = 32 * KIB;
const CONNECTION = 32 * KIB;
const NOTHING: ScopeStat = {
  memoryBytes: 0,
  inboundConnections: 0,
  outboundConnections: 0,
  inboundStreams: 0,
  outboundStreams: 0,
  descriptors: 0,
};

function bench(limits: ResourceLimits = {}) {
  const refused: LimitError[] = [];
  const manager = new ScopedResourceManager({
    // Everything is allowed but for what a test says.
    limits: checkedLimits({ ...unlimited, ...limits }, {})!,
    now: () => 0,
    refused: (error) => refused.push(error),
  });
  const connect = (direction: Direction = 'inbound', peer?: string): ConnectionScope => {
    const scope = manager.openConnection(direction, { host: undefined, usesDescriptor: true });
    if (peer !== undefined) scope.setPeer(peer);
    return scope;
  };
  return { manager, refused, connect };
}
const error = (scope: string, limit: string, value: number) =>
  // The matcher stands where an error is expected.
  expect.objectContaining({ code: 'ERR_LIMIT', scope, limit, value }) as unknown as Error;

describe('scopes', () => {
  it('[RM-2] a connection is transient, and then its peer’s', () => {
    const { manager, connect } = bench();
    const scope = connect();
    const one = { ...NOTHING, inboundConnections: 1, descriptors: 1, memoryBytes: CONNECTION };
    expect(manager.stat()).toMatchObject({ system: one, transient: one, peers: {} });
    scope.setPeer('p');
    expect(manager.stat()).toMatchObject({ system: one, transient: NOTHING, peers: { p: one } });
    scope.done();
    expect(manager.stat()).toEqual({
      system: NOTHING,
      transient: NOTHING,
      allowlistedSystem: NOTHING,
      allowlistedTransient: NOTHING,
      peers: {},
      protocols: {},
      services: {},
      networks: 0,
    });
  });

  it('[RM-3] a stream is transient, then its protocol’s, then also its service’s', () => {
    const { manager, connect } = bench();
    const connection = connect('inbound', 'p');
    const stream = connection.openStream('outbound');
    expect(manager.stat()).toMatchObject({
      transient: { outboundStreams: 1, memoryBytes: STREAM },
      peers: { p: { outboundStreams: 1, memoryBytes: STREAM + CONNECTION } },
    });
    stream.setProtocol('/x');
    const one = { ...NOTHING, outboundStreams: 1, memoryBytes: STREAM };
    expect(manager.stat()).toMatchObject({ transient: NOTHING, protocols: { '/x': one }, services: {} });
    stream.setService('s');
    stream.reserveMemory(5);
    const more = { ...one, memoryBytes: STREAM + 5 };
    expect(manager.stat()).toMatchObject({ protocols: { '/x': more }, services: { s: more } });
    stream.releaseMemory(2);
    expect(manager.stat().services).toMatchObject({ s: { memoryBytes: STREAM + 3 } });
    stream.done();
    expect(manager.stat()).toMatchObject({
      protocols: {},
      services: {},
      peers: { p: { outboundStreams: 0 } },
    });
  });

  it('a stream whose protocol is known is never transient', () => {
    const { manager, connect } = bench({ transient: { streams: 0 }, protocolPeer: { streams: 1 } });
    const connection = connect('inbound', 'p');
    const stream = connection.openStream('outbound', '/x');
    expect(manager.stat().protocols).toMatchObject({ '/x': { outboundStreams: 1, memoryBytes: STREAM } });
    expect(() => connection.openStream('outbound', '/x')).toThrow(error('protocol:/x.peer:p', 'streams', 1));
    expect(() => {
      stream.setProtocol('/y');
    }).toThrow('already attached to a protocol');
    stream.setService('s');
    stream.done();
    expect(manager.stat()).toMatchObject({
      protocols: {},
      services: {},
      peers: { p: { outboundStreams: 0 } },
    });
  });

  it('[RM-4] what is refused above leaves nothing below', () => {
    const { manager, connect, refused } = bench({ system: { inboundStreams: 1 } });
    const connection = connect('inbound', 'p');
    connection.openStream('inbound');
    const before = manager.stat();
    expect(() => connection.openStream('inbound')).toThrow(error('system', 'inboundStreams', 1));
    expect(manager.stat()).toEqual(before);
    expect(refused).toHaveLength(1);
  });

  it('[RM-4] a stream that its protocol does not take stays transient, and no scope is left behind', () => {
    const { manager, connect } = bench({ protocols: {}, protocol: { streams: 0 } });
    const stream = connect('inbound', 'p').openStream('inbound');
    expect(() => {
      stream.setProtocol('/x');
    }).toThrow(error('protocol:/x', 'streams', 0));
    expect(manager.stat()).toMatchObject({ protocols: {}, transient: { inboundStreams: 1 } });
    stream.done();
    expect(manager.stat().transient).toEqual(NOTHING);
  });

  it('[RM-6] is done once, and finished scopes take nothing', () => {
    const { manager, connect } = bench();
    const connection = connect('outbound', 'p');
    const stream = connection.openStream('inbound');
    stream.done();
    stream.done();
    stream.releaseMemory(5);
    expect(stream.tryReserveMemory(1)).toBe(false);
    connection.done();
    connection.done();
    expect(manager.stat().system).toEqual(NOTHING);
    for (const use of [
      () => {
        stream.reserveMemory(1);
      },
      () => {
        stream.setProtocol('/x');
      },
      () => connection.openStream('inbound'),
    ])
      expect(use).toThrow(/resource scope closed/);
  });

  it('[RM-8, RM-9] names the scope, the limit and its value', () => {
    const { connect } = bench({
      peers: {},
      protocolPeers: { '/x': { streams: 1 } },
      connection: { memoryBytes: 100 * KIB },
      stream: { memoryBytes: 50 * KIB },
    });
    const connection = connect('inbound', 'p');
    const [first, second] = [connection.openStream('inbound'), connection.openStream('inbound')];
    first.setProtocol('/x');
    expect(() => {
      second.setProtocol('/x');
    }).toThrow(error('protocol:/x.peer:p', 'streams', 1));
    expect(() => connection.openStream('inbound')).toThrow(error('conn-1', 'memoryBytes', 100 * KIB));
    expect(() => {
      first.reserveMemory(20 * KIB);
    }).toThrow(error('conn-1: stream-1', 'memoryBytes', 50 * KIB));
  });

  it('[P26] a name that a remote chose is escaped in it', () => {
    const { connect } = bench({ protocol: { streams: 0 } });
    const stream = connect('inbound', 'p').openStream('inbound');
    expect(() => {
      stream.setProtocol('/\u001b[2J\n');
    }).toThrow(error('protocol:"/\\u001b[2J\\n"', 'streams', 0));
  });

  it('[RM-10] is attached once, and in order', () => {
    const { connect } = bench();
    const connection = connect('inbound');
    expect(() => connection.openStream('inbound')).toThrow('not attached to a peer');
    connection.setPeer('p');
    expect(() => {
      connection.setPeer('p');
    }).toThrow('connection scope already attached to a peer');
    const stream = connection.openStream('inbound');
    expect(() => {
      stream.setService('s');
    }).toThrow('stream scope not attached to a protocol');
    stream.setProtocol('/x');
    stream.setService('s');
    expect(() => {
      stream.setProtocol('/x');
    }).toThrow('stream scope already attached to a protocol');
    expect(() => {
      stream.setService('s');
    }).toThrow('stream scope already attached to a service');
  });

  it('[RM-11] are kept while they are used; those that were named stay', () => {
    const peer = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
    const { manager, connect } = bench({ peers: { [peer]: {} }, protocols: { '/own': {} } });
    for (const name of [peer, 'p'])
      for (const protocol of ['/own', '/x']) {
        const connection = connect('inbound', name);
        const stream = connection.openStream('inbound');
        stream.setProtocol(protocol);
        stream.done();
        connection.done();
      }
    const { peers, protocols } = manager.stat();
    expect([Object.keys(peers), Object.keys(protocols)]).toEqual([[peer], ['/own']]);
  });

  it('[RM-12, NET-21] what can be done without takes half at most, and no size is negative', () => {
    const { connect } = bench({ peer: { memoryBytes: 256 * KIB } });
    const stream = connect('inbound', 'p').openStream('inbound');
    expect([stream.tryReserveMemory(65 * KIB + 1), stream.tryReserveMemory(65 * KIB)]).toEqual([false, true]);
    stream.reserveMemory(127 * KIB);
    expect(() => {
      stream.reserveMemory(1);
    }).toThrow(error('peer:p', 'memoryBytes', 256 * KIB));
    expect(() => {
      stream.reserveMemory(-1);
    }).toThrow("can't reserve negative memory. rsvp=-1");
  });

  it('[8.3] a peer that has enough is refused before it is dialed, and nothing is taken by asking', () => {
    const { manager, connect } = bench({ peer: { outboundConnections: 1 } });
    const racing = connect('outbound');
    racing.checkPeer('p');
    expect(manager.stat().peers).toEqual({});
    connect('outbound', 'p');
    expect(() => {
      racing.checkPeer('p');
    }).toThrow(error('peer:p', 'outboundConnections', 1));
  });

  it('[RM-40] asks by address first, and gives that back when a scope refuses', () => {
    const { manager } = bench({ system: { inboundConnections: 0 } });
    const knock = () => manager.openConnection('inbound', { host: '10.0.0.2', usesDescriptor: false });
    expect(knock).toThrow(error('system', 'inboundConnections', 0));
    expect(manager.stat().networks).toBe(0);
  });

  it.each<[Direction, string]>([
    ['inbound', 'remote'],
    ['outbound', 'local'],
  ])('an %s refusal is a %s fault', (direction, fault) => {
    const { connect } = bench({ system: { connections: 0 } });
    expect(() => connect(direction)).toThrow(expect.objectContaining({ fault }) as Error);
  });
});

describe('whatever is opened, reserved and closed', () => {
  const LIMITS = {
    system: { connections: 5, inboundConnections: 4, streams: 9, memoryBytes: 500 * KIB, descriptors: 4 },
    transient: { connections: 3, streams: 4 },
    peer: { connections: 2, streams: 6, inboundStreams: 4, memoryBytes: 300 * KIB },
    protocol: { streams: 6, memoryBytes: 300 * KIB },
    protocolPeer: { streams: 3 },
    stream: { memoryBytes: 90 * KIB },
  } satisfies ResourceLimits;
  const step = fc.record({
    act: fc.constantFrom(
      'connect',
      'peer',
      'open',
      'protocol',
      'service',
      'reserve',
      'grow',
      'release',
      'end',
      'close',
    ),
    at: fc.nat(20),
    inbound: fc.boolean(),
    name: fc.constantFrom('a', 'b', 'c'),
    size: fc.nat(60 * KIB),
  });

  it('[RM-1, RM-5, RM-6] no scope is ever above its limits or below nothing, and all of it is zero at the end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { manager } = bench(LIMITS);
        const connections: ConnectionScope[] = [];
        const streams: StreamScope[] = [];
        const acts: Record<string, (step: (typeof steps)[number]) => void> = {
          connect: ({ inbound, size }) => {
            const facts = { host: '10.0.0.1', usesDescriptor: size % 2 === 0 };
            connections.push(manager.openConnection(inbound ? 'inbound' : 'outbound', facts));
          },
          peer: ({ at, name }) => connections[at]?.setPeer(name),
          open: ({ at, inbound }) => {
            const stream = connections[at % connections.length]?.openStream(inbound ? 'inbound' : 'outbound');
            if (stream !== undefined) streams.push(stream);
          },
          protocol: ({ at, name }) => streams[at]?.setProtocol(name),
          service: ({ at, name }) => streams[at]?.setService(name),
          reserve: ({ at, size }) => streams[at]?.reserveMemory(size),
          grow: ({ at, size }) => streams[at]?.tryReserveMemory(size),
          release: ({ at, size }) => streams[at]?.releaseMemory(size),
          end: ({ at }) => streams[at]?.done(),
          close: ({ at }) => connections[at]?.done(),
        };
        for (const taken of steps) {
          const before = manager.stat();
          try {
            acts[taken.act]?.(taken);
          } catch (thrown) {
            expect((thrown as LimitError).code).toMatch(/ERR_(LIMIT|INVALID_OPTION|CONNECTION_CLOSED)/);
            // What is refused changes nothing.
            expect(manager.stat()).toEqual(before);
          }
          const { system, transient, peers, protocols } = manager.stat();
          check(system, LIMITS.system);
          check(transient, LIMITS.transient);
          for (const peer of Object.values(peers)) check(peer, LIMITS.peer);
          for (const protocol of Object.values(protocols)) check(protocol, LIMITS.protocol);
        }
        for (const scope of [...connections, ...streams]) scope.done();
        expect(manager.stat()).toEqual({
          system: NOTHING,
          transient: NOTHING,
          allowlistedSystem: NOTHING,
          allowlistedTransient: NOTHING,
          peers: {},
          protocols: {},
          services: {},
          networks: 0,
        });
      }),
    );
  });

  function check(stat: ScopeStat, limits: ResourceLimits['system'] & object): void {
    const totals = {
      connections: stat.inboundConnections + stat.outboundConnections,
      streams: stat.inboundStreams + stat.outboundStreams,
    };
    for (const [name, value] of Object.entries({ ...stat, ...totals })) {
      expect(value).toBeGreaterThanOrEqual(0);
      const limit = limits[name as keyof typeof limits];
      if (limit !== undefined) expect(value).toBeLessThanOrEqual(limit);
    }
  }
});
