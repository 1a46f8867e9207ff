/** How the one security protocol of a host is proposed: at once, or, where it takes the socket over, after the answer. */
import { NEVER, type Observable } from 'rxjs';
import { upgradeOutbound } from '../../src/connection/upgrade.js';
import type { Duplex } from '../../src/core/duplex.js';
import { generateKey } from '../../src/core/keys.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import type { Secured } from '../../src/core/parts.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { encodeToken, HEADER_FRAME } from '../../src/protocols/multistream/codec.js';
import { duplexPair } from '../support/duplex-pair.js';

const addr = parseMultiaddr('/ip4/127.0.0.1/tcp/1');

it.each([
  ['one that speaks at once', false, true, true],
  ['one that takes a socket over, where there is one', true, true, false],
  ['one that would take a socket over, where there is none', true, false, true],
])('%s', (_, wantsRelease, hasSocket, atOnce) => {
  const { near, far, settle } = duplexPair();
  const channels: Duplex[] = [];
  const secure = (duplex: Duplex): Observable<Secured> => {
    channels.push(duplex);
    return NEVER;
  };
  const duplex: Duplex = {
    read: (room$) => near.read(room$),
    room$: near.room$,
    sink: near.sink,
    ...(hasSocket && { release: () => 'the socket' }),
  };
  const run = upgradeOutbound({ duplex, localAddr: addr, remoteAddr: addr }, peerIdFrom(generateKey()), {
    security: [{ protocol: '/s/1', wantsRelease, secure }],
    muxers: [],
  }).subscribe({ error: () => undefined });
  settle();
  expect(channels).toHaveLength(atOnce ? 1 : 0);
  far.sink.next(HEADER_FRAME);
  far.sink.next(encodeToken('/s/1'));
  settle();
  expect([channels.length, channels[0]?.release?.()]).toEqual([1, atOnce ? undefined : 'the socket']);
  run.unsubscribe();
});
