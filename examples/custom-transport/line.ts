/** What an echo of five bytes costs on the line: `npm run example examples/custom-transport/line.ts`. */
import { createHost, noise, serve, tcp, withStream } from 'rx-libp2p';
import { merge, of } from 'rxjs';
import { Meter, metered } from './metered.js';

const meter = new Meter();
const server = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0'] });
server
  .handle('/echo/1.0.0')
  .pipe(serve((stream) => stream.pipeTo(stream)))
  .subscribe();
const client = await createHost({
  listen: [],
  transports: [metered(tcp(), meter)],
  security: [noise()],
  services: { identify: false, ping: false },
});
const echo = client.newStream(server.addrs, '/echo/1.0.0', { lazy: true }).pipe(
  withStream((stream) => {
    const written$ = stream.writeFrom(of(new TextEncoder().encode('hello')));
    return merge(written$, stream);
  }),
);
await new Promise<void>((resolve) => {
  const reading = echo.subscribe(() => {
    reading.unsubscribe();
    resolve();
  });
});
console.log(
  `hello came back; ${String(meter.written)} bytes went over the line, and ${String(meter.read)} came`,
);
await Promise.all([client.stop(), server.stop()]);
