// One side of the benchmark, with this package as it is built; `--package <dir>` takes another build of it.
//   --quic: over QUIC
//   --tls: with TLS in place of noise
//   --websocket: over WebSocket and not over TCP
//   --limits: with the usual limits, but for those on streams of one protocol and on connections of one address
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { chunks, countMessage, messages, MESSAGE_BYTES, runPeer } from './scenarios.mjs';

const at = process.argv.indexOf('--package');
const dist = at < 0 ? new URL('../dist/', import.meta.url).href : `file://${process.argv[at + 1]}/dist/`;
const { createHost, noise, serve, tls, unlimited } = await import(`${dist}index.js`);
const { yamux } = await import(`${dist}yamux.js`);
// Over which transport, and where it listens.
const over = ['quic', 'websocket'].find((name) => process.argv.includes(`--${name}`)) ?? 'tcp';
const { [over === 'websocket' ? 'webSocket' : over]: transport } = await import(`${dist}${over}.js`);
const listen = {
  tcp: '/ip4/127.0.0.1/tcp/0',
  websocket: '/ip4/127.0.0.1/tcp/0/ws',
  quic: '/ip4/127.0.0.1/udp/0/quic-v1',
};

const limits = process.argv.includes('--limits')
  ? { protocolPeer: { inboundStreams: 20_000, outboundStreams: 20_000 } }
  : unlimited;
const common = {
  limits,
  muxers: [yamux({ maxInboundStreams: 20_000, maxOutboundStreams: 20_000 })],
  connectionManager: false,
  // As the others have it, and nothing beside.
  transports: [transport()],
  security: [process.argv.includes('--tls') ? tls() : noise()],
};
const never = { defaultValue: undefined };
const host = await createHost({ ...common, listen: [listen[over]] });
host
  .handle('/bench/echo/1')
  .pipe(serve((stream) => stream.pipeTo(stream)))
  .subscribe();
const serveBytes = (id, work) => host.handle(id).pipe(serve(work)).subscribe();
/** Bytes up to the end, and the last chunk. */
const all = (stream, first = () => undefined) =>
  new Promise((resolve, reject) => {
    let bytes = 0;
    let last = new Uint8Array(0);
    stream.subscribe({
      next: (chunk) => {
        if (bytes === 0) first(chunk);
        bytes += chunk.byteLength;
        last = chunk;
      },
      error: reject,
      complete: () => resolve({ bytes, last }),
    });
  });
serveBytes('/bench/sink/1', async (stream) => {
  const { bytes } = await all(stream);
  stream.next(new TextEncoder().encode(String(bytes)));
});
serveBytes('/bench/source/1', async (stream) => {
  const request = await firstValueFrom(stream);
  await lastValueFrom(stream.writeFrom(chunks(Number(new TextDecoder().decode(request)))), never);
});
serveBytes('/bench/messages/1', async (stream) => {
  let sent;
  await all(stream, (chunk) => {
    const count = Number(new TextDecoder().decode(chunk.subarray(0, MESSAGE_BYTES)));
    sent = lastValueFrom(stream.writeFrom(messages(count)), never);
  });
  // The end says that all was heard, too.
  await sent;
});

runPeer({
  addr: String(host.addrs[0]),
  connect: () => createHost({ ...common, listen: [] }),
  dial: (client, addr) => firstValueFrom(client.dial(addr)),
  identified: async (client, connection) => {
    // Joins the question that is under way; what is known already is not asked again.
    if (client.peerStore.get(connection.remotePeer)?.metadata.has('AgentVersion') && connection.known) return;
    await lastValueFrom(client.services.identify.identify(connection.remotePeer));
    connection.known = true;
  },
  hangUp: (client, connection) => connection.close(),
  stop: (client) => client.stop(),
  openEcho: async (connection) => {
    const stream = await firstValueFrom(connection.newStream('/bench/echo/1'));
    const nobody = () => undefined;
    let heard = nobody;
    stream.subscribe({
      next: (chunk) => {
        const hear = heard;
        // What was heard last is not the stream's memory.
        heard = nobody;
        hear(chunk);
      },
      error: () => undefined,
    });
    return {
      roundTrip: (bytes) =>
        new Promise((resolve) => {
          heard = resolve;
          stream.next(bytes);
        }),
      close: () => stream.close(),
    };
  },
  ask: (connection, bytes) =>
    new Promise((resolve, reject) => {
      connection.newStream('/bench/echo/1').subscribe({
        next: (stream) => {
          stream.subscribe({
            next: (chunk) => {
              if (chunk.byteLength !== bytes.byteLength) reject(new Error('a short echo'));
            },
            error: reject,
            complete: resolve,
          });
          stream.next(bytes);
          stream.complete();
        },
        error: reject,
      });
    }),
  firstByte: (connection, bytes) =>
    new Promise((resolve, reject) => {
      // Lazily, whether or not identify has told of the protocol already.
      connection.newStream('/bench/echo/1', { lazy: true }).subscribe({
        next: (stream) => {
          stream.subscribe({ next: resolve, error: reject });
          stream.next(bytes);
          stream.complete();
        },
        error: reject,
      });
    }),
  upload: async (connection, total) => {
    const stream = await firstValueFrom(connection.newStream('/bench/sink/1'));
    const answer = all(stream);
    await lastValueFrom(stream.writeFrom(chunks(total)), never);
    stream.complete();
    return Number(new TextDecoder().decode((await answer).last));
  },
  download: async (connection, total) => {
    const stream = await firstValueFrom(connection.newStream('/bench/source/1'));
    stream.next(new TextEncoder().encode(String(total)));
    return (await all(stream)).bytes;
  },
  messages: async (connection, count) => {
    const stream = await firstValueFrom(connection.newStream('/bench/messages/1'));
    const heard = all(stream);
    stream.next(countMessage(count));
    await lastValueFrom(stream.writeFrom(messages(count - 1)), never);
    stream.complete();
    return (await heard).bytes;
  },
});
