import { createRequire } from 'node:module';
import { generateKey } from '../../src/core/keys.js';
import {
  hasAddon,
  loadAddon,
  type AddonSource,
  type NativeConnection,
} from '../../src/transports/quic/addon.js';
import { DialSocket } from '../../src/transports/quic/client.js';
import { QuicListener } from '../../src/transports/quic/listener.js';
import { closeReason, dialError, streamReset } from '../../src/transports/quic/reasons.js';
import { quicIsHere } from '../../src/transports/quic/quic.js';
import { quicPair } from '../support/quic-pair.js';

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};
const parts = { QuinnConfig: QuicListener, Server: QuicListener, Client: DialSocket };

describe('the addon', () => {
  const source = (modules: Record<string, unknown>, platform = 'linux', arch = 'x64'): AddonSource => ({
    platform,
    arch,
    require: Object.assign(
      (id: string): unknown => {
        if (id in modules) return modules[id];
        throw Object.assign(new Error(`Cannot find module '${id}'\nRequire stack:`), {
          code: 'MODULE_NOT_FOUND',
        });
      },
      { resolve: Object.assign((id: string) => id, { paths: () => [] }) },
    ),
  });

  it.each([
    ['linux', 'x64', 'linux-x64-gnu'],
    ['linux', 'arm64', 'linux-arm64-musl'],
    ['darwin', 'arm64', 'darwin-arm64'],
    ['win32', 'x64', 'win32-x64-msvc'],
  ])('on %s %s is that of %s', (platform, arch, name) => {
    expect(loadAddon(source({ [`@chainsafe/libp2p-quic-${name}`]: parts }, platform, arch))).toBe(parts);
  });

  it('is not there: the error says what to install (Q7)', () => {
    expect(hasAddon(source({}))).toBe(false);
    const failure = (): unknown => {
      try {
        return loadAddon(source({}, 'sunos', 'sparc'));
      } catch (error) {
        return error;
      }
    };
    expect(failure()).toMatchObject({
      code: 'ERR_ADDR_UNSUPPORTED',
      fault: 'local',
      message:
        "quic: the native addon is not here: npm install @chainsafe/libp2p-quic, which brings @chainsafe/libp2p-quic-sunos-sparc where one is built for this system (Cannot find module '@chainsafe/libp2p-quic-sunos-sparc')",
    });
  });

  it('is there and is another: the error says so', () => {
    const modules = { '@chainsafe/libp2p-quic-linux-x64-gnu': { Client: DialSocket } };
    expect(() => loadAddon(source(modules))).toThrow(
      /-linux-x64-gnu is not the addon that this release knows/,
    );
  });

  it('is found behind the package that depends on it, where package managers keep packages apart', () => {
    const apart = source({});
    const { paths } = createRequire(import.meta.url).resolve;
    Object.assign(apart.require.resolve, { paths });
    expect(hasAddon({ ...apart, platform: process.platform, arch: process.arch })).toBe(true);
  });

  it('can show every key but ECDSA', () => {
    expect((['Ed25519', 'secp256k1', 'ECDSA'] as const).map((type) => quicIsHere(generateKey(type)))).toEqual(
      [true, true, false],
    );
  });
});

describe('a socket for dials (T5, Q4)', () => {
  interface Waiting {
    resolve(connection: NativeConnection): void;
    reject(error: Error): void;
  }
  const bench = (): {
    socket: DialSocket;
    waiting: Waiting[];
    told: unknown[];
    made: { aborts: number }[];
    dial(): () => void;
  } => {
    const waiting: Waiting[] = [];
    const told: unknown[] = [];
    const made: { aborts: number }[] = [];
    const socket = new DialSocket(() => {
      const counts = { aborts: 0 };
      made.push(counts);
      return {
        outboundConnection: () =>
          new Promise((resolve, reject) => {
            waiting.push({ resolve, reject });
          }),
        abort: () => {
          counts.aborts += 1;
        },
      };
    });
    const dial = (): (() => void) =>
      socket.dial(
        '127.0.0.1',
        1,
        (connection) => told.push(connection),
        (error) => told.push(error),
      );
    return { socket, waiting, told, made, dial };
  };

  it('a connection that comes when nobody waits any more is closed', async () => {
    const { waiting, told, made, dial } = bench();
    const { near } = quicPair();
    dial();
    dial()();
    waiting[1]?.resolve(near);
    await turns();
    expect([near.aborts, told, made]).toEqual([1, [], [{ aborts: 0 }]]);
  });

  it('is closed when all that is left are dials that nobody waits for, and the next dial has another', () => {
    const { made, dial } = bench();
    const [one, two] = [dial(), dial()];
    one();
    one();
    expect(made).toEqual([{ aborts: 0 }]);
    two();
    expect(made).toEqual([{ aborts: 1 }]);
    dial();
    expect(made).toEqual([{ aborts: 1 }, { aborts: 0 }]);
  });

  it('stays while a connection lives, and goes with the last where a dial is still under way', async () => {
    const { waiting, told, made, dial } = bench();
    const { near } = quicPair();
    dial();
    waiting[0]?.resolve(near);
    await turns();
    expect(told).toEqual([near]);
    dial()();
    expect(made).toEqual([{ aborts: 0 }]);
    near.abort();
    await turns();
    expect(made).toEqual([{ aborts: 1 }]);
  });

  it('a dial that fails leaves it for the next', async () => {
    const { waiting, told, made, dial } = bench();
    const error = new Error('timed out');
    dial();
    waiting[0]?.reject(error);
    await turns();
    dial();
    expect([told, made]).toEqual([[error], [{ aborts: 0 }]]);
  });
});

describe('a listener', () => {
  const bench = (
    handshakes: number,
  ): {
    listener: QuicListener;
    come(connection: NativeConnection | Error): Promise<void>;
    readonly asked: number;
    readonly aborts: number;
    accepted: NativeConnection[];
  } => {
    const waiting: { resolve(connection: NativeConnection): void; reject(error: Error): void }[] = [];
    const accepted: NativeConnection[] = [];
    let aborts = 0;
    const server = {
      port: () => 1,
      inboundConnection: () =>
        new Promise<NativeConnection>((resolve, reject) => {
          waiting.push({ resolve, reject });
        }),
      abort: () => {
        aborts += 1;
        for (const { reject } of waiting.splice(0)) reject(new Error('server closed'));
        return Promise.resolve();
      },
    };
    const listener = new QuicListener(server, (connection) => accepted.push(connection), handshakes);
    return {
      listener,
      accepted,
      come: async (what) => {
        const one = waiting.shift();
        if (what instanceof Error) one?.reject(what);
        else one?.resolve(what);
        await turns();
      },
      get asked() {
        return waiting.length;
      },
      get aborts() {
        return aborts;
      },
    };
  };

  it('takes so many handshakes at once; one that fails makes room for the next', async () => {
    const made = bench(3);
    expect(made.asked).toBe(3);
    await made.come(new Error('the cryptographic handshake failed: error 46'));
    await made.come(quicPair().near);
    expect([made.asked, made.accepted.length]).toEqual([3, 1]);
  });

  it('closes its port behind the last connection that came through it; who comes meanwhile is sent away', async () => {
    const made = bench(1);
    const [{ near: one }, { near: late }] = [quicPair(), quicPair()];
    await made.come(one);
    made.listener.close();
    await made.come(late);
    expect([made.aborts, late.aborts, one.aborts, made.accepted]).toEqual([0, 1, 0, [one]]);
    one.abort();
    await turns();
    expect([made.aborts, made.asked]).toEqual([1, 0]);
  });
});

describe('what the addon says', () => {
  it.each([
    ['stream reset by peer: error 4660', 0x1234],
    ['sending stopped by peer: error 0', 0],
  ])('%j is a reset', (text, resetCode) => {
    expect(streamReset(text)).toMatchObject({ code: 'ERR_STREAM_RESET', fault: 'remote', resetCode });
  });

  it('what a peer gives as its reason is quoted, and cannot pass for another code', () => {
    const reason = closeReason('closed by peer: \u001b[2J (code 0) really (code 7)');
    expect(reason).toMatchObject({ by: 'remote', code: 7, error: { code: 'ERR_GO_AWAY' } });
    expect(closeReason('closed by peer: just so')).toMatchObject({
      by: 'remote',
      code: undefined,
      error: { code: 'ERR_GO_AWAY' },
    });
    expect(streamReset('connection lost')).toBeUndefined();
  });

  it.each([
    ['the cryptographic handshake failed: error 46: invalid peer certificate: BadEncoding', 'remote'],
    ['aborted by peer: the server refused to accept a new connection', 'remote'],
    ['timed out', 'network'],
  ])('a dial fails with %j: the %s is at fault', (text, fault) => {
    expect(dialError('/ip4/127.0.0.1/udp/1/quic-v1', new Error(text))).toMatchObject({
      code: 'ERR_TRANSPORT',
      fault,
    });
  });
});
