// What the js-libp2p host speaks: one transport and one security protocol, so that a test knows what it has tested.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { identify, identifyPush } from '@libp2p/identify';
import { ping } from '@libp2p/ping';
import { plaintext } from '@libp2p/plaintext';
import { preSharedKey } from '@libp2p/pnet';
import { tcp } from '@libp2p/tcp';
import { tls } from '@libp2p/tls';
import { webSockets } from '@libp2p/websockets';
import { createLibp2p } from 'libp2p';

// Loaded where it is asked for: its native part is not there on every machine.
const quic = async () => (await import('@chainsafe/libp2p-quic')).quic();

const TRANSPORTS = {
  tcp: () => [tcp(), '/ip4/127.0.0.1/tcp/0'],
  ws: () => [webSockets(), '/ip4/127.0.0.1/tcp/0/ws'],
  wss: ({ cert, key }) => [
    webSockets({ https: { cert: readFileSync(cert), key: readFileSync(key) } }),
    '/ip4/127.0.0.1/tcp/0/wss',
  ],
  quic: async () => [await quic(), '/ip4/127.0.0.1/udp/0/quic-v1'],
};
const SECURITY = { noise, tls, plaintext };

export async function createNode(args) {
  const text = (value) => ({ type: 'string', ...(value && { default: value }) });
  const options = { transport: text('tcp'), security: text('noise'), psk: text(), cert: text(), key: text() };
  const { values } = parseArgs({ args, options });
  const [transport, listen] = await TRANSPORTS[values.transport](values);
  return createLibp2p({
    addresses: { listen: [listen] },
    transports: [transport],
    connectionEncrypters: [SECURITY[values.security]()],
    streamMuxers: [yamux()],
    ...(values.psk && { connectionProtector: preSharedKey({ psk: readFileSync(values.psk) }) }),
    services: { identify: identify(), push: identifyPush({ debounce: 100 }), ping: ping() },
  });
}
