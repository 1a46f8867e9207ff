// Our side of bench/slow-reader.mjs.
import { createHost, serve } from 'rx-libp2p';
import { firstValueFrom, lastValueFrom } from 'rxjs';

const PROTOCOL = '/bench/slow-reader/1';

/** `consume` gets the chunks of the first stream that comes. */
export async function listen(consume) {
  const host = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0'] });
  host
    .handle(PROTOCOL)
    .pipe(serve((stream) => consume(stream)))
    .subscribe();
  return String(host.addrs[0]);
}

/** Resolves with what sends an iterable of chunks, and ends the stream in order. */
export async function open(addr) {
  const host = await createHost({ listen: [] });
  const stream = await firstValueFrom(host.newStream(addr, PROTOCOL));
  return async (chunks) => {
    await lastValueFrom(stream.writeFrom(chunks), { defaultValue: undefined });
    stream.complete();
  };
}
