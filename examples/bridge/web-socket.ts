/**
 * A web service behind a peer: every stream is joined to a WebSocket of its own, RxJS's `webSocket`. Both have a Subject's
 * face, so the bridge has two lines, one for each direction.
 *
 *   npm run example examples/bridge/web-socket.ts
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { lastValueFrom, map, merge, of, take, tap } from 'rxjs';
import { webSocket } from 'rxjs/webSocket';
import { WebSocket, WebSocketServer } from 'ws';
import { createHost, lines, serve, withStream, type Stream } from 'rx-libp2p';

const encodeLine = (line: string): Uint8Array => new TextEncoder().encode(`${line}\n`);

/** Lines become messages and messages lines. When either side ends, or fails, so does the other. */
function bridge(stream: Stream, url: string) {
  const socket = webSocket({
    url,
    // In a browser, and from Node 22 on, this is the default.
    WebSocketCtor: WebSocket as unknown as typeof globalThis.WebSocket,
    serializer: (line: string) => line,
    deserializer: ({ data }: MessageEvent<string>) => data,
  });
  return merge(
    stream.writeFrom(socket.pipe(map(encodeLine))),
    stream.pipe(
      lines({ maxBytes: 64 * 1024 }),
      // Not `tap(socket)`: that would subscribe to it as well.
      tap({
        next: (line) => {
          socket.next(line);
        },
        finalize: () => {
          socket.complete();
        },
      }),
    ),
  );
}

// The web service: it greets whoever says a name.
const service = new WebSocketServer({ host: '127.0.0.1', port: 0 });
service.on('connection', (socket) => {
  socket.on('message', (name: Buffer) => {
    socket.send(`hello, ${name.toString()}`);
  });
});
await once(service, 'listening');
const url = `ws://127.0.0.1:${String((service.address() as AddressInfo).port)}`;

await using gateway = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0'] });
await using peer = await createHost({ listen: [] });
gateway
  .handle('/example-greeter/1.0.0')
  .pipe(serve((stream) => bridge(stream, url)))
  .subscribe();

const greeting$ = peer.newStream(gateway.addrs, '/example-greeter/1.0.0').pipe(
  withStream((stream) =>
    merge(
      stream.writeFrom(of('anna', 'bert').pipe(map(encodeLine))),
      stream.pipe(lines({ maxBytes: 1024 }), take(2)),
    ),
  ),
  tap((line) => {
    console.log(line);
  }),
);
await lastValueFrom(greeting$);
service.close();
