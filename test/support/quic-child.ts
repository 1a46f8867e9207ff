/** A process of its own: two hosts over QUIC, a connection, a dial that nobody answers; then both stop, and it ends by itself. */
import { createHost, quic, type Host } from '../../src/index.js';

const [nobody = ''] = process.argv.slice(2);
const make = (): Promise<Host> =>
  createHost({ transports: [quic()], listen: ['/ip4/127.0.0.1/udp/0/quic-v1'] });
const [a, b] = await Promise.all([make(), make()]);
await new Promise((resolve, reject) => {
  a.dial(b.addrs).subscribe({ next: resolve, error: reject });
});
a.dial(nobody).subscribe({ error: () => undefined });
await new Promise((resolve) => {
  setTimeout(resolve, 100);
});
const at = performance.now();
await Promise.all([a.stop(), b.stop()]);
process.on('exit', () => {
  console.log('ended after', Math.round(performance.now() - at));
});
