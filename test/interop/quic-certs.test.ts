import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createHost, quic } from '../../src/index.js';
import { hostAndPort } from '../../src/core/multiaddr.js';

/** What has to happen with each, and its line of the reliability checklist (5.4, through QUIC: 5.12 Q8). */
const CERTIFICATES: Readonly<Record<string, boolean>> = {
  'as-it-should-be': true,
  'extension-critical': true,
  'no-certificate': false,
  'two-certificates': false,
  'no-extension': false,
  'extension-twice': false,
  'extension-garbage': false,
  'another-key': false,
  expired: false,
  'not-yet-valid': false,
  tampered: false,
  'unknown-critical': false,
  'other-alpn': false,
};
const withGo = (process.env['RX_LIBP2P_INTEROP_PEERS'] ?? 'go').includes('go') ? it : it.skip;

withGo(
  'Q8, T1 to T9: the certificates of whoever calls are looked at, and who shows a bad one is nobody',
  async () => {
    const peers: string[] = [];
    const host = await createHost({
      transports: [quic()],
      listen: ['/ip4/127.0.0.1/udp/0/quic-v1'],
      services: { identify: false },
      events: {
        next: (event) => {
          if (event.type === 'connection:open') peers.push(event.peerId.toString());
        },
      },
    });
    const addr = `127.0.0.1:${String(hostAndPort(host.addrs[0]!)?.port)}`;
    const program = new URL('go/bin/quic-certs', import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(program, [addr, ...Object.keys(CERTIFICATES)]);
    const outcomes = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    await host.stop();
    expect(Object.fromEntries(outcomes)).toEqual(
      Object.fromEntries(Object.entries(CERTIFICATES).map(([kind, taken]) => [kind, String(taken)])),
    );
    expect(new Set(peers).size).toBe(Object.values(CERTIFICATES).filter(Boolean).length);
  },
  90_000,
);
