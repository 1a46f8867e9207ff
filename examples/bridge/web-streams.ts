/**
 * A stream as WHATWG streams: whatever the platform has for these, such as compression, takes part. Both directions pull, so a
 * slow reader still holds back a fast writer.
 *
 *   npm run example examples/bridge/web-streams.ts
 */
import { lastValueFrom } from 'rxjs';
import { createHost, serve, withStream } from 'rx-libp2p';

const GZIP = '/example-gzip/1.0.0';

await using server = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0'] });
await using client = await createHost({ listen: [] });

// Compresses what it gets, and sends it back.
server
  .handle(GZIP)
  .pipe(
    serve((stream) => {
      const { readable, writable } = stream.toWeb();
      return readable.pipeThrough(new CompressionStream('gzip')).pipeTo(writable);
    }),
  )
  .subscribe();

const text = new Blob(['the same again, '.repeat(10_000)]);
const packed = await lastValueFrom(
  client.newStream(server.addrs, GZIP).pipe(
    withStream(async (stream) => {
      const { readable, writable } = stream.toWeb();
      const [packed] = await Promise.all([new Response(readable).blob(), text.stream().pipeTo(writable)]);
      return packed;
    }),
  ),
);
const unpacked = await new Response(packed.stream().pipeThrough(new DecompressionStream('gzip'))).text();
console.log(`${String(text.size)} bytes, ${String(packed.size)} of them on the way back`);
console.log(unpacked === (await text.text()) ? 'and it is the same text' : 'but it is another text');
