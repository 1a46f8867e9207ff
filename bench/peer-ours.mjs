// One side of the benchmark, with this package as it is built.
import { lastValueFrom } from 'rxjs';
import { createHost, quic, serve, tcp, unlimited } from 'rx-libp2p';
import { runPeer } from './scenarios.mjs';

// As many streams of one protocol with one peer as js-libp2p is told to take; all other limits are the usual ones.
const limits = process.argv.includes('--unlimited')
  ? unlimited
  : { protocolPeer: { inboundStreams: 10_000, outboundStreams: 10_000 } };
const services = process.argv.includes('--no-services') ? { identify: false, ping: false } : {};
const over = process.argv.includes('--quic')
  ? { transports: [quic()], listen: ['/ip4/127.0.0.1/udp/0/quic-v1'] }
  : { transports: [tcp()], listen: ['/ip4/127.0.0.1/tcp/0'] };
const host = await createHost({ ...over, limits, services });
host
  .handle('/bench/echo/1')
  .pipe(serve((stream) => stream.pipeTo(stream)))
  .subscribe();
host
  .handle('/bench/sink/1')
  .pipe(
    serve(async (stream) => {
      let bytes = 0;
      await lastValueFrom(
        stream.consume((chunk) => {
          bytes += chunk.byteLength;
          return [];
        }),
        { defaultValue: undefined },
      );
      stream.next(new TextEncoder().encode(String(bytes)));
    }),
  )
  .subscribe();
host
  .handle('/bench/source/1')
  .pipe(
    serve(async (stream) => {
      const [request] = await new Promise((resolve) => stream.subscribe((chunk) => resolve([chunk])));
      const chunk = new Uint8Array(65536);
      const chunks = function* (total) {
        for (let sent = 0; sent < total; sent += chunk.byteLength) yield chunk;
      };
      await lastValueFrom(stream.writeFrom(chunks(Number(new TextDecoder().decode(request)))), {
        defaultValue: undefined,
      });
    }),
  )
  .subscribe();

const all = (stream) =>
  new Promise((resolve, reject) => {
    let bytes = 0;
    let last = new Uint8Array(0);
    stream.subscribe({
      next: (chunk) => {
        bytes += chunk.byteLength;
        last = chunk;
      },
      error: reject,
      complete: () => resolve({ bytes, last }),
    });
  });

runPeer({
  addr: String(host.addrs[0]),
  connect: () => createHost({ ...over, listen: [], limits, services }),
  dial: (client, addr) => lastValueFrom(client.dial(addr)),
  stop: (client) => client.stop(),
  ask: (client, addr, bytes) =>
    new Promise((resolve, reject) => {
      client.newStream(addr, '/bench/echo/1', { lazy: true }).subscribe({
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
  upload: async (client, addr, total) => {
    const stream = await lastValueFrom(client.newStream(addr, '/bench/sink/1'));
    const chunk = new Uint8Array(65536);
    const chunks = function* () {
      for (let sent = 0; sent < total; sent += chunk.byteLength) yield chunk;
    };
    const answer = all(stream);
    await lastValueFrom(stream.writeFrom(chunks()), { defaultValue: undefined });
    stream.complete();
    return Number(new TextDecoder().decode((await answer).last));
  },
  download: async (client, addr, total) => {
    const stream = await lastValueFrom(client.newStream(addr, '/bench/source/1'));
    stream.next(new TextEncoder().encode(String(total)));
    return (await all(stream)).bytes;
  },
});
