/** Hosts of a private network: among themselves, and with those that are in another or in none. */
import { firstValueFrom, lastValueFrom, merge, of, tap, toArray } from 'rxjs';
import {
  createHost,
  memory,
  serve,
  tcp,
  withStream,
  type DialError,
  type Host,
  type HostEvent,
  type TransportFactory,
} from '../../src/index.js';
import { upgradeInbound, upgradeOutbound } from '../../src/connection/upgrade.js';
import { codeOf } from '../../src/core/errors.js';
import { generateKey } from '../../src/core/keys.js';
import type { RawConnection } from '../../src/core/parts.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { pskFile, pskFrom } from '../../src/pnet.js';
import { seededRandom, simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';
import { duplexPair } from '../support/duplex-pair.js';

const ECHO = '/echo/1.0.0';
const file = pskFile(seededRandom('one'));
const other = pskFile(seededRandom('other'));

interface Made {
  readonly host: Host;
  readonly events: HostEvent[];
}
async function make(network: SimulatedNetwork, psk?: Uint8Array | string): Promise<Made> {
  const events: HostEvent[] = [];
  const host = await network.createHost({ psk, events: { next: (event) => events.push(event) } });
  host
    .handle(ECHO)
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
  return { host, events };
}
const echo = (from: Host, to: Host, text: string): Promise<string> =>
  lastValueFrom(
    from.newStream(to.addrs, ECHO).pipe(
      withStream((stream) => {
        const written$ = stream.writeFrom(of(new TextEncoder().encode(text)));
        return merge(
          written$.pipe(
            tap({
              complete: () => {
                stream.complete();
              },
            }),
          ),
          stream,
        );
      }),
      toArray(),
    ),
  ).then((chunks) => Buffer.concat(chunks).toString());

it.each([
  ['the text of a key file', file],
  ['the bytes of one', new TextEncoder().encode(file)],
  ['the key’s 32 bytes', pskFrom(file)],
])('hosts with one key talk, whatever form it has: %s', async (_, psk) => {
  const network = simulateNetwork({ seed: 1 });
  const [a, b] = [await make(network, file), await make(network, psk)];
  expect(await network.runUntil(echo(a.host, b.host, 'among us'))).toBe('among us');
  expect(a.host.connections[0]?.encryption).toBe('/noise');
});

it.each([
  ['two keys', file, other, 'has another key', 'has another key'],
  ['a dialer without one', undefined, file, undefined, 'is in no private network'],
  ['a listener without one', file, undefined, 'is in no private network', undefined],
])(
  '%s: nobody is connected, and who has a key says why (WIRE-32)',
  async (_, near, far, saysNear, saysFar) => {
    const network = simulateNetwork({ seed: 2 });
    const [a, b] = [await make(network, near), await make(network, far)];
    const dialed = firstValueFrom(a.host.dial(b.host.addrs)).catch((error: unknown) => error as DialError);
    const { errors } = (await network.runUntil(dialed)) as DialError;
    await network.advance(1000);
    const refused = b.events.flatMap((event) => (event.type === 'connection:refuse' ? [event] : []));
    if (saysNear !== undefined) {
      expect(codeOf(errors[0]?.error)).toBe('ERR_PNET');
      expect(errors[0]?.error.message).toContain(saysNear);
    }
    if (saysFar !== undefined) {
      expect(refused.map(({ code }) => code)).toEqual(['ERR_PNET']);
      expect(refused[0]?.error.message).toContain(saysFar);
    }
    expect([a.host.connections, b.host.connections]).toEqual([[], []]);
  },
);

it('draws another nonce for each channel and each side', async () => {
  const network = simulateNetwork({ seed: 3 });
  const drawn: string[] = [];
  const random = (byteLength: number): Uint8Array => {
    const bytes = seededRandom(`${String(drawn.length)}/${String(byteLength)}`)(byteLength);
    if (byteLength === 24) drawn.push(Buffer.from(bytes).toString('hex'));
    return bytes;
  };
  const host = await network.createHost({ psk: file, random });
  for (let at = 0; at < 3; at += 1) {
    const { host: from } = await make(network, file);
    await network.runUntil(firstValueFrom(from.dial(host.addrs)));
  }
  expect([drawn.length, new Set(drawn).size]).toEqual([3, 3]);
});

describe('what a private network excludes', () => {
  const made = (options: Parameters<typeof createHost>[0]): Promise<string> =>
    createHost({ listen: [], ...options }).then(
      async (host) => {
        await host.stop();
        return 'made';
      },
      (error: unknown) => `${codeOf(error)}: ${(error as Error).message}`,
    );
  const named = (name: string): TransportFactory => ({ ...memory(), name });

  it('OPT-31: a TCP port that transports share', async () => {
    const message = await made({ psk: file, transports: [tcp({ sharePorts: true })] });
    expect(message).toMatch(
      /^ERR_INVALID_OPTION: .*psk and tcp\(\{ sharePorts: true \}\) exclude each other/,
    );
    expect(await made({ psk: file, transports: [tcp()] })).toBe('made');
  });

  it.each(['quic', 'webtransport', 'webrtc', 'webrtc-direct'])('OPT-36: %s', async (name) => {
    const message = await made({ psk: file, transports: [named(name)] });
    expect(message).toMatch(
      new RegExp(`^ERR_INVALID_OPTION: .*psk and transports exclude each other.*${name}`),
    );
  });

  it('not TCP, which it has by default (OPT-42), nor WebSocket', async () => {
    expect(await made({ psk: file })).toBe('made');
    expect(await made({ psk: file, transports: [named('websocket')] })).toBe('made');
  });

  it.each([
    ['31 bytes', new Uint8Array(31), 'psk: private network key: it is no key file'],
    ['an empty text', '', 'psk: private network key: it is no key file'],
    ['a number', 5 as unknown as string, 'psk takes the text of a key file, or 32 bytes'],
    ['null', null as unknown as string, 'psk takes the text of a key file, or 32 bytes'],
  ])('a psk that is %s', async (_, psk, message) => {
    expect(await made({ psk })).toContain(`ERR_INVALID_OPTION: createHost: ${message}`);
  });

  it('OPT-35, L7: no psk, where the environment asks for one; with any other value it does not', async () => {
    const before = process.env['LIBP2P_FORCE_PNET'];
    try {
      process.env['LIBP2P_FORCE_PNET'] = '1';
      expect(await made({})).toContain(
        'ERR_INVALID_OPTION: createHost: psk is missing, and LIBP2P_FORCE_PNET=1',
      );
      expect(await made({ psk: file })).toBe('made');
      process.env['LIBP2P_FORCE_PNET'] = 'true';
      expect(await made({})).toBe('made');
    } finally {
      if (before === undefined) delete process.env['LIBP2P_FORCE_PNET'];
      else process.env['LIBP2P_FORCE_PNET'] = before;
    }
  });

  it('a channel that a transport has encrypted below it, whatever that transport is called', async () => {
    const key = peerIdFrom(generateKey());
    const raw = {
      duplex: duplexPair().near,
      native: { remotePeer: key, encryption: '/some/1', muxer: { protocol: '/m/1' } },
    } as unknown as RawConnection;
    const deps = { security: [], muxers: [], protect: (duplex: RawConnection['duplex']) => duplex };
    for (const upgrade$ of [upgradeOutbound(raw, key, deps), upgradeInbound(raw, deps)]) {
      const error: unknown = await lastValueFrom<unknown>(upgrade$).catch((thrown: unknown) => thrown);
      expect(codeOf(error)).toBe('ERR_PNET');
    }
  });
});
